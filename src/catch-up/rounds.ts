import { setTimeout as pause } from 'node:timers/promises';

/** Looks for work in rounds until it is stopped: every so often, and at once when somebody is in a hurry. */
export class Rounds {
  readonly #stopping = new AbortController();
  #hurry = new AbortController();
  #running: Promise<void> | undefined;

  /** `round` throws nothing: who looks knows what to do about it. */
  constructor(
    private readonly everyMs: number,
    private readonly round: () => Promise<void>,
  ) {}

  /** Aborted when no round follows. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Begins the next round now. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** Resolves when the round under way has ended. */
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

/** Since when work of others stands at which revision, by our clock: those of other machines may differ. */
export class Silences {
  readonly #seen = new Map<string, Readonly<{ revision: bigint; at: number }>>();

  /** For how many milliseconds nobody has said anything of it, as far as this process has seen. */
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
