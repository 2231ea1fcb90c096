import { setTimeout as pause } from 'node:timers/promises';
import { isStoreAway } from '../eventstore/store-errors.js';
import { isDatabaseAway, isUnavailable } from '../read-models/database.js';

/**
 * Whether an error says that the store or the database is away, so that the same work is to be done again later. Every other error
 * concerns the one stream that was read, folded or written: it is parked (ARCHITECTURE.md, Projector).
 */
export const isAway = (error: unknown): boolean => isStoreAway(error) || isDatabaseAway(error);

/** Names the server that is away by its variable, and says why; any other error speaks for itself. */
export function causeOf(error: unknown): string {
  const text = messageOf(error)
    .replace(/\s*Resolution note:\s*$/, '')
    .replace(/\.?$/, '.');
  if (isStoreAway(error)) return `The event store (EVENTSTORE_URL): ${text}`;
  if (!isDatabaseAway(error)) return text;
  return `Postgres (DATABASE_URL) ${isUnavailable(error) ? 'does not answer' : 'refuses the work'}: ${text}`;
}

/** Node gives the failure to connect to several addresses an empty message. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message || String((error as { code?: unknown }).code) : String(error);
}

/** How often in a row store or database may be away, and for how long each time: a build of hours does not end for a moment of that. */
const AWAY_MAX = 10;
const AWAY_PAUSE_MS = 1_000;

/** Lets work be done again while store or database are away, a few times in a row. */
export class Patience {
  #failures = 0;

  constructor(private readonly signal: AbortSignal) {}

  /** Does work that may be done again. @throws what it throws last */
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

  /** Waits before the next try. @throws the error, when it is another one, was met too often, or the signal aborts */
  async wait(error: unknown): Promise<void> {
    this.#failures += 1;
    if (!isAway(error) || this.#failures > AWAY_MAX) throw error;
    await pause(AWAY_PAUSE_MS, undefined, { signal: this.signal }).catch(() => undefined);
    if (this.signal.aborted) throw error;
  }
}
