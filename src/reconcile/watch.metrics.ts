import { Counter, Gauge, type Registry } from 'prom-client';
import type { RequestReport } from '../stripe-api/stripe-api.js';
import { isFault, type MissedEvent, type Recovered } from './coverage.js';
import type { FollowNews } from './following.js';
import type { MoneyCompared } from './money.js';
import type { Reconciled } from './reconcile.js';
import type { Session } from './session.js';
import type { WatchNews } from './watch.js';

type Described = Readonly<{ name: string; help: string; labelNames?: string[] }>;

/** Metrics of the watch. */
export class WatchMetrics implements WatchNews {
  readonly #requests: Counter;
  readonly #limited: Counter;
  readonly #budgetLeft: Gauge;
  readonly #coveredUntil: Gauge;
  readonly #connectedUntil: Gauge;
  readonly #connected = new Map<string, number>();
  /** By account and mode: the findings of the last comparison. */
  readonly #found = new Map<string, Reconciled['findings']>();
  readonly #gaps: Counter;
  readonly #missing: Counter;
  readonly #recovered: Counter;
  readonly #findings: Gauge;
  readonly #repairs: Counter;
  readonly #unknown: Counter;
  readonly #thin: Counter;
  readonly #late: Counter;
  readonly #unexplained: Gauge;

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
      help: 'Requests that Stripe rejected because of its rate limit.',
      labelNames: ['reason'],
    });
    this.#budgetLeft = gauge({ name: 'ledger_stripe_budget_left', help: 'Requests left in the 24-hour budget.' });
    this.#coveredUntil = gauge({
      name: 'ledger_covered_until_seconds',
      help: 'Unix time up to which all events that Stripe lists are in the log.',
      labelNames: ['account', 'mode'],
    });
    this.#connectedUntil = gauge({
      name: 'ledger_connected_covered_until_seconds',
      help: 'The same for the connected account that is furthest behind.',
    });
    this.#gaps = counter({
      name: 'ledger_coverage_gaps_total',
      help: 'Gaps: periods for which events cannot be listed any more.',
    });
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
      help: 'Objects that differed from Stripe at the last comparison.',
      labelNames: ['verdict', 'object'],
    });
    this.#repairs = counter({
      name: 'ledger_repairs_total',
      help: 'Observations appended to repair differences.',
      labelNames: ['verdict'],
    });
    this.#unknown = counter({
      name: 'ledger_events_unknown_to_stripe_total',
      help: 'Webhooks with a valid signature that Stripe does not know.',
    });
    this.#thin = counter({
      name: 'ledger_thin_events_total',
      help: 'Events without a snapshot, by the result of fetching the object.',
      labelNames: ['outcome'],
    });
    this.#late = counter({
      name: 'ledger_stripe_events_listed_late_total',
      help: 'Events that Stripe listed later than the wait time.',
    });
    this.#unexplained = gauge({
      name: 'ledger_money_unexplained_minor',
      help: 'Balance at Stripe minus the sum of all balance transactions, in minor units.',
      labelNames: ['currency'],
    });
  }

  requested({ resource, outcome, reason }: RequestReport): void {
    this.#requests.inc({ resource, outcome });
    if (reason !== null) this.#limited.inc({ reason });
  }

  budgetLeft(requests: number): void {
    this.#budgetLeft.set(requests);
  }

  recovered({ account, connected, livemode }: Session, found: Extract<Recovered, { kind: 'recovered' }>): void {
    const { covered, gap, missed } = found;
    const mode = livemode ? 'live' : 'test';
    if (covered !== null && connected === null) this.#coveredUntil.set({ account, mode }, covered.to);
    else if (covered !== null) {
      // Connected accounts may number in the thousands, too many for labels.
      this.#connected.set(`${account} ${mode}`, covered.to);
      this.#connectedUntil.set(Math.min(...this.#connected.values()));
    }
    if (gap !== null) this.#gaps.inc();
    const faults = missed.filter(isFault);
    if (faults.length > 0)
      this.warned(
        `Events were not delivered: ${counted(faults.map(({ type, cause }) => `${type} ${cause}`))}. They were appended.`,
      );
    for (const { cause, appended } of missed) {
      this.#missing.inc({ cause });
      if (appended !== null) this.#recovered.inc();
    }
  }

  followed({ fetched, unknown }: FollowNews): void {
    for (const { outcome } of fetched) this.#thin.inc({ outcome });
    if (unknown.length === 0) return;
    this.#unknown.inc(unknown.length);
    this.warned(
      `Stripe does not know ${counted(unknown.map(({ type }) => type))}, although the signature was valid. Rotate the signing secret and check these events in the console.`,
    );
  }

  listedLate(events: readonly MissedEvent[]): void {
    this.#late.inc(events.length);
    this.warned(`Stripe listed events later than the wait time: ${counted(events.map(({ type }) => type))}.`);
  }

  money({ connected }: Session, { findings, unexplained }: MoneyCompared): void {
    for (const [currency, minor] of connected === null ? unexplained : [])
      this.#unexplained.set({ currency }, Number(minor));
    if (findings.length > 0) this.warned(`Money does not add up: ${counted(findings.map(({ cause }) => cause))}.`);
  }

  reconciled({ account, livemode }: Session, { findings }: Reconciled): void {
    if (findings.length > 0)
      this.warned(
        `Objects differ from Stripe: ${counted(findings.map(({ verdict, object }) => `${verdict} ${object}`))}.`,
      );
    for (const { verdict, repaired } of findings) if (repaired !== null) this.#repairs.inc({ verdict });
    this.#found.set(`${account} ${livemode}`, findings);
    this.#findings.reset();
    for (const { verdict, object } of [...this.#found.values()].flat()) this.#findings.inc({ verdict, object });
  }
}

const KINDS_TOLD_MAX = 10;

/** Names with their counts, for a log line. */
function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const examples = [...counts].slice(0, KINDS_TOLD_MAX).map(([name, count]) => `${name} ${count}`);
  return [...examples, ...(counts.size > KINDS_TOLD_MAX ? ['…'] : [])].join(', ');
}
