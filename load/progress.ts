import { clearLine, cursorTo } from 'node:readline';

/** A line that updates in place on a terminal; elsewhere a plain line every few seconds. */
export class Progress {
  readonly #everyMs: number;
  #shownMs = 0;

  constructor(private readonly out: NodeJS.WriteStream) {
    this.#everyMs = out.isTTY ? 200 : 5000;
  }

  show(line: () => string): void {
    const now = performance.now();
    if (now - this.#shownMs < this.#everyMs) return;
    this.#shownMs = now;
    if (!this.out.isTTY) {
      this.out.write(`${line()}\n`);
      return;
    }
    cursorTo(this.out, 0);
    this.out.write(line());
    clearLine(this.out, 1);
  }

  /** Clears the line that updates in place. */
  end(): void {
    if (!this.out.isTTY) return;
    cursorTo(this.out, 0);
    clearLine(this.out, 0);
  }
}
