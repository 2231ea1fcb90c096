import type { EventStore } from '../../eventstore/event-store.js';
import { readLogPage } from '../../eventstore/read.js';
import type { RecordedEvent } from '../../eventstore/recorded-event.js';
import { InvalidPosition } from '../../eventstore/store-errors.js';
import { badQuery } from '../query.js';
import { entryOf, type EventEntry } from './event-entry.js';

/** An event of the log for lists; `entry` is null for the ledger's own events. */
export type Listed = Readonly<{ eventId: string; position: bigint; recordedAt: Date; entry: EventEntry | null }>;

export const listed = (recorded: RecordedEvent): Listed => ({
  eventId: recorded.eventId,
  position: recorded.position,
  recordedAt: recorded.recordedAt,
  entry: recorded.metadata === null ? null : entryOf(recorded),
});

const PAGE_MAX = 250;
/** The first read when events are cached: a page that is reloaded often has few new ones. */
const FRESH = 5;
const KEPT_MAX = 250;
/** Longer entries are not cached, because an id may be as long as a body. */
const KEPT_CHARACTERS_MAX = 4_096;
/** The longest that an event deleted in the store is still shown. */
const KEPT_MS = 30_000;

/**
 * Reads the log backwards, from its end or before a position. Caches the events at its end for a while, so that
 * reloading a page of the newest events reads only those that are new.
 */
export class LatestEvents {
  /** The newest first, without gaps. */
  #kept: readonly Listed[] = [];
  #keptSince = 0;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** `count`: the usual number of events per request. @throws ProblemError for a position that is not of this log */
  async *newestFirst(
    store: EventStore,
    { before, count }: Readonly<{ before: bigint | null; count: number }>,
  ): AsyncGenerator<Listed> {
    const isFromEnd = before === null;
    const kept = isFromEnd && this.now() - this.#keptSince < KEPT_MS ? this.#kept : [];
    if (isFromEnd && kept.length === 0) this.#keptSince = this.now();
    const seen: Listed[] = [];
    let from: bigint | 'end' = before ?? 'end';
    let max = kept.length === 0 ? Math.min(count, PAGE_MAX) : FRESH;
    let page: readonly Listed[];
    try {
      do {
        page = (await readPage(store, from, max)).map(listed);
        const known = page.findIndex(({ eventId }) => eventId === kept[0]?.eventId);
        if (known >= 0) page = [...page.slice(0, known), ...kept];
        if (seen.length < KEPT_MAX) seen.push(...page);
        yield* page;
        from = page.at(-1)?.position ?? from;
        max = Math.min(Math.max(2 * max, count), PAGE_MAX);
      } while (page.length > 0);
    } finally {
      if (isFromEnd) this.#keep(seen);
    }
  }

  #keep(events: readonly Listed[]): void {
    const long = events.findIndex(({ entry }) => JSON.stringify(entry).length > KEPT_CHARACTERS_MAX);
    this.#kept = events.slice(0, long < 0 ? KEPT_MAX : Math.min(long, KEPT_MAX));
  }
}

const readPage = (store: EventStore, from: bigint | 'end', max: number): Promise<RecordedEvent[]> =>
  readLogPage(store, { direction: 'backwards', from, max }).catch((error: unknown) => {
    throw error instanceof InvalidPosition ? badQuery('cursor: must be the nextCursor of the previous page') : error;
  });
