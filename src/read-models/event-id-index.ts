import { setImmediate as othersTurn } from 'node:timers/promises';
import type { EventIdIndex } from '../eventstore/appender.js';
import { withTimeout } from '../eventstore/event-store.js';
import type { Database } from './database.js';
import { findEvents, indexedTo, type IndexedEvent } from './event-index.js';

const TIMEOUT_MS = 200;
const REST_AFTER_FAILURE_MS = 1_000;
const IDS_PER_QUERY_MAX = 500;

type Found = Awaited<ReturnType<EventIdIndex['find']>>;
const UNAVAILABLE: Found = { kind: 'unavailable' };

/**
 * The index of event ids as intake uses it: lookups that come while one is under way share the next, and
 * a slow or missing Postgres costs a moment once and then nothing, for intake depends on the event store alone.
 */
export class BatchedEventIdIndex implements EventIdIndex {
  #waiting: { eventId: string; settle: (found: Found) => void }[] = [];
  #asking = false;
  #restsUntil = 0;

  /** `usable` says whether the index is known to speak of the log that intake appends to. */
  constructor(
    private readonly database: Database,
    private readonly usable: () => boolean,
  ) {}

  find(eventId: string): Promise<Found> {
    if (this.#away()) return Promise.resolve(UNAVAILABLE);
    return new Promise((settle) => {
      this.#waiting.push({ eventId, settle });
      if (!this.#asking) void this.#askAll();
    });
  }

  async indexedTo(stream: string): Promise<bigint> {
    if (this.#away()) return -1n;
    return (await this.#ask(() => indexedTo(this.database, stream))) ?? -1n;
  }

  #away(): boolean {
    return !this.usable() || performance.now() < this.#restsUntil;
  }

  async #askAll(): Promise<void> {
    this.#asking = true;
    while (this.#waiting.length > 0) {
      // What else has come by the end of this turn shares the query.
      await othersTurn();
      const asked = this.#waiting.splice(0, IDS_PER_QUERY_MAX);
      const found = await this.#ask(() => findEvents(this.database, asked.map(({ eventId }) => eventId)));
      for (const { eventId, settle } of asked) settle(found === null ? UNAVAILABLE : answerOf(found.get(eventId)));
    }
    this.#asking = false;
  }

  /** Null when Postgres does not answer in time; it is then left alone for a while. */
  async #ask<T>(query: () => Promise<T>): Promise<T | null> {
    try {
      return await withTimeout(query(), TIMEOUT_MS, 'The index of event ids');
    } catch {
      // The stream itself is read instead; health and metrics tell that Postgres is away.
      this.#restsUntil = performance.now() + REST_AFTER_FAILURE_MS;
      return null;
    }
  }
}

const answerOf = (found: IndexedEvent | undefined): Found =>
  found === undefined ? { kind: 'not_indexed' } : { kind: 'found', stream: found.stream, revision: found.revision };
