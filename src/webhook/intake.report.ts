import { Logger } from '@nestjs/common';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { DeliveryLines } from './delivery-lines.js';
import { IntakeMinutes } from './intake-minutes.js';
import { QUARANTINED, remarkOn, type Acknowledged, type Quarantined, type Recorded, type Refusal } from './refusal.js';
import { RecentDeliveries } from './recent-deliveries.js';
import { RepeatedLines } from './repeated-lines.js';
import { textOf, type Sender } from './sender.js';

type Options = Readonly<{
  registry: Registry;
  /** Returns how many events wait for the store. */
  waiting: () => number;
  /** The labels of the configured secrets. */
  labels: readonly string[];
  /** Whether to print a line per delivery, for a developer at a terminal. */
  showDeliveries: boolean;
}>;

/** The outcome of a delivery. Each delivery is counted once, whichever layer answers it. */
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

/** Quarantine reasons that keep an event out of its proper stream. */
const IS_ALARM: Readonly<Partial<Record<Quarantined['reason'], true>>> = { conflict: true, stream_deleted: true };

/** Counts deliveries by outcome, measures their latency, and logs refused ones. */
export class IntakeReport {
  readonly #logger = new Logger('webhook');
  /** Recently acknowledged deliveries, for `/v1/events/:id`. */
  readonly latest = new RecentDeliveries();
  /** Deliveries of the last hour, for `/v1/status`. */
  readonly minutes = new IntakeMinutes();
  readonly #lines = new RepeatedLines();
  readonly #shown: DeliveryLines | null;
  readonly #labels: readonly string[];
  readonly #deliveries: Counter<'outcome'>;
  readonly #quarantined: Counter<'reason'>;
  readonly #renderings: Counter;
  readonly #seconds: Histogram<'outcome'>;

  constructor({ registry, waiting, labels, showDeliveries }: Options) {
    this.#labels = labels;
    this.#shown = showDeliveries ? new DeliveryLines((text) => this.#logger.log(text)) : null;
    this.#deliveries = new Counter({
      name: 'ledger_webhook_deliveries_total',
      help: 'Webhook deliveries by outcome. too_large and over_limit are alarms: such an event is never stored.',
      labelNames: ['outcome'],
      registers: [registry],
    });
    // From the start, so that the first increase is visible.
    for (const outcome of Object.keys(OUTCOMES)) this.#deliveries.inc({ outcome }, 0);
    this.#quarantined = new Counter({
      name: 'ledger_quarantined_total',
      help: 'Events stored in quarantine, by reason. conflict and stream_deleted are alarms: the event is missing from its stream.',
      labelNames: ['reason'],
      registers: [registry],
    });
    for (const reason of Object.keys(QUARANTINED)) this.#quarantined.inc({ reason }, 0);
    this.#renderings = new Counter({
      name: 'ledger_renderings_total',
      help: 'Events appended that the log already had in another API version, as endpoints of different versions deliver them.',
      registers: [registry],
    });
    this.#seconds = new Histogram({
      name: 'ledger_webhook_seconds',
      help: 'Time from receiving the whole body to the response.',
      labelNames: ['outcome'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    });
    new Gauge({
      name: 'ledger_webhook_waiting',
      help: 'Events waiting for the event store.',
      registers: [registry],
      collect() {
        this.set(waiting());
      },
    });
  }

  /** Reports a delivery whose event is in the log; its answer took `seconds`. */
  acknowledged(recorded: Recorded, seconds: number): void {
    const { kind: outcome } = recorded;
    this.#seconds.observe({ outcome }, seconds);
    this.#count(outcome);
    this.latest.note(recorded);
    this.#shown?.add(outcome, () => lineOf(recorded, seconds));
    if (recorded.kind === 'quarantined') this.#inQuarantine(recorded);
    if (recorded.kind === 'appended' && recorded.isRendering) this.#renderings.inc();
  }

  /** Reports a delivery that was refused after its body was read; its answer took `seconds`. */
  answered(refusal: Refusal, { seconds, sender }: { seconds: number; sender: Sender }): void {
    this.#seconds.observe({ outcome: refusal.kind }, seconds);
    this.refused(refusal, sender);
  }

  /** Reports a refused delivery. */
  refused(refusal: Refusal, sender: Sender): void {
    this.#count(refusal.kind);
    const { level, text, cause } = remarkOn(refusal, this.#labels);
    const key =
      refusal.kind === 'bad_signature'
        ? refusal.reason
        : `${refusal.kind} ${refusal.kind === 'unreadable' ? refusal.endpoint : ''}`;
    const receivedAt = new Date();
    this.#lines.write(key, (more) => {
      const line = text + textOf(sender, receivedAt) + more;
      if (cause instanceof Error) this.#logger[level](cause, line);
      else this.#logger[level](line);
    });
  }

  #inQuarantine({ reason, type, stream, stripeEventId, endpoint }: Quarantined): void {
    this.#quarantined.inc({ reason });
    const what = `${type} ${stripeEventId ?? 'without an id'} of the endpoint "${endpoint}"`;
    this.#lines.write(`${reason} ${endpoint}`, (more) =>
      this.#logger[IS_ALARM[reason] ? 'error' : 'warn'](
        `In quarantine, as ${stream}: ${what}: ${QUARANTINED[reason]}${more}`,
      ),
    );
  }

  /** Reports a delivery that arrived while the service was stopping. */
  stopping(): void {
    this.#count('stopping');
  }

  /** Reports a delivery answered 500, for an internal fault. */
  failed(): void {
    this.#count('failed');
  }

  #count(outcome: Outcome): void {
    this.#deliveries.inc({ outcome });
    this.minutes.note(outcome);
  }
}

/** Formats a delivery like the Stripe CLI, with its place in the log. */
const lineOf = ({ kind, type, stripeEventId, stream, revision }: Recorded, seconds: number): string =>
  `200 ${kind.padEnd(11)}  ${type}  ${stripeEventId ?? '-'}  ${stream}@${revision}  ${Math.round(seconds * 1000)} ms`;
