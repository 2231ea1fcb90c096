import { Logger } from '@nestjs/common';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { BuildOutcome, CatchUpObserver, CatchUpState } from './catch-up.js';
import type { Applied } from '../projector/projector.js';

/** Counts and logs what the catch-up does. */
export class CatchUpMetrics implements CatchUpObserver {
  readonly #logger = new Logger('catch-up');
  readonly #events: Counter;
  readonly #repeats: Counter;
  readonly #refolds: Counter;
  readonly #ambiguous: Counter;
  readonly #parkings: Counter;
  readonly #gone: Counter;
  readonly #deferred: Counter;
  readonly #refoldSeconds: Histogram;
  readonly #seconds: Histogram;
  readonly #projecting: Gauge;
  readonly #state: Gauge;
  readonly #verified: Counter;
  readonly #wrong: Counter;
  #checked = { folds: 0, faults: 0 };

  constructor(registry: Registry) {
    const registers = [registry];
    this.#events = new Counter({
      name: 'ledger_projected_events_total',
      help: 'Projected events.',
      registers,
    });
    this.#repeats = new Counter({
      name: 'ledger_repeated_events_total',
      help: 'Events ignored because their id exists at a lower position of the log.',
      registers,
    });
    this.#refolds = new Counter({
      name: 'ledger_refolds_total',
      help: 'Streams folded again from the log, because an event came late or the stream was parked.',
      registers,
    });
    this.#ambiguous = new Counter({
      name: 'ledger_ambiguous_events_total',
      help: 'Events with an uncertain order within their second; the timeline of a subscription marks them.',
      registers,
    });
    this.#parkings = new Counter({
      name: 'ledger_parkings_total',
      help: 'Streams that a projection could not fold.',
      registers,
    });
    this.#deferred = new Counter({
      name: 'ledger_deferred_refolds_total',
      help: 'Folds of long streams that were deferred so that they do not delay other streams.',
      registers,
    });
    this.#gone = new Counter({
      name: 'ledger_gone_streams_total',
      help: 'Streams found deleted or truncated in the store.',
      registers,
    });
    this.#refoldSeconds = new Histogram({
      name: 'ledger_refold_seconds',
      help: 'Time of the longest refold of a stream in each batch that has one.',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'ledger_batch_seconds',
      help: 'Time to fold and write one batch.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    });
    this.#projecting = new Gauge({
      name: 'ledger_projecting',
      help: '1 while this process is the one that projects.',
      registers,
    });
    this.#state = new Gauge({
      name: 'ledger_catch_up',
      help: '1 for the current state of the catch-up of this process; waiting: for the event store or Postgres, see health and log.',
      labelNames: ['state'],
      registers,
    });
    this.#verified = new Counter({
      name: 'ledger_verified_folds_total',
      help: 'Streams folded again and compared with their rows, a few at random every minute.',
      registers,
    });
    this.#wrong = new Counter({
      name: 'ledger_verify_faults_total',
      help: 'Rows that disagree with the log, and unparked streams that could not be folded.',
      registers,
    });
  }

  /** The folds that this process has compared with their rows, and the faults found. */
  get checked(): Readonly<{ folds: number; faults: number }> {
    return this.#checked;
  }

  verified(folds: number, { count, examples }: Parameters<CatchUpObserver['verified']>[1]): void {
    this.#verified.inc(folds);
    this.#wrong.inc(count);
    this.#checked = { folds: this.#checked.folds + folds, faults: this.#checked.faults + count };
    for (const fault of examples)
      this.#logger.error(
        `A row disagrees with the log: ${fault}. Run "subscription-ledger verify" to list all differences and "rebuild" to repair them.`,
      );
  }

  stateChanged(state: CatchUpState): void {
    this.#projecting.set(state.kind === 'projecting' ? 1 : 0);
    this.#state.reset();
    this.#state.set({ state: state.kind }, 1);
    if (state.kind === 'refused') this.#logger.error(state.cause);
    else if (state.kind === 'waiting') this.#logger.warn(`${state.cause} Retrying until it answers.`);
    else this.#logger.log(`Catch-up: ${state.kind.replace('_', ' ')}.`);
  }

  batchApplied(
    events: number,
    { repeats, refolds, longestRefoldMs, ambiguous, parked, passed, waiting, gone }: Applied,
    seconds: number,
  ): void {
    this.#events.inc(events);
    this.#repeats.inc(repeats);
    this.#refolds.inc(refolds);
    this.#ambiguous.inc(ambiguous);
    this.#parkings.inc(parked.length);
    this.#deferred.inc(waiting);
    this.#gone.inc(gone.length);
    if (refolds > 0) this.#refoldSeconds.observe(longestRefoldMs / 1000);
    this.#seconds.observe(seconds);
    for (const { generation, stream, revision, cause } of parked)
      this.#logger.error(`Parked for ${generation}: ${stream}@${revision}: ${cause}`);
    for (const { generation, stream, revision, cause } of passed)
      this.#logger.warn(
        `Skipped for ${generation}, because a later event has the whole object: ${stream}@${revision}: ${cause}`,
      );
    for (const { stream, remains } of gone) {
      this.#logger.warn(
        `${stream} ${remains === 'none' ? 'was deleted from the store, so its rows were removed' : 'was truncated in the store; its rows are folded from the events that are left'}.`,
      );
    }
  }

  buildEnded(names: readonly string[], outcome: BuildOutcome): void {
    if (outcome.kind === 'failed')
      this.#logger.warn(`Building ${names.join(', ')} failed and will be retried: ${outcome.cause}`);
    else this.#logger.log(`Building ${names.join(', ')}: ${outcome.kind}.`);
  }

  warned(text: string): void {
    this.#logger.warn(text);
  }
}
