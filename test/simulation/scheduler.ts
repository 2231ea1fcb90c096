import { setImmediate as afterMicrotasks } from 'node:timers/promises';
import type { Random } from '../../simulator/random.js';

/** What runs until it is killed: what it waits for then never comes, as for a process that is gone. */
export class Life {
  isOver = false;
}

type Waiter = Readonly<{ life: Life; isReady: () => boolean; resume: () => void }>;

/** Which of the tasks that wait goes on next: the seed alone says it. There is no time but the count of steps. */
export class Scheduler {
  steps = 0;
  readonly #waiting: Waiter[] = [];

  /** `settled`: when all that goes on by itself has come to wait for its turn. */
  constructor(
    private readonly random: Random,
    private readonly settled: () => Promise<unknown> = () => afterMicrotasks(),
  ) {}

  /** Lets others run first, if the seed says so. */
  turn(life: Life): Promise<void> {
    return this.until(life, () => true);
  }

  /** Goes on at some time when a condition holds. */
  until(life: Life, isReady: () => boolean): Promise<void> {
    return new Promise((resume) => {
      if (!life.isOver) this.#waiting.push({ life, isReady, resume });
    });
  }

  kill(life: Life): void {
    life.isOver = true;
    for (let at = this.#waiting.length - 1; at >= 0; at -= 1)
      if (this.#waiting[at]?.life === life) this.#waiting.splice(at, 1);
  }

  /** Runs what waits until `isDone`, or nothing can go on. @throws after more steps than a run can need */
  async run(isDone: () => boolean, stepsMax: number): Promise<'done' | 'stuck'> {
    for (;;) {
      await this.settled();
      if (isDone()) return 'done';
      const ready = this.#waiting.filter(({ isReady }) => isReady());
      if (ready.length === 0) return 'stuck';
      const next = this.random.pick(ready);
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.steps += 1;
      if (this.steps > stepsMax) throw new Error(`The engine does not come to rest within ${stepsMax} steps.`);
      next.resume();
    }
  }
}
