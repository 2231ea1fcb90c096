/** Keeps the most recently written events in memory, so that readers at the end of the log do not read from disk. */
import type { StoredEvent } from './record.js';

/** The most bytes: a few hundred events, more than are written between two turns of a reader that keeps up. */
const BYTES_MAX = 1024 * 1024;

const sizeOf = ({ frame }: StoredEvent): number => frame.length;

export class RecentEvents {
  /** The last events of the log, without gaps. */
  readonly #events: StoredEvent[] = [];
  #bytes = 0;

  /** Adds the next events of the log. */
  add(events: readonly StoredEvent[]): void {
    for (const event of events) {
      this.#events.push(event);
      this.#bytes += sizeOf(event);
    }
    let gone = 0;
    for (; this.#bytes > BYTES_MAX; gone += 1) this.#bytes -= sizeOf(this.#events[gone] as StoredEvent);
    this.#events.splice(0, gone);
  }

  /** Returns up to `max` events from a position on; undefined when the first of them may no longer be in memory. */
  from(position: bigint, max: number): StoredEvent[] | undefined {
    const at = this.#indexOf(position);
    return at === 0 && this.#events[0]?.position !== position ? undefined : this.#events.slice(at, at + max);
  }

  /** Returns the last `max` events before a position, the latest first; undefined when not all may be in memory. */
  before(position: bigint, max: number): StoredEvent[] | undefined {
    const end = this.#indexOf(position);
    return end < max ? undefined : this.#events.slice(end - max, end).reverse();
  }

  /** Returns the index of the first event at or after a position. */
  #indexOf(position: bigint): number {
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle] as StoredEvent).position < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
