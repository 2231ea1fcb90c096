/** Tells waiting subscriptions that the log or a stream grew. Only a signal: what is new they read from the log, at their own pace. */
export class Changes {
  readonly #all = new Set<() => void>();
  readonly #streams = new Map<string, Set<() => void>>();

  /** Calls `wake` once, at the next growth of the stream, or of the log when no stream is named. Returns how to stop waiting. */
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

  /** Wakes everyone who waits for one of these streams or for the log. */
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
