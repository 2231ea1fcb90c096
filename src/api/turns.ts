/** Lets no more than `runningMax` works run at one time; up to `waitingMax` wait for their turn, in the order in which they came. */
export class Turns {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly limits: Readonly<{ runningMax: number; waitingMax: number }>) {}

  /** What the work gives, or that too many wait already. */
  async take<T>(work: () => Promise<T>): Promise<T | { readonly kind: 'busy' }> {
    if (this.#running < this.limits.runningMax) this.#running += 1;
    else if (this.#waiting.length >= this.limits.waitingMax) return { kind: 'busy' };
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The turn is handed on, or given back.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
