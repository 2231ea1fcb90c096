/** The result of a batch. */
export type Paced = Readonly<{
  /** The number of its events. */
  events: number;
  tookMs: number;
  /** Whether deliveries are waiting. */
  isBusy: boolean;
}>;

/**
 * The pause before the next batch. `gather`: collects more events; ends when a reader waits for the rows. `rest`: lets
 * intake go first.
 */
export type Pause = Readonly<{ kind: 'gather' | 'rest'; ms: number }>;

/**
 * Events that arrive within this time share the cost of a batch, which is some thirty statements for any number of
 * events.
 */
const GATHER_MS_MIN = 40;
/** The longest time to gather events under a steady flow: a small fraction of the lag target. */
const GATHER_MS_MAX = 250;
/** While deliveries wait, each batch is followed by a rest of several times its duration, within these limits. */
const REST_MS_MIN = 50;
const REST_MS_MAX = 1_000;
const REST_PER_WORK = 3;

/**
 * Determines the pause before the next batch. While more than one event arrives per pause, it doubles; the first event
 * after a silence finds no pause left.
 */
export class Pace {
  #gatherMs = GATHER_MS_MIN;

  after({ events, tookMs, isBusy }: Paced): Pause {
    this.#gatherMs = events > 1 ? Math.min(2 * this.#gatherMs, GATHER_MS_MAX) : GATHER_MS_MIN;
    const restMs = Math.min(Math.max(REST_PER_WORK * tookMs, REST_MS_MIN), REST_MS_MAX);
    const gatherMs = Math.max(this.#gatherMs - tookMs, 0);
    return isBusy && restMs > gatherMs ? { kind: 'rest', ms: restMs } : { kind: 'gather', ms: gatherMs };
  }
}
