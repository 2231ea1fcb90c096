/** The end of the log as it was written last, kept in memory: who follows the log has it from here, and not from the disk. */
import type { StoredEvent } from './record.js';

/** Some hundred events: more than is written between two turns of a reader that keeps up. */
const BYTES_MAX = 1024 * 1024;

const sizeOf = ({ frame }: StoredEvent): number => frame.length;

export class RecentEvents {
  /** The last of the log, without a gap. */
  readonly #events: StoredEvent[] = [];
  #bytes = 0;

  /** Takes what follows in the log. */
  add(events: readonly StoredEvent[]): void {
    for (const event of events) {
      this.#events.push(event);
      this.#bytes += sizeOf(event);
    }
    let gone = 0;
    for (; this.#bytes > BYTES_MAX; gone += 1) this.#bytes -= sizeOf(this.#events[gone] as StoredEvent);
    this.#events.splice(0, gone);
  }

  /** Up to `max` events at and after a position; undefined when the first of them may be no longer here. */
  from(position: bigint, max: number): StoredEvent[] | undefined {
    const at = this.#indexOf(position);
    return at === 0 && this.#events[0]?.position !== position ? undefined : this.#events.slice(at, at + max);
  }

  /** The last `max` events before a position, the latest first; undefined when they may not all be here. */
  before(position: bigint, max: number): StoredEvent[] | undefined {
    const end = this.#indexOf(position);
    return end < max ? undefined : this.#events.slice(end - max, end).reverse();
  }

  /** Of the first event at or after a position. */
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
