import type { ProblemError } from '../http/problem.js';
import type { Asker } from '../http/asker.js';
import { clientLeft, tooManyRequests } from './refusals.js';

/**
 * How many works run at one time and how many wait, in all and of one token; how long one waits; and the answer when
 * that is not enough.
 */
export type TurnLimits = Readonly<{
  runningMax: number;
  runningPerTokenMax: number;
  waitingMax: number;
  waitingPerTokenMax: number;
  waitMs: number;
  busy: () => ProblemError;
}>;

/** The works of one token, and when it had its last turn: the number of that turn. */
type Lane = { running: number; lastTurn: number; readonly waiting: Set<() => void> };

/**
 * Lets a bounded number of works run at one time; the others wait for their turn. Tokens take turns with each other, so
 * that one with a hundred works waits for itself, and another with one work waits for a single one.
 */
export class Turns {
  #running = 0;
  #waiting = 0;
  #turns = 0;
  /** Of each token that has ever asked; the configuration has no more than a few. */
  readonly #lanes = new Map<string, Lane>();

  constructor(private readonly limits: TurnLimits) {}

  /** What the work gives. @throws ProblemError when no turn is to be had, or the client leaves while it waits */
  async take<T>({ token, signal }: Asker, work: () => Promise<T>): Promise<T> {
    if (signal.aborted) throw clientLeft();
    const lane = this.#lanes.get(token) ?? { running: 0, lastTurn: 0, waiting: new Set() };
    this.#lanes.set(token, lane);
    if (this.#mayRun(lane)) this.#begin(lane);
    else await this.#wait(lane, signal);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      lane.running -= 1;
      this.#beginNext();
    }
  }

  #mayRun({ running }: Lane): boolean {
    return this.#running < this.limits.runningMax && running < this.limits.runningPerTokenMax;
  }

  #begin(lane: Lane): void {
    this.#running += 1;
    this.#turns += 1;
    lane.running += 1;
    lane.lastTurn = this.#turns;
  }

  /** Of the tokens that wait, the one whose last turn is longest ago; of its works, the one that came first. */
  #beginNext(): void {
    const [next] = [...this.#lanes.values()]
      .filter((lane) => lane.waiting.size > 0 && this.#mayRun(lane))
      .sort((a, b) => a.lastTurn - b.lastTurn);
    const [begin] = next?.waiting ?? [];
    if (next === undefined || begin === undefined) return;
    next.waiting.delete(begin);
    this.#waiting -= 1;
    this.#begin(next);
    begin();
  }

  /** Resolves with the turn begun, or rejects without one. */
  async #wait(lane: Lane, signal: AbortSignal): Promise<void> {
    this.#checkRoom(lane);
    let stopListening = (): void => undefined;
    const turn = new Promise<void>((resolve, reject) => {
      // At once, so that no turn is given to one that has stopped waiting.
      const stopWaiting = (why: ProblemError): void => {
        if (lane.waiting.delete(resolve)) this.#waiting -= 1;
        reject(why);
      };
      const left = (): void => stopWaiting(clientLeft());
      const timer = setTimeout(() => stopWaiting(this.limits.busy()), this.limits.waitMs);
      signal.addEventListener('abort', left);
      lane.waiting.add(resolve);
      this.#waiting += 1;
      stopListening = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', left);
      };
    });
    await turn.finally(stopListening);
  }

  #checkRoom(lane: Lane): void {
    const { waitingMax, waitingPerTokenMax, busy } = this.limits;
    if (lane.waiting.size >= waitingPerTokenMax)
      throw tooManyRequests(`${waitingPerTokenMax} requests wait for their turn already`);
    if (this.#waiting >= waitingMax) throw busy();
  }
}
