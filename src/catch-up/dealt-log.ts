import type { LogReading, ReadLog } from './log-reading.js';
import type { SnapshotKind } from '../events/normalise.js';
import { readBytesOf } from '../eventstore/read-response.js';
import { recordedEventFrom } from '../eventstore/recorded-event.js';
import { readEvent, skippedEvent, type ReadEvent } from '../folding/facts.js';
import type { Deal } from './dealing.js';

/** The log as one of several workers receives it: events of other workers are only counted. */
export class DealtLog {
  readonly #waiting: Deal[] = [];
  #isOver = false;
  #changed = (): void => undefined;

  /** Calls `taken` with the number of bytes that no longer wait. */
  constructor(
    private readonly kinds: ReadonlySet<SnapshotKind>,
    private readonly taken: (bytes: number) => void,
  ) {}

  put(deal: Deal): void {
    this.#waiting.push(deal);
    this.#changed();
  }

  /** Reads the share; the distributing thread limits what waits. */
  readonly readLog: ReadLog = (): LogReading => ({
    [Symbol.asyncIterator]: () => this.#take(),
    stop: async () => this.#stop(),
  });

  #stop(): void {
    this.#isOver = true;
    this.#waiting.length = 0;
    this.#changed();
  }

  async *#take() {
    for (;;) {
      while (this.#waiting.length === 0 && !this.#isOver)
        await new Promise<void>((resolve) => {
          this.#changed = resolve;
        });
      const deal = this.#waiting.shift();
      if (deal === undefined) return;
      yield { events: eventsOf(deal, this.kinds), isFollowed: true };
      this.taken(deal.bytes.byteLength);
    }
  }
}

/**
 * Returns the worker's own events of a piece, followed by a marker for the piece's end unless it ends with one of
 * these.
 */
function eventsOf({ bytes, ends, last, others }: Deal, kinds: ReadonlySet<SnapshotKind>): ReadEvent[] {
  const events: ReadEvent[] = [];
  for (const [at, end] of ends.entries()) {
    const start = ends[at - 1] ?? 0;
    const event = readBytesOf(Buffer.from(bytes, start, end - start));
    if (event !== 'none') events.push(readEvent(recordedEventFrom(event), kinds));
  }
  if (others > 0 && events.at(-1)?.position !== last.position) events.push(skippedEvent(last, others));
  return events;
}
