import { setTimeout as pause } from 'node:timers/promises';
import { isNotYetMade } from '../read-models/database.js';
import { Rounds, Silences } from '../catch-up/rounds.js';
import { REQUESTS_MAX, RunBudget } from '../stripe-api/budget.js';
import type { RequestReport } from '../stripe-api/stripe-api.js';
import type { RecorderParts } from './recorder.js';
import { SILENT_MS, workAt, type RunAtWork } from './run-at-work.js';
import { runBackfill, runComparison, runMoney, runRecovery, startedBy, type RunParts } from './run-kinds.js';
import {
  aboutOf,
  connectedOf,
  hasEnded,
  latestRuns,
  RunTaken,
  startRun,
  stepOf,
  type Run,
  type WaitingRun,
} from './run-log.js';
import { openSession, WrongKey, type KeyOptions } from './session.js';

export type AskedRunsOptions = KeyOptions &
  Readonly<{
    /** Label of the key. */
    label: string;
    /**
     * Milliseconds between polls; of silence until a run counts as abandoned; and until changing objects are read
     * again.
     */
    lookMs?: number;
    silentMs?: number;
    lookAgainMs?: number;
  }>;

type News = Readonly<{ requested: (report: RequestReport) => void; warned: (text: string) => void }>;
type AnyRun = Run | WaitingRun;

const LOOK_MS = 5_000;
/** Runs to read back: while one run takes hours, others are requested, and these must not be missed. */
const LOOK_BACK = 200;
const LOOK_AGAIN_MS = 60_000;
/** The maximum number of attempts: a run that crashes its process must not do so forever. */
const ATTEMPTS_MAX = 3;

/**
 * Works on the runs requested from the service for one key, one at a time, and resumes those whose process was killed.
 */
export class AskedRuns {
  readonly #rounds: Rounds;
  readonly #ended = new Set<string>();
  readonly #silences = new Silences();
  #trouble: string | null = null;

  constructor(
    private readonly parts: RecorderParts,
    private readonly options: AskedRunsOptions,
    private readonly news: News,
  ) {
    this.#rounds = new Rounds(options.lookMs ?? LOOK_MS, () =>
      this.#look().then(
        () => void (this.#trouble = null),
        (error: unknown) => this.#warn(error),
      ),
    );
  }

  start(): void {
    this.#rounds.start();
  }

  /** Polls at once, because a run was just requested in this process. */
  look(): void {
    this.#rounds.hurry();
  }

  /** Stops, and releases the current run to another process. */
  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  #warn(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    if (!isNotYetMade(error) && this.#trouble !== text) this.news.warned(text);
    this.#trouble = text;
  }

  async #look(): Promise<void> {
    const runs = await latestRuns(this.parts.store, { max: LOOK_BACK, without: this.#ended });
    for (const run of [...runs].reverse()) {
      const { key, livemode } = aboutOf(run);
      if (hasEnded(run)) {
        this.#ended.add(run.id);
        this.#silences.forget(run.id);
      } else if (key === this.options.label && livemode === this.options.livemode && this.#isLeft(run)) {
        if (this.#rounds.stopping.aborted) return;
        await this.#take(run);
      }
    }
  }

  /** Whether a requested run has no process. A run whose command was killed is for a person to resume. */
  #isLeft(run: AnyRun): boolean {
    const { step, state } = run.standing;
    if (step === 'wanted') return true;
    if (run.started !== null && state['by'] === undefined) return false;
    return this.#silences.msOf(run) > (this.options.silentMs ?? SILENT_MS);
  }

  async #take(run: AnyRun): Promise<void> {
    const { store } = this.parts;
    const { step, state } = run.standing;
    if (step === 'stopping') {
      await stepOf(store, run, {
        step: 'stopped',
        state: { ...state, why: `It was stopped by ${String(state['stoppedBy'])}.` },
      });
      return;
    }
    const attempts = Number(state['attempts'] ?? 0) + (step === 'wanted' ? 0 : 1);
    if (attempts >= ATTEMPTS_MAX) {
      const why = `${attempts} processes ended while working on it.`;
      await stepOf(store, run, { step: 'stopped', state: { ...state, why } });
      return;
    }
    const ending = new AbortController();
    const signal = AbortSignal.any([ending.signal, this.#rounds.stopping]);
    const { budget = REQUESTS_MAX } = aboutOf(run).options as { budget?: number };
    const session = await openSession(store, {
      ...this.options,
      signal,
      account: connectedOf(aboutOf(run)),
      budget: new RunBudget(budget),
      onRequest: (report) => this.news.requested(report),
    }).catch(async (error: unknown) => {
      if (!(error instanceof WrongKey) || signal.aborted) throw error;
      await stepOf(store, run, { step: 'stopped', state: { ...state, why: error.message } });
      return null;
    });
    if (session === null) return;
    try {
      const parts = { ...this.parts, session, signal };
      const claimed = await this.#claimed(run, attempts, parts);
      if (claimed === null) return;
      await workAt(
        store,
        {
          run: claimed,
          onStop: () => ending.abort(),
          isReleased: () => this.#rounds.stopping.aborted,
          // The stores may be briefly unavailable.
          retriesMax: ATTEMPTS_MAX - 1,
        },
        (atWork) => this.#work(atWork, parts),
      );
    } catch (error) {
      if (!(error instanceof RunTaken)) throw error;
    } finally {
      session.api.close();
    }
  }

  /** The run if this process claimed it, else null. */
  async #claimed(run: AnyRun, attempts: number, { session }: RunParts): Promise<Run | null> {
    const { store } = this.parts;
    if (run.started === null) {
      const begun = await startRun(store, run, startedBy(session, run.wanted));
      return begun && { ...begun, standing: { step: 'started', state: { by: run.wanted.by } } };
    }
    const { why: _, found: __, ...kept } = run.standing.state;
    const standing = { step: 'checkpoint', state: { ...kept, attempts } } as const;
    if (!(await stepOf(store, run, standing))) return null;
    return { ...run, standing, revision: run.revision + 1n };
  }

  async #work(run: RunAtWork, parts: RunParts): Promise<void> {
    const { signal } = parts;
    const { lookAgainMs = LOOK_AGAIN_MS } = this.options;
    const say = (doing: string) => void run.say({ step: 'checkpoint', state: { doing } }).catch(() => undefined);
    switch (run.started.kind) {
      case 'backfill':
        await runBackfill({ ...parts, laterMs: lookAgainMs }, run, {
          progress: () => undefined,
          waiting: () => undefined,
        });
        break;
      case 'recover':
        await runRecovery(parts, run);
        break;
      case 'money':
        await runMoney(parts, run, say);
        break;
      case 'reconcile':
        await runComparison(parts, run, {
          wait: async (seconds) => {
            say(`reads again in ${seconds} s`);
            await pause(lookAgainMs, undefined, { signal }).catch(() => undefined);
          },
          report: say,
        });
    }
  }
}
