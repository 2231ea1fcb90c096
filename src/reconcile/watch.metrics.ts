import { Counter, Gauge, type Registry } from 'prom-client';
import type { RequestReport } from '../stripe-api/stripe-api.js';
import type { Recovered } from './coverage.js';
import type { Reconciled } from './reconcile.js';
import type { Session } from './session.js';
import type { WatchNews } from './watch.js';

type Described = Readonly<{ name: string; help: string; labelNames?: string[] }>;

/** What asking Stripe by itself tells, as metrics. */
export class WatchMetrics implements WatchNews {
  readonly #requests: Counter;
  readonly #limited: Counter;
  readonly #budgetLeft: Gauge;
  readonly #coveredUntil: Gauge;
  readonly #gaps: Counter;
  readonly #missing: Counter;
  readonly #recovered: Counter;
  readonly #findings: Gauge;
  readonly #repairs: Counter;

  constructor(
    registry: Registry,
    readonly warned: (text: string) => void,
  ) {
    const registers = [registry];
    const counter = (of: Described) => new Counter({ labelNames: [], ...of, registers });
    const gauge = (of: Described) => new Gauge({ labelNames: [], ...of, registers });
    this.#requests = counter({
      name: 'ledger_stripe_requests_total',
      help: "Requests to Stripe's API.",
      labelNames: ['resource', 'outcome'],
    });
    this.#limited = counter({
      name: 'ledger_stripe_rate_limited_total',
      help: 'Requests that Stripe refused as too many.',
      labelNames: ['reason'],
    });
    this.#budgetLeft = gauge({ name: 'ledger_stripe_budget_left', help: 'Requests left of the budget of 24 hours.' });
    this.#coveredUntil = gauge({
      name: 'ledger_covered_until_seconds',
      help: 'Up to which second all events that Stripe lists are in the log.',
      labelNames: ['account', 'mode'],
    });
    this.#gaps = counter({ name: 'ledger_coverage_gaps_total', help: 'Times of which nobody knows what happened.' });
    this.#missing = counter({
      name: 'ledger_missing_events_total',
      help: 'Events that were not delivered.',
      labelNames: ['cause'],
    });
    this.#recovered = counter({
      name: 'ledger_recovered_events_total',
      help: "Events appended from Stripe's list.",
    });
    this.#findings = gauge({
      name: 'ledger_drift_findings',
      help: 'Objects that differ from Stripe, at the last comparison.',
      labelNames: ['verdict', 'object'],
    });
    this.#repairs = counter({
      name: 'ledger_repairs_total',
      help: 'Observations appended to mend what differed.',
      labelNames: ['verdict'],
    });
  }

  requested({ resource, outcome, reason }: RequestReport): void {
    this.#requests.inc({ resource, outcome });
    if (reason !== null) this.#limited.inc({ reason });
  }

  budgetLeft(requests: number): void {
    this.#budgetLeft.set(requests);
  }

  recovered({ account, livemode }: Session, found: Extract<Recovered, { kind: 'recovered' }>): void {
    const { covered, gap, missed } = found;
    if (covered !== null) this.#coveredUntil.set({ account, mode: livemode ? 'live' : 'test' }, covered.to);
    if (gap !== null) this.#gaps.inc();
    for (const { cause, appended } of missed) {
      this.#missing.inc({ cause });
      if (appended !== null) this.#recovered.inc();
    }
  }

  reconciled({ findings }: Reconciled): void {
    this.#findings.reset();
    for (const { verdict, object, repaired } of findings) {
      this.#findings.inc({ verdict, object });
      if (repaired !== null) this.#repairs.inc({ verdict });
    }
  }
}
