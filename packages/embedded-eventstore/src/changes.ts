/**
 * Wakes waiting subscriptions when the log or a stream grows. They read the new events from the log at their own pace.
 */
export class Changes {
  readonly #all = new Set<() => void>();
  readonly #streams = new Map<string, Set<() => void>>();

  /**
   * Calls `wake` once, when the stream (or, without one, the log) next grows. Returns a function that stops waiting.
   */
  wait(stream: string | undefined, wake: () => void): () => void {
    if (stream === undefined) {
      this.#all.add(wake);
      return () => this.#all.delete(wake);
    }
    const waiting = this.#streams.get(stream) ?? new Set();
    this.#streams.set(stream, waiting.add(wake));
    return () => {
      waiting.delete(wake);
      if (waiting.size === 0 && this.#streams.get(stream) === waiting) this.#streams.delete(stream);
    };
  }

  /** Wakes all waiters for these streams or for the log. */
  announce(streams: ReadonlySet<string>): void {
    const woken = [...this.#all];
    this.#all.clear();
    for (const stream of streams) {
      woken.push(...(this.#streams.get(stream) ?? []));
      this.#streams.delete(stream);
    }
    for (const wake of woken) wake();
  }
}
