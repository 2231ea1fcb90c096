/**
 * Readers take turns: one page of one reader per turn of the event loop. So appends wait for at most one page, however
 * many readers there are.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];

  /** Resolves at the caller's turn, which lasts until the caller awaits something. */
  take(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) setImmediate(this.#next);
    });
  }

  readonly #next = (): void => {
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) setImmediate(this.#next);
  };
}
