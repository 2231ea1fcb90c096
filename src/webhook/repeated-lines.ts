/** Writes a log line. `more` says how often it was suppressed since the last time, and is empty at first. */
export type Line = (more: string) => void;

/**
 * Suppresses repeated log lines: the first line of a key is written at once, later ones are counted, and the count is
 * written with the latest line after a while.
 */
export class RepeatedLines {
  readonly #everyMs: number;
  readonly #held = new Map<string, { count: number; line: Line }>();

  /** `everyMs`: the shortest time between two lines of one key. */
  constructor(everyMs = 10_000) {
    this.#everyMs = everyMs;
  }

  /** Writes or counts a line. Keys must be few: one per kind of line. */
  write(key: string, line: Line): void {
    const held = this.#held.get(key);
    if (held === undefined) {
      line('');
      this.#hold(key, line);
    } else {
      held.count += 1;
      held.line = line;
    }
  }

  #hold(key: string, line: Line): void {
    const held = { count: 0, line };
    this.#held.set(key, held);
    const summarise = () => {
      this.#held.delete(key);
      if (held.count === 0) return;
      held.line(` (${held.count} more in ${this.#everyMs / 1000} s)`);
      this.#hold(key, held.line);
    };
    setTimeout(summarise, this.#everyMs).unref();
  }
}
