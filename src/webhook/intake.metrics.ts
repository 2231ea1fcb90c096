import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { IntakeOutcome } from './intake.js';

/** Counts deliveries by outcome and measures how long they took, in seconds. */
export class IntakeMetrics {
  readonly #deliveries: Counter<'outcome'>;
  readonly #seconds: Histogram<'outcome'>;

  constructor(registry: Registry, waiting: () => number) {
    this.#deliveries = new Counter({
      name: 'ledger_webhook_deliveries_total',
      help: 'Webhook deliveries by outcome. too_large is an alarm: such an event is never stored.',
      labelNames: ['outcome'],
      registers: [registry],
    });
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

  observe(outcome: IntakeOutcome, seconds: number): void {
    this.#deliveries.inc({ outcome: outcome.kind });
    this.#seconds.observe({ outcome: outcome.kind }, seconds);
  }
}
