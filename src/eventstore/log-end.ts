import type { EventStore } from './event-store.js';
import { readLogPage } from './read.js';
import type { RecordedEvent } from './recorded-event.js';

/**
 * The end of the log: its last event that is not the store's own (links, statistics, metadata). `unknown`: all events
 * read, back to `searchedTo`, are the store's own; the next search continues from there.
 */
export type LogEnd =
  | { readonly kind: 'empty' }
  | { readonly kind: 'at'; readonly position: bigint }
  | { readonly kind: 'unknown'; readonly searchedTo: bigint };

/**
 * The distance from a position to the end of the log, in bytes (the unit of positions); null while the end is unknown.
 */
export function distanceTo(end: LogEnd, position: bigint): bigint | null {
  if (end.kind === 'unknown') return null;
  return end.kind === 'at' && end.position > position ? end.position - position : 0n;
}

/** Pages stay short, because a page that contains the end is read completely. */
const PAGE_EVENTS_MAX = 250;
const SEARCH_WITHIN_MS = 1_500;

/** All events from `oldest` to `newest` were read; `end` is the result, null while it lies further back. */
type Searched = Readonly<{ newest: bigint; oldest: bigint; end: Exclude<LogEnd, { kind: 'unknown' }> | null }>;
/** `known`: the newest event seen before; `firstPage`: the size of the first page. */
type Scan = Readonly<{ known: bigint | null; deadline: number; firstPage: number }>;
type Scanned = Searched & Readonly<{ metKnown: boolean }>;

/** Finds the end of a log. Remembers what it has read, so that a search reads only new events. */
export class LogEndSearch {
  #searched: Searched | null = null;
  #running: Promise<LogEnd> | null = null;

  /** A search stops after about `withinMs`, but reads at least one page. */
  constructor(
    private readonly store: EventStore,
    private readonly withinMs = SEARCH_WITHIN_MS,
  ) {}

  /**
   * Returns the end of the log; concurrent calls share a search. @throws StoreUnavailable, StoreRefuses, StoreTimeout
   */
  find(): Promise<LogEnd> {
    this.#running ??= this.#find().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #find(): Promise<LogEnd> {
    const deadline = performance.now() + this.withinMs;
    const known = this.#searched;
    // Cleared, so that nothing remains of a search that fails.
    this.#searched = null;
    const fresh = await this.#scan('end', { known: known?.newest ?? null, deadline, firstPage: 1 });
    if (fresh === null) return { kind: 'empty' };
    // A log that ends before an event seen in it is another log.
    if (known !== null && fresh.newest < known.newest) return { kind: 'unknown', searchedTo: fresh.newest };
    const joined = known !== null && fresh.metKnown ? { ...known, newest: fresh.newest } : fresh;
    const searched = joined.end === null ? await this.#goOn(joined, deadline) : joined;
    this.#searched = searched;
    return searched.end ?? { kind: 'unknown', searchedTo: searched.oldest };
  }

  /** Searches further back than the oldest event read. */
  async #goOn(searched: Searched, deadline: number): Promise<Searched> {
    const older = await this.#scan(searched.oldest, { known: null, deadline, firstPage: PAGE_EVENTS_MAX });
    return older === null ? { ...searched, end: { kind: 'empty' } } : { ...older, newest: searched.newest };
  }

  /**
   * Reads backwards from a position until an event is not the store's own, an event was seen before, the log starts, or
   * time is up; null when there are no events.
   */
  async #scan(from: bigint | 'end', { known, deadline, firstPage }: Scan): Promise<Scanned | null> {
    let scanned: Scanned | null = null;
    let [newest, oldest]: [bigint | null, bigint | 'end'] = [null, from];
    for (let max = firstPage; ; max = Math.min(max * 10, PAGE_EVENTS_MAX)) {
      const page: RecordedEvent[] = await readLogPage(this.store, { direction: 'backwards', from: oldest, max });
      for (const { type, position } of page) {
        const end: Searched['end'] = type.startsWith('$') ? null : { kind: 'at', position };
        [newest, oldest] = [newest ?? position, position];
        scanned = { newest, oldest: position, end, metKnown: known !== null && position <= known };
        if (end !== null || scanned.metKnown) return scanned;
      }
      if (page.length === 0) return scanned && { ...scanned, end: { kind: 'empty' } };
      if (performance.now() > deadline) return scanned;
    }
  }
}
