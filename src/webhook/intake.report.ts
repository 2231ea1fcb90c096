import { Logger } from '@nestjs/common';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { QUARANTINED, remarkOn, type Acknowledged, type Quarantined, type Refusal } from './refusal.js';
import { RepeatedLines } from './repeated-lines.js';

/** What becomes of a delivery. Each is counted once, whichever layer answers it. */
type Outcome = Acknowledged | Refusal['kind'] | 'stopping' | 'failed';
const OUTCOMES: Readonly<Record<Outcome, true>> = {
  appended: true,
  duplicate: true,
  quarantined: true,
  bad_signature: true,
  unreadable: true,
  too_large: true,
  over_limit: true,
  overloaded: true,
  unavailable: true,
  stopping: true,
  failed: true,
  timeout: true,
  malformed: true,
  incomplete: true,
};

/** Counts deliveries by outcome, measures how long they took, and logs those that were refused. */
export class IntakeReport {
  readonly #logger = new Logger('webhook');
  readonly #lines = new RepeatedLines();
  readonly #deliveries: Counter<'outcome'>;
  readonly #quarantined: Counter<'reason'>;
  readonly #seconds: Histogram<'outcome'>;

  /** `waiting` tells how many events wait for the store. */
  constructor(registry: Registry, waiting: () => number) {
    this.#deliveries = new Counter({
      name: 'ledger_webhook_deliveries_total',
      help: 'Webhook deliveries by outcome. too_large and over_limit are alarms: such an event is never stored.',
      labelNames: ['outcome'],
      registers: [registry],
    });
    // From the start, so that a first increase is one.
    for (const outcome of Object.keys(OUTCOMES)) this.#deliveries.inc({ outcome }, 0);
    this.#quarantined = new Counter({
      name: 'ledger_quarantined_total',
      help: 'Events stored in quarantine, by reason. conflict and stream_deleted are alarms: an event has a stream, and is not in it.',
      labelNames: ['reason'],
      registers: [registry],
    });
    for (const reason of Object.keys(QUARANTINED)) this.#quarantined.inc({ reason }, 0);
    this.#seconds = new Histogram({
      name: 'ledger_webhook_seconds',
      help: 'Time from the whole body received to the answer.',
      labelNames: ['outcome'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    });
    new Gauge({
      name: 'ledger_webhook_waiting',
      help: 'Events that wait for the store now.',
      registers: [registry],
      collect() {
        this.set(waiting());
      },
    });
  }

  /** A delivery whose body was read has its answer, `seconds` later. */
  answered(outcome: Acknowledged | Refusal, seconds: number): void {
    const kind = typeof outcome === 'string' ? outcome : outcome.kind;
    this.#seconds.observe({ outcome: kind }, seconds);
    if (typeof outcome === 'string') this.#deliveries.inc({ outcome: kind });
    else this.refused(outcome);
  }

  /** An event was stored in quarantine. */
  quarantined({ reason, type, stream }: Quarantined): void {
    this.#quarantined.inc({ reason });
    this.#lines.write(reason, (more) =>
      this.#logger.error(`A ${type} is in quarantine, as ${stream}: ${QUARANTINED[reason]}${more}`),
    );
  }

  /** A delivery was refused. */
  refused(refusal: Refusal): void {
    this.#deliveries.inc({ outcome: refusal.kind });
    const { level, text, cause } = remarkOn(refusal);
    const key = refusal.kind === 'bad_signature' ? refusal.reason : refusal.kind;
    this.#lines.write(key, (more) => {
      if (cause instanceof Error) this.#logger[level](cause, text + more);
      else this.#logger[level](text + more);
    });
  }

  /** A delivery came while the service stops. */
  stopping(): void {
    this.#deliveries.inc({ outcome: 'stopping' });
  }

  /** A delivery is answered 500, for a fault of ours. */
  failed(): void {
    this.#deliveries.inc({ outcome: 'failed' });
  }
}
