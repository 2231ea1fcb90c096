import { setImmediate as othersTurn } from 'node:timers/promises';
import type { IndexAnswer } from '../eventstore/append-decision.js';
import type { EventIdIndex } from '../eventstore/appender.js';
import { withTimeout } from '../eventstore/event-store.js';
import type { Database } from './database.js';
import { lookUp, type Asked } from './event-index.js';

const TIMEOUT_MS = 500;
/**
 * A slow answer delays only those that waited for it; after failures in a row the index is skipped, for at most 1 s.
 */
const REST_MS = 50;
const REST_MS_MAX = 1_000;
const IDS_PER_QUERY_MAX = 500;

const UNAVAILABLE: IndexAnswer = { kind: 'unavailable' };

/**
 * The index of event ids for intake. Lookups during a query share the next one. A slow or missing Postgres costs one
 * timeout and is then skipped, because intake depends on the event store only.
 */
export class BatchedEventIdIndex implements EventIdIndex {
  #waiting: (Asked & { settle: (answer: IndexAnswer) => void })[] = [];
  #asking = false;
  #failures = 0;
  #restsUntil = 0;

  constructor(private readonly database: Database) {}

  find(eventId: string, stream: string | null): Promise<IndexAnswer> {
    if (performance.now() < this.#restsUntil) return Promise.resolve(UNAVAILABLE);
    return new Promise((settle) => {
      this.#waiting.push({ eventId, stream, settle });
      if (!this.#asking) void this.#askAll();
    });
  }

  async #askAll(): Promise<void> {
    this.#asking = true;
    while (this.#waiting.length > 0) {
      // Lookups until the end of this turn share the query.
      await othersTurn();
      const asked = this.#waiting.splice(0, IDS_PER_QUERY_MAX);
      const answers = await this.#ask(asked);
      for (const [at, { settle }] of asked.entries()) settle(answers[at] ?? UNAVAILABLE);
    }
    this.#asking = false;
  }

  /** Returns no answers when Postgres does not give them in time. */
  async #ask(asked: readonly Asked[]): Promise<readonly IndexAnswer[]> {
    try {
      const answers = await withTimeout(lookUp(this.database, asked), TIMEOUT_MS, 'The index of event ids');
      this.#failures = 0;
      return answers;
    } catch {
      // The stream itself is read instead; health and metrics report that Postgres is unavailable.
      this.#failures += 1;
      this.#restsUntil = performance.now() + Math.min(REST_MS * 2 ** (this.#failures - 1), REST_MS_MAX);
      return [];
    }
  }
}
