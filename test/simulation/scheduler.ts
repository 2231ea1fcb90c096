import { setImmediate as afterMicrotasks } from 'node:timers/promises';
import type { Random } from '../../simulator/random.js';

/** Something that runs until it is killed. After that its promises never resolve, as for a process that is gone. */
export class Life {
  isOver = false;
}

type Waiter = Readonly<{ life: Life; isReady: () => boolean; resume: () => void }>;

/** Decides which waiting task continues next, by the seed alone. The count of steps is the only time. */
export class Scheduler {
  steps = 0;
  readonly #waiting: Waiter[] = [];

  /** `settled` resolves when everything that runs without a turn is waiting for one. */
  constructor(
    private readonly random: Random,
    private readonly settled: () => Promise<unknown> = () => afterMicrotasks(),
  ) {}

  /** Lets others run first, if the seed says so. */
  turn(life: Life): Promise<void> {
    return this.until(life, () => true);
  }

  /** Resolves at some time when the condition holds. */
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

  /** Runs waiting tasks until `isDone`, or until none can continue. @throws after more steps than a run can need */
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
