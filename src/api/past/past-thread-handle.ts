import type { Worker } from 'node:worker_threads';
import type { MoneyPolicy } from '../../../derivations/policy.js';
import type { PastLimits } from '../../as-of/past.js';
import type { Problem } from '../../http/problem.js';
import { startThread } from '../../start-thread.js';
import type { PastQuestion } from './past-questions.js';

/** The start data of a thread. */
export type PastThreadData = Readonly<{
  eventstoreUrl: string;
  databaseUrl: string;
  readTimeoutMs: number;
  reading: PastLimits;
  /** As `REFERENCE_KEY`. */
  referenceKey: string | null;
  policy: MoneyPolicy;
}>;
/** Messages to a thread; `leave`: the client has disconnected. */
export type ForPastThread = Readonly<{ kind: 'ask'; question: PastQuestion }> | Readonly<{ kind: 'leave' }>;
export type FromPastThread =
  | Readonly<{ kind: 'answered'; json: Uint8Array }>
  | Readonly<{ kind: 'problem'; problem: Problem }>
  | Readonly<{ kind: 'failed'; error: string }>
  | Readonly<{ kind: 'abandoned' }>;
/** Why a thread ended instead of answering. */
export type ThreadEnd =
  Readonly<{ kind: 'late' | 'unnoticed' | 'out_of_memory' }> | Readonly<{ kind: 'died'; error: string }>;

/** The time for a thread to notice that its client has disconnected; it folds without yielding. */
const NOTICE_WITHIN_MS = 1_000;
/** The heap limit of a thread in MB, which protects the process: the largest permitted past takes a third of it. */
const HEAP_MB_MAX = 1_024;

/** A thread that answers one question at a time; unusable once it has ended. */
export class PastThread {
  readonly #worker: Worker;
  #end: ThreadEnd = { kind: 'died', error: 'it ended unexpectedly' };
  #hasEnded = false;
  #settle: (outcome: FromPastThread | ThreadEnd) => void = () => undefined;

  constructor(workerData: PastThreadData) {
    this.#worker = startThread('past-thread.js', { name: 'past', workerData, heapMb: HEAP_MB_MAX });
    this.#worker.on('message', (outcome: FromPastThread) => this.#settle(outcome));
    this.#worker.on('error', (error: Error & { code?: string }) => {
      this.#end =
        error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? { kind: 'out_of_memory' } : { kind: 'died', error: error.message };
    });
    this.#worker.on('exit', () => {
      this.#hasEnded = true;
      this.#settle(this.#end);
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Returns the answer, or why the thread ended. Terminates a thread that is late, or does not notice a disconnect. */
  async ask(
    question: PastQuestion,
    { signal, withinMs }: { signal: AbortSignal; withinMs: number },
  ): Promise<FromPastThread | ThreadEnd> {
    const timers = [setTimeout(() => this.#endAs('late'), withinMs)];
    const leave = (): void => {
      this.#tell({ kind: 'leave' });
      timers.push(setTimeout(() => this.#endAs('unnoticed'), NOTICE_WITHIN_MS));
    };
    const outcome = new Promise<FromPastThread | ThreadEnd>((resolve) => {
      this.#settle = resolve;
    });
    this.#tell({ kind: 'ask', question });
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    try {
      return await outcome;
    } finally {
      signal.removeEventListener('abort', leave);
      timers.forEach(clearTimeout);
    }
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #endAs(kind: 'late' | 'unnoticed'): void {
    this.#end = { kind };
    void this.terminate();
  }

  #tell(message: ForPastThread): void {
    this.#worker.postMessage(message);
  }
}
