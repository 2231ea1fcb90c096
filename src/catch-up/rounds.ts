import { setTimeout as pause } from 'node:timers/promises';

/** Runs rounds until stopped: at an interval, and at once on request. */
export class Rounds {
  readonly #stopping = new AbortController();
  #hurry = new AbortController();
  #running: Promise<void> | undefined;

  /** `round` must not throw; it handles its own errors. */
  constructor(
    private readonly everyMs: number,
    private readonly round: () => Promise<void>,
  ) {}

  /** Aborted when no further round follows. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Starts the next round now. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** Stops, and resolves when the current round has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#hurry.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.stopping.aborted) {
      this.#hurry = new AbortController();
      await this.round();
      const signal = AbortSignal.any([this.#hurry.signal, this.stopping]);
      await pause(this.everyMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Since when other processes' work has been at the same revision, by this machine's clock, because clocks differ. */
export class Silences {
  readonly #seen = new Map<string, Readonly<{ revision: bigint; at: number }>>();

  /** Returns for how many milliseconds this process has seen no new revision of it. */
  msOf({ id, revision }: Readonly<{ id: string; revision: bigint }>): number {
    const seen = this.#seen.get(id);
    if (seen?.revision === revision) return performance.now() - seen.at;
    this.#seen.set(id, { revision, at: performance.now() });
    return 0;
  }

  forget(id: string): void {
    this.#seen.delete(id);
  }
}
