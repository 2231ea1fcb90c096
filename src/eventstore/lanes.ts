import { appendSizeOf, type NewEvent } from './append.js';

export type LaneLimits = Readonly<{
  /** The most events, and their bytes, waiting or in flight at once. */
  waitingMax: number;
  waitingBytesMax: number;
  /** How long an event may wait for its turn: Stripe disconnects some seconds later and redelivers it. */
  waitMsMax: number;
  /** The most streams processed at once; below the 100 calls that one connection carries. */
  streamsMax: number;
  /** The most bytes of one stream's waiting events that share an append. */
  sharedBytesMax: number;
}>;

/** A waiting event, and the callback for its outcome. */
export type Waiting<Outcome> = Readonly<{ event: NewEvent; settle: (outcome: Outcome) => void }>;

export type Turned = { readonly kind: 'overloaded' };
const OVERLOADED: Turned = { kind: 'overloaded' };
type Queued<Outcome> = Waiting<Outcome | Turned> & Readonly<{ since: number }>;

/**
 * Queues events in one lane per stream. A bounded number of streams is processed at once, in turn, each with a share of
 * its lane. An event is refused when too many wait or the expected wait is too long, and again at its turn if it has
 * waited too long. Work that has started is never refused.
 */
export class Lanes<Outcome> {
  readonly #lanes = new Map<string, Queued<Outcome>[]>();
  readonly #ready: string[] = [];
  readonly #pace = new Pace();
  #working = 0;
  #queued = 0;
  #events = 0;
  #bytes = 0;

  /** `work` settles each event of a share and never rejects; `now` is a clock in milliseconds. */
  constructor(
    private readonly limits: LaneLimits,
    private readonly work: (stream: string, share: readonly Waiting<Outcome>[]) => Promise<void>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Events waiting or in flight. */
  get events(): number {
    return this.#events;
  }

  /** Resolves with what `work` settles, or at once with `overloaded`. */
  enter(event: NewEvent): Promise<Outcome | Turned> {
    const bytes = appendSizeOf(event);
    const { waitingMax, waitingBytesMax } = this.limits;
    if (this.#events >= waitingMax || this.#bytes + bytes > waitingBytesMax || this.#wouldWaitTooLong())
      return Promise.resolve(OVERLOADED);
    this.#events += 1;
    this.#bytes += bytes;
    return new Promise<Outcome | Turned>((settle) => this.#enqueue({ event, settle, since: this.now() })).finally(
      () => {
        this.#events -= 1;
        this.#bytes -= bytes;
      },
    );
  }

  /** Whether a new event would wait longer than allowed, at the current pace. */
  #wouldWaitTooLong(): boolean {
    const first = this.#ready[0];
    if (first === undefined) return false;
    const { waitMsMax } = this.limits;
    const oldest = this.#lanes.get(first)?.[0]?.since ?? Infinity;
    return this.now() - oldest > waitMsMax || this.#queued * this.#pace.msPerEvent > waitMsMax;
  }

  #enqueue(waiting: Queued<Outcome>): void {
    const { stream } = waiting.event;
    this.#queued += 1;
    const lane = this.#lanes.get(stream);
    if (lane !== undefined) {
      lane.push(waiting);
      return;
    }
    this.#lanes.set(stream, [waiting]);
    this.#ready.push(stream);
    this.#workOnNext();
  }

  #workOnNext(): void {
    while (this.#working < this.limits.streamsMax) {
      const stream = this.#ready.shift();
      if (stream === undefined) return;
      this.#working += 1;
      void this.#workOn(stream).finally(() => {
        this.#working -= 1;
        this.#workOnNext();
      });
    }
  }

  /** Processes one share of a lane; the rest of the lane queues again behind the other streams. */
  async #workOn(stream: string): Promise<void> {
    const lane = this.#lanes.get(stream) ?? [];
    const share = this.#shareOf(lane);
    this.#queued -= share.length;
    if (share.length > 0) await this.work(stream, share);
    this.#pace.settled(share.length, { at: this.now(), othersWait: this.#ready.length > 0 });
    if (lane.length === 0) this.#lanes.delete(stream);
    else this.#ready.push(stream);
  }

  /**
   * Takes the first events of a lane, as many as may share an append, and refuses those that have waited too long. An
   * event with a required revision goes alone.
   */
  #shareOf(lane: Queued<Outcome>[]): Queued<Outcome>[] {
    const { waitMsMax, sharedBytesMax } = this.limits;
    const inTime = lane.findIndex(({ since }) => this.now() - since <= waitMsMax);
    const late = lane.splice(0, inTime < 0 ? lane.length : inTime);
    this.#queued -= late.length;
    for (const { settle } of late) settle(OVERLOADED);
    let bytes = 0;
    const end = lane.findIndex(
      ({ event }, at) =>
        (bytes += appendSizeOf(event)) > sharedBytesMax || (at > 0 && (event.at ?? lane[0]?.event.at) !== undefined),
    );
    return lane.splice(0, end < 0 ? lane.length : Math.max(end, 1));
  }
}

/** The time per event while others wait; reset when none waits, since an old pace is meaningless. */
class Pace {
  #since: number | null = null;
  #settled = 0;
  #msPerEvent = 0;

  /** 0 while unknown. */
  get msPerEvent(): number {
    return this.#msPerEvent;
  }

  settled(events: number, { at, othersWait }: { at: number; othersWait: boolean }): void {
    if (!othersWait) {
      this.#since = null;
      this.#msPerEvent = 0;
      return;
    }
    this.#since ??= at;
    this.#settled += events;
    const elapsed = at - this.#since;
    if (elapsed < PACE_MS) return;
    const last = elapsed / Math.max(this.#settled, 1);
    this.#msPerEvent = this.#msPerEvent === 0 ? last : (this.#msPerEvent + last) / 2;
    this.#since = at;
    this.#settled = 0;
  }
}

/** The period over which the pace is measured. */
const PACE_MS = 250;
