import type { EventStore } from './event-store.js';
import { distanceTo, type LogEnd } from './log-end.js';
import { readLogPage } from './read.js';
import { receivedAtOf } from './recorded-event.js';

/** Our events are this close together, unless the store wrote many of its own between them. */
const PAGES_EVENTS = [2, 20, 200] as const;
const KNOWN_MAX = 100;

/** Measures how far positions lag behind the end of the log, in time. Caches the event after each position. */
export class LogLag {
  /** When the first of our events after a position was received. */
  readonly #received = new Map<bigint, Date>();

  constructor(private readonly store: EventStore) {}

  /**
   * Returns the age in seconds of the oldest event after `position` (-1n: of the whole log), by its time of receipt; 0
   * at the end of the log, null when unknown. @throws StoreUnavailable, StoreRefuses, StoreTimeout, InvalidPosition
   */
  async secondsAt(position: bigint, end: LogEnd, now = new Date()): Promise<number | null> {
    const distance = distanceTo(end, position);
    if (distance === null || distance === 0n) return distance === null ? null : 0;
    const received = this.#received.get(position) ?? (await this.#find(position));
    return received === null ? null : Math.max(0, (now.getTime() - received.getTime()) / 1000);
  }

  async #find(position: bigint): Promise<Date | null> {
    const from = position < 0n ? 'start' : position;
    for (const max of PAGES_EVENTS) {
      const page = await readLogPage(this.store, { direction: 'forwards', from, max });
      const next = page.find((event) => event.position > position && !event.type.startsWith('$'));
      if (next !== undefined) return this.#keep(position, receivedAtOf(next));
      if (page.length < max) return null;
    }
    return null;
  }

  #keep(position: bigint, received: Date): Date {
    for (const oldest of this.#received.keys()) {
      if (this.#received.size < KNOWN_MAX) break;
      this.#received.delete(oldest);
    }
    this.#received.set(position, received);
    return received;
  }
}
