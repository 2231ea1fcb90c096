import type { ProblemError } from '../http/problem.js';
import type { Asker } from '../http/asker.js';
import { clientLeft, tooManyRequests } from './refusals.js';

/**
 * How many tasks run and wait at once, in total and per token; how long one waits; and the error beyond these limits.
 */
export type TurnLimits = Readonly<{
  runningMax: number;
  runningPerTokenMax: number;
  waitingMax: number;
  waitingPerTokenMax: number;
  waitMs: number;
  busy: () => ProblemError;
}>;

/** The tasks of one token, and the number of its last turn. */
type Lane = { running: number; lastTurn: number; readonly waiting: Set<() => void> };

/**
 * Runs a bounded number of tasks at once; the others wait. Tokens take turns, so a token with a hundred tasks waits for
 * its own, and one with a single task waits for one turn.
 */
export class Turns {
  #running = 0;
  #waiting = 0;
  #turns = 0;
  /** By every token used so far; the configuration has only a few. */
  readonly #lanes = new Map<string, Lane>();

  constructor(private readonly limits: TurnLimits) {}

  /**
   * Returns the result of the task. @throws ProblemError when no turn is free, or the client disconnects while it waits
   */
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

  /** Starts the next task: of the waiting token whose last turn is longest ago, its oldest task. */
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

  /** Resolves once the turn has started, or rejects without one. */
  async #wait(lane: Lane, signal: AbortSignal): Promise<void> {
    this.#checkRoom(lane);
    let stopListening = (): void => undefined;
    const turn = new Promise<void>((resolve, reject) => {
      // At once, so that no turn goes to a task that has stopped waiting.
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
      throw tooManyRequests(`${waitingPerTokenMax} requests wait for their turn`);
    if (this.#waiting >= waitingMax) throw busy();
  }
}
