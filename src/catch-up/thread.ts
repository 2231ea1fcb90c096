import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { BuildOutcome } from './build.js';
import type { CatchUpObserver, CatchUpState } from './catch-up.js';

/** What a thread is started with: it follows the log, or builds `lines` and ends. */
export type ThreadData = Readonly<{
  eventstoreUrl: string;
  databaseUrl: string;
  /** Its first element is 1 while deliveries wait. */
  busy: Int32Array;
  lines?: readonly string[];
}>;

/** What a thread tells: the calls of its observer, and how a build ended. */
export type ThreadMessage =
  | { [Name in keyof CatchUpObserver]: Readonly<{ kind: 'observed'; name: Name; values: Parameters<CatchUpObserver[Name]> }> }[keyof CatchUpObserver]
  | Readonly<{ kind: 'ended'; outcome: BuildOutcome }>;

/** The program of a thread. Threads run compiled code only: under a test runner that reads the sources, that of the last build. */
export function compiledFile(name: string): string {
  return fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? `../../dist/src/${name}` : `../${name}`, import.meta.url));
}

const startThread = (data: ThreadData): Worker => new Worker(compiledFile('catch-up-thread.js'), { workerData: data, name: data.lines === undefined ? 'catch-up' : 'build', execArgv: [] });

/** Resolves when a thread has ended, also by an error, which `once` of node:events would throw. */
const endOf = (thread: Worker): Promise<unknown> => new Promise((resolve) => thread.once('exit', resolve));

/** Hands what a thread tells to an observer. */
function observe(message: ThreadMessage, observer: CatchUpObserver): void {
  if (message.kind === 'observed') (observer[message.name] as (...values: unknown[]) => void)(...message.values);
}

/** Builds lines in a thread of its own, until it is done or told to stop. */
export async function buildInThread(data: ThreadData & { lines: readonly string[] }, { signal, observer }: { signal: AbortSignal; observer: CatchUpObserver }): Promise<BuildOutcome> {
  const thread = startThread(data);
  let outcome: BuildOutcome = { kind: 'failed', cause: 'the thread ended by itself' };
  thread.on('message', (message: ThreadMessage) => {
    observe(message, observer);
    if (message.kind === 'ended') outcome = message.outcome;
  });
  thread.on('error', (error) => { outcome = { kind: 'failed', cause: error.message }; });
  const stop = () => thread.postMessage('stop');
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  await endOf(thread);
  signal.removeEventListener('abort', stop);
  return outcome;
}

const TELL_BUSY_EVERY_MS = 20;
const START_AGAIN_AFTER_MS = 1_000;

/** The catch-up in a thread of its own: the event loop of the webhook never waits for a fold. One that ends by itself is started again. */
export class CatchUpThread {
  readonly #data: ThreadData;
  readonly #stopping = new AbortController();
  #state: CatchUpState = { kind: 'starting' };
  #running: Promise<void> | undefined;

  constructor(private readonly options: { eventstoreUrl: string; databaseUrl: string; observer: CatchUpObserver; intakeIsBusy: () => boolean }) {
    const { eventstoreUrl, databaseUrl } = options;
    this.#data = { eventstoreUrl, databaseUrl, busy: new Int32Array(new SharedArrayBuffer(4)) };
  }

  get state(): CatchUpState {
    return this.#state;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Finishes the batch under way and hands the work over. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    if (this.#state.kind !== 'stopped') this.#become({ kind: 'stopped' });
  }

  async #run(): Promise<void> {
    const telling = setInterval(() => { Atomics.store(this.#data.busy, 0, this.options.intakeIsBusy() ? 1 : 0); }, TELL_BUSY_EVERY_MS);
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const cause = await this.#runOnce();
      if (signal.aborted) break;
      this.#become({ kind: 'waiting', cause });
      await pause(START_AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
    clearInterval(telling);
  }

  /** Resolves, with why, when the thread has ended. */
  async #runOnce(): Promise<string> {
    const thread = startThread(this.#data);
    let cause = 'The thread of the catch-up ended by itself.';
    const observer: CatchUpObserver = { ...bound(this.options.observer), stateChanged: (state) => this.#become(state) };
    thread.on('message', (message: ThreadMessage) => observe(message, observer));
    thread.on('error', (error) => { cause = `The thread of the catch-up failed: ${error.message}`; });
    const stop = () => thread.postMessage('stop');
    this.#stopping.signal.addEventListener('abort', stop);
    await endOf(thread);
    this.#stopping.signal.removeEventListener('abort', stop);
    return cause;
  }

  #become(state: CatchUpState): void {
    this.#state = state;
    this.options.observer.stateChanged(state);
  }
}

const bound = (observer: CatchUpObserver): CatchUpObserver => ({
  stateChanged: (...values) => observer.stateChanged(...values),
  batchApplied: (...values) => observer.batchApplied(...values),
  buildEnded: (...values) => observer.buildEnded(...values),
  verified: (...values) => observer.verified(...values),
  warned: (...values) => observer.warned(...values),
});
