/** How a batch went. */
export type Paced = Readonly<{
  /** How many events it had. */
  events: number;
  tookMs: number;
  /** Whether deliveries wait. */
  isBusy: boolean;
}>;

/**
 * What follows a batch before the next. `gather`: until more has come; it ends when somebody waits for the rows.
 * `rest`: so that intake goes first.
 */
export type Pause = Readonly<{ kind: 'gather' | 'rest'; ms: number }>;

/** A batch costs some thirty statements, however few its events are: what comes within this time shares them. */
const GATHER_MS_MIN = 40;
/**
 * Where events come steadily, they are gathered for longer, up to this, as far as the lag target leaves room for it
 * many times over.
 */
const GATHER_MS_MAX = 250;
/** While deliveries wait a rest follows each batch, several times as long as the batch took, within these limits. */
const REST_MS_MIN = 50;
const REST_MS_MAX = 1_000;
const REST_PER_WORK = 3;

/**
 * How long it takes until the next batch begins. One after a silence begins at once; while more than one event comes in
 * a pause, the next pause is twice as long.
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
