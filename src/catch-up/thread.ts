import { setTimeout as pause } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { MoneyPolicy } from '../../derivations/policy.js';
import { startThread } from '../start-thread.js';
import type { CatchUpObserver, CatchUpState } from './catch-up.js';

/** The thread's start data. */
export type ThreadData = Readonly<{
  eventstoreUrl: string;
  databaseUrl: string;
  /** The policy of the books. */
  policy: MoneyPolicy;
  /** Its first element is 1 while deliveries wait. */
  busy: Int32Array;
}>;

/** A command to the thread: a reader waits for rows, or stop. */
export type ThreadCommand = 'hurry' | 'stop';

/** A message of the thread: a call of its observer. */
export type ThreadMessage = {
  [Name in keyof CatchUpObserver]: Readonly<{ name: Name; values: Parameters<CatchUpObserver[Name]> }>;
}[keyof CatchUpObserver];

/** Resolves when a thread has ended, even by an error, which `once` of node:events would throw. */
const endOf = (thread: Worker): Promise<unknown> => new Promise((resolve) => thread.once('exit', resolve));

/** Passes a message of a thread to an observer. */
function observe({ name, values }: ThreadMessage, observer: CatchUpObserver): void {
  (observer[name] as (...values: unknown[]) => void)(...values);
}

const UPDATE_BUSY_EVERY_MS = 20;
const START_AGAIN_AFTER_MS = 1_000;

/**
 * Runs the catch-up in a worker thread, so that no fold blocks the webhook's event loop. A failed thread is restarted.
 */
export class CatchUpThread {
  readonly #data: ThreadData;
  readonly #stopping = new AbortController();
  #state: CatchUpState = { kind: 'starting' };
  #running: Promise<void> | undefined;
  #thread: Worker | null = null;

  constructor(
    private readonly options: {
      eventstoreUrl: string;
      databaseUrl: string;
      policy: MoneyPolicy;
      observer: CatchUpObserver;
      intakeIsBusy: () => boolean;
    },
  ) {
    const { eventstoreUrl, databaseUrl, policy } = options;
    this.#data = { eventstoreUrl, databaseUrl, policy, busy: new Int32Array(new SharedArrayBuffer(4)) };
  }

  get state(): CatchUpState {
    return this.#state;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Signals that a reader waits for rows. */
  hurry(): void {
    this.#tell('hurry');
  }

  /** Finishes the current batch and hands over to another process. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    if (this.#state.kind !== 'stopped') this.#become({ kind: 'stopped' });
  }

  async #run(): Promise<void> {
    const updating = setInterval(() => {
      Atomics.store(this.#data.busy, 0, this.options.intakeIsBusy() ? 1 : 0);
    }, UPDATE_BUSY_EVERY_MS);
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const cause = await this.#runOnce();
      if (signal.aborted) break;
      this.#become({ kind: 'waiting', cause });
      await pause(START_AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
    clearInterval(updating);
  }

  /** Runs the thread once; resolves with the reason of its end. */
  async #runOnce(): Promise<string> {
    const thread = startThread('catch-up-thread.js', { name: 'catch-up', workerData: this.#data });
    let cause = 'The thread of the catch-up ended unexpectedly.';
    const observer: CatchUpObserver = { ...bound(this.options.observer), stateChanged: (state) => this.#become(state) };
    thread.on('message', (message: ThreadMessage) => observe(message, observer));
    thread.on('error', (error) => {
      cause = `The thread of the catch-up failed: ${error.message}`;
    });
    this.#thread = thread;
    const stop = () => this.#tell('stop');
    this.#stopping.signal.addEventListener('abort', stop);
    await endOf(thread);
    this.#thread = null;
    this.#stopping.signal.removeEventListener('abort', stop);
    return cause;
  }

  #tell(command: ThreadCommand): void {
    this.#thread?.postMessage(command);
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
