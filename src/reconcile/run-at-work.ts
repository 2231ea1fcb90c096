import type { EventStore } from '../eventstore/event-store.js';
import { readRun, RunTaken, stepOf, type Run, type Standing, type Started } from './run-log.js';

/** How often a process with nothing else to record confirms that it works on a run. */
const BEAT_MS = 15_000;
/** A run that is silent for longer has no process. */
export const SILENT_MS = 60_000;

type Options = Readonly<{
  /** Called when someone wants the run stopped, or another process has taken it. */
  onStop?: () => void;
  /** Whether this process is ending, so that another must continue. */
  isReleased?: () => boolean;
  /** How often a failed run is retried by the next process that takes it (default: never). */
  retriesMax?: number;
  beatMs?: number;
}>;

/** What every step of a run keeps: who requested it, and how many processes were killed on it. */
const KEPT = ['by', 'attempts'] as const;

/** A run that this process works on. Appending the next step at the expected revision is the right to continue. */
class RunAtWork {
  #run: Run;
  #last: Promise<unknown> = Promise.resolve();
  #reportedAt = performance.now();
  #wantsStop: string | null = null;
  readonly #beating: NodeJS.Timeout;

  constructor(
    private readonly store: EventStore,
    run: Run,
    private readonly options: Options,
  ) {
    this.#run = run;
    const { beatMs = BEAT_MS } = options;
    this.#beating = setInterval(() => void this.#beat(beatMs), beatMs / 3).unref();
  }

  get id(): string {
    return this.#run.id;
  }

  get started(): Started {
    return this.#run.started;
  }

  get standing(): Standing {
    return this.#run.standing;
  }

  /** Appends the next step, in order. @throws RunTaken when another process has appended one */
  say(standing: Standing): Promise<void> {
    const saying = this.#last.then(() => this.#say(standing));
    this.#last = saying.catch(() => undefined);
    return saying;
  }

  close(): void {
    clearInterval(this.#beating);
  }

  async #say({ step, state }: Standing): Promise<void> {
    const kept = Object.fromEntries(
      KEPT.flatMap((name) => (name in this.standing.state ? [[name, this.standing.state[name]]] : [])),
    );
    for (;;) {
      const standing = this.#asItIs({ step, state: { ...kept, ...state } });
      if (await stepOf(this.store, this.#run, standing)) {
        this.#reportedAt = performance.now();
        this.#run = { ...this.#run, standing, revision: this.#run.revision + 1n };
        return;
      }
      const now = await readRun(this.store, this.id);
      // The only other step that does not take the run away is a request to stop it.
      const isStopped = now?.standing.step === 'stopping' && now.revision === this.#run.revision + 1n;
      this.options.onStop?.();
      if (!isStopped) throw new RunTaken(this.id);
      this.#wantsStop = String(now.standing.state['stoppedBy']);
      this.#run = { ...this.#run, revision: now.revision };
    }
  }

  /** The step to record instead, if someone wants the run stopped or the process is ending. */
  #asItIs({ step, state }: Standing): Standing {
    const by = this.#wantsStop;
    if (by !== null && step === 'checkpoint') return { step: 'stopping', state: { ...state, stoppedBy: by } };
    if (step !== 'stopped') return { step, state };
    if (by !== null) return { step, state: { ...state, why: `It was stopped by ${by}.` } };
    if (this.options.isReleased?.() !== true) return { step, state };
    const { why: _, ...rest } = state;
    return { step: 'wanted', state: rest };
  }

  async #beat(beatMs: number): Promise<void> {
    if (performance.now() - this.#reportedAt < beatMs) return;
    // Findings are recorded once.
    const { found: _, ...state } = this.standing.state;
    // If the store is unavailable, the next beat tries again; if another process has the run, the next step throws.
    await this.say({ step: 'checkpoint', state }).catch(() => undefined);
  }
}

export type { RunAtWork };

const ENDED: ReadonlySet<Standing['step']> = new Set(['finished', 'stopped', 'wanted']);

/**
 * Works on a run, with a heartbeat. A failure stops the run and is recorded as its cause, unless the run is to be
 * retried.
 */
export async function workAt<T>(
  store: EventStore,
  { run, ...options }: Options & Readonly<{ run: Run }>,
  work: (run: RunAtWork) => Promise<T>,
): Promise<T> {
  const atWork = new RunAtWork(store, run, options);
  try {
    return await work(atWork);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const attempts = Number(atWork.standing.state['attempts'] ?? 0) + 1;
    const step = attempts <= (options.retriesMax ?? 0) ? 'wanted' : 'stopped';
    if (!(error instanceof RunTaken) && !ENDED.has(atWork.standing.step))
      await atWork.say({ step, state: { ...atWork.standing.state, why, attempts } }).catch(() => undefined);
    throw error;
  } finally {
    atWork.close();
  }
}
