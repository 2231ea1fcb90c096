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
    /** Milliseconds from look to look; until a silent run is taken for left; and until what was changing is looked at again. */
    lookMs?: number;
    silentMs?: number;
    lookAgainMs?: number;
  }>;

type News = Readonly<{ requested: (report: RequestReport) => void; warned: (text: string) => void }>;
type AnyRun = Run | WaitingRun;

const LOOK_MS = 5_000;
/** While one run of a key is worked at for hours, others begin: what was asked for then is not to be forgotten. */
const LOOK_BACK = 200;
const LOOK_AGAIN_MS = 60_000;
/** A run that ends its process every time must not do so for ever. */
const ATTEMPTS_MAX = 3;

/** Takes up the runs that somebody asked the service for with one key, one at a time, and those that a process was killed at. */
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

  /** Looks at once: one was just asked for here. */
  look(): void {
    this.#rounds.hurry();
  }

  /** Lets the run under way go, for another process. */
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

  /** Whether nobody works at a run that the service was asked for. What a command was killed at is for a person to go on with. */
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
      const why = `${attempts} processes ended while they worked at it.`;
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
          // The stores may be away for a moment.
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

  /** The run, if this process is the one that goes on with it. */
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
            say(`looks again in ${seconds} s`);
            await pause(lookAgainMs, undefined, { signal }).catch(() => undefined);
          },
          report: say,
        });
    }
  }
}
