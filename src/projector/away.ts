import { setTimeout as pause } from 'node:timers/promises';
import { isStoreAway } from '../eventstore/store-errors.js';
import { isDatabaseAway, isUnavailable } from '../read-models/database.js';

/**
 * Whether the store or the database is unavailable, so that the same work should be retried later. Any other error
 * concerns the one stream that was read, folded or written, which is then parked (ARCHITECTURE.md, Projector).
 */
export const isAway = (error: unknown): boolean => isStoreAway(error) || isDatabaseAway(error);

/** Returns the message of an error; for an unavailable server, with the name of its environment variable. */
export function causeOf(error: unknown): string {
  const text = messageOf(error)
    .replace(/\s*Resolution note:\s*$/, '')
    .replace(/\.?$/, '.');
  if (isStoreAway(error)) return `The event store (EVENTSTORE_URL): ${text}`;
  if (!isDatabaseAway(error)) return text;
  return `Postgres (DATABASE_URL) ${isUnavailable(error) ? 'does not answer' : 'refuses the work'}: ${text}`;
}

/** Node leaves the message empty when connecting to several addresses fails. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message || String((error as { code?: unknown }).code) : String(error);
}

/** The number of retries in a row, and the pause before each, so that a brief outage does not end a build of hours. */
const AWAY_MAX = 10;
const AWAY_PAUSE_MS = 1_000;

/** Retries work while the store or the database is unavailable, a limited number of times in a row. */
export class Patience {
  #failures = 0;

  constructor(private readonly signal: AbortSignal) {}

  /** Runs repeatable work. @throws its last error */
  async insist<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await work();
        this.succeeded();
        return result;
      } catch (error) {
        await this.wait(error);
      }
    }
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /**
   * Waits before the next attempt. @throws the error if the servers are available, after too many failures, or when the
   * signal aborts
   */
  async wait(error: unknown): Promise<void> {
    this.#failures += 1;
    if (!isAway(error) || this.#failures > AWAY_MAX) throw error;
    await pause(AWAY_PAUSE_MS, undefined, { signal: this.signal }).catch(() => undefined);
    if (this.signal.aborted) throw error;
  }
}
