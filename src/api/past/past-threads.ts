import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Counter, type Registry } from 'prom-client';
import { ProblemError } from '../../http/problem.js';
import type { Asker } from '../../http/asker.js';
import { LIMITS } from '../limits.js';
import type { PastQuestion } from './past-questions.js';
import { PastThread, type PastThreadData, type ThreadEnd } from './past-thread-handle.js';
import { clientLeft } from '../refusals.js';
import { Turns } from '../turns.js';

/** `answerWithinMs`: the longest that a thread may work on one answer. */
export type PastThreadsOptions = Readonly<{ thread: PastThreadData; answerWithinMs: number; registry: Registry }>;

const busy = () => new ProblemError('past_busy');

/**
 * Folds answers about the past in worker threads, so that the event loop of the webhook only passes on questions and
 * answers. A thread is started for the first question that needs it, and again after it has ended.
 */
export class PastThreads implements OnApplicationShutdown {
  readonly #logger = new Logger('past');
  readonly #turns = new Turns({ ...LIMITS.past, busy });
  #threads: readonly PastThread[] = [];
  readonly #idle: PastThread[] = [];

  readonly #outcomes: Counter<'outcome'>;

  constructor(private readonly options: PastThreadsOptions) {
    this.#outcomes = new Counter({
      name: 'ledger_past_outcomes_total',
      help: 'Requests about past times, by outcome.',
      labelNames: ['outcome'],
      registers: [options.registry],
    });
  }

  /** Returns the answer as JSON. @throws ProblemError where there is none, and when no turn is free */
  ask(question: PastQuestion, asker: Asker): Promise<Buffer> {
    return this.#turns.take(asker, async () => {
      const thread = this.#idleOne();
      const outcome = await thread.ask(question, { signal: asker.signal, withinMs: this.options.answerWithinMs });
      if (!thread.hasEnded) this.#idle.push(thread);
      this.#outcomes.inc({ outcome: outcome.kind });
      switch (outcome.kind) {
        case 'answered':
          return Buffer.from(outcome.json.buffer, outcome.json.byteOffset, outcome.json.byteLength);
        case 'problem':
          throw ProblemError.of(outcome.problem);
        case 'abandoned':
          throw clientLeft();
        case 'failed':
          throw new Error(`A request about a past time failed: ${outcome.error}`);
        default:
          throw this.#problemOf(outcome);
      }
    });
  }

  /** Runs after the server has closed; until then answers may be in progress. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  /**
   * Returns the thread that answered last, because it may have cached the same timeline. Each turn uses one
   * thread, so there are at most as many threads as turns.
   */
  #idleOne(): PastThread {
    this.#threads = this.#threads.filter(({ hasEnded }) => !hasEnded);
    for (let thread = this.#idle.pop(); thread !== undefined; thread = this.#idle.pop())
      if (!thread.hasEnded) return thread;
    const started = new PastThread(this.options.thread);
    this.#threads = [...this.#threads, started];
    return started;
  }

  #problemOf(end: ThreadEnd): ProblemError {
    switch (end.kind) {
      case 'unnoticed':
        return clientLeft();
      case 'out_of_memory':
        return new ProblemError(
          'past_too_large',
          'This answer about the past would take too much memory. Ask for less, or read the streams from the event store.',
        );
      case 'late':
        return new ProblemError(
          'past_timeout',
          `The answer was not ready within ${this.options.answerWithinMs} ms and was abandoned. Ask for less, or try again when the machine is less busy.`,
        );
      case 'died':
        this.#logger.warn(`A worker thread for past times ended; the next request starts another: ${end.error}`);
        return new ProblemError('past_failed');
    }
  }
}
