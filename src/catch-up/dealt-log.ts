import type { LogReading, ReadLog } from './log-reading.js';
import type { SnapshotKind } from '../events/normalise.js';
import { readBytesOf } from '../eventstore/read-response.js';
import { recordedEventFrom } from '../eventstore/recorded-event.js';
import { readEvent, skippedEvent, type ReadEvent } from '../folding/facts.js';
import type { Deal } from './dealing.js';

/** The log as one of several workers gets it: of events that fall to others it learns no more than that they passed. */
export class DealtLog {
  readonly #waiting: Deal[] = [];
  #isOver = false;
  #changed = (): void => undefined;

  /** `taken` is called with the number of bytes that no longer wait. */
  constructor(
    private readonly kinds: ReadonlySet<SnapshotKind>,
    private readonly taken: (bytes: number) => void,
  ) {}

  put(deal: Deal): void {
    this.#waiting.push(deal);
    this.#changed();
  }

  /** What waits has the room that who deals leaves to it. */
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

/** The events of a piece that are a worker's own, and behind them, where it does not end with one of these, its end. */
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
