import type { EventStore } from '../eventstore/event-store.js';
import { readRun, RunTaken, stepOf, type Run, type Standing, type Started } from './run-log.js';

/** How often a process says that it works at a run, when there is nothing else to say. */
const BEAT_MS = 15_000;
/** A run that says nothing for longer has nobody who works at it. */
export const SILENT_MS = 60_000;

type Options = Readonly<{
  /** Told once when somebody wants the run stopped, or another process has it. */
  onStop?: () => void;
  /** Whether the process ends, so that another is to go on. */
  isReleased?: () => boolean;
  /** How often what failed is tried again by whoever takes it up (default: never). */
  retriesMax?: number;
  beatMs?: number;
}>;

/** What all steps of a run keep: who asked the service for it, and how many processes were killed at it. */
const KEPT = ['by', 'attempts'] as const;

/** A run that this process works at: its next step at the expected revision is the right to go on. */
class RunAtWork {
  #run: Run;
  #last: Promise<unknown> = Promise.resolve();
  #saidAt = performance.now();
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

  /** The next step, after those before it. @throws RunTaken when another process has appended one */
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
        this.#saidAt = performance.now();
        this.#run = { ...this.#run, standing, revision: this.#run.revision + 1n };
        return;
      }
      const now = await readRun(this.store, this.id);
      const isStopped = now?.standing.step === 'stopping' && now.revision === this.#run.revision + 1n;
      this.options.onStop?.();
      if (!isStopped) throw new RunTaken(this.id);
      this.#wantsStop = String(now.standing.state['stoppedBy']);
      this.#run = { ...this.#run, revision: now.revision };
    }
  }

  /** What the step is where somebody wants the run stopped, or the process ends. */
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
    if (performance.now() - this.#saidAt < beatMs) return;
    // What was found is said once.
    const { found: _, ...state } = this.standing.state;
    // A store that is away is asked again by the next one; who else has the run, the next step tells.
    await this.say({ step: 'checkpoint', state }).catch(() => undefined);
  }
}

export type { RunAtWork };

const ENDED: ReadonlySet<Standing['step']> = new Set(['finished', 'stopped', 'wanted']);

/** Works at a run, and says that it does. What fails stops the run, which says why, unless it is to be tried again. */
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
