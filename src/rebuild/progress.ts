import type { AppliedBatch } from '../catch-up/follower.js';
import type { EventStore } from '../eventstore/event-store.js';
import { LogEndSearch } from '../eventstore/log-end.js';

const RATE_OVER_MS = 5_000;
const LOOK_FOR_END_EVERY_MS = 1_000;

/** The progress of a build. Positions are bytes of the log; share and remaining time are estimated from them. */
export type Progress = Readonly<{
  events: number;
  /** Over the last seconds. */
  eventsPerSecond: number;
  /** From 0 to 1; null while the end of the log is unknown. */
  share: number | null;
  secondsLeft: number | null;
  /** The distance to the end of the log; null while that is unknown. */
  behind: bigint | null;
}>;

/** Counts the batches of a build. */
export class BuildProgress {
  readonly #startedAt = performance.now();
  /** Event counts by time, for the rate. */
  readonly #recent = [{ at: this.#startedAt, events: 0 }];
  #events = 0;
  /** The first reported position, from which the remaining time is estimated. */
  #from: { position: bigint; at: number } | null = null;
  #reached: { position: bigint; end: bigint | null } | null = null;

  get events(): number {
    return this.#events;
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** Records a batch. `end` is the position of the log's end; null while unknown. */
  advance({ events, position }: Pick<AppliedBatch, 'events' | 'position'>, end: bigint | null): void {
    this.#events += events;
    const now = performance.now();
    this.#from ??= { position, at: now };
    this.#reached = { position, end };
    this.#recent.push({ at: now, events: this.#events });
    while (this.#recent.length > 2 && (this.#recent[1]?.at ?? now) < now - RATE_OVER_MS) this.#recent.shift();
  }

  now(): Progress {
    const now = performance.now();
    const [since = { at: this.#startedAt, events: 0 }] = this.#recent;
    const passed = (now - since.at) / 1000;
    const eventsPerSecond = passed > 0 ? (this.#events - since.events) / passed : 0;
    const { position, end } = this.#reached ?? { position: 0n, end: null };
    if (end === null) return { events: this.#events, eventsPerSecond, share: null, secondsLeft: null, behind: null };
    const done = this.#from === null ? 0 : Number(position - this.#from.position);
    return {
      events: this.#events,
      eventsPerSecond,
      share: end <= 0n ? 1 : Math.min(Number(position) / Number(end), 1),
      secondsLeft:
        this.#from === null || done === 0
          ? null
          : ((now - this.#from.at) / 1000) * (Number(end > position ? end - position : 0n) / done),
      behind: end - position,
    };
  }
}

/** Adds the position of the log's end, read once a second, to each batch. */
export function withLogEnd(
  store: EventStore,
  advance: (batch: AppliedBatch, end: bigint | null) => void,
): (batch: AppliedBatch) => Promise<void> {
  const logEnd = new LogEndSearch(store);
  let end: { position: bigint | null; at: number } = { position: null, at: -Infinity };
  return async (batch) => {
    if (performance.now() - end.at > LOOK_FOR_END_EVERY_MS) {
      const found = await logEnd.find();
      end = { position: found.kind === 'at' ? found.position : end.position, at: performance.now() };
    }
    advance(batch, end.position);
  };
}
