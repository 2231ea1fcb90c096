import type { EventStore } from '../eventstore/event-store.js';
import { readStreamBack } from '../eventstore/read.js';
import { readClaims, type Claim } from './claims.js';
import { coveredAccounts, coverageStreamOf, type Account, type Covered, type Ended, type Gap } from './coverage.js';
import { append } from './run-log.js';
import { latestRuns } from './run-log.js';

/** Up to when the events of an account are known to be complete. Seconds of Stripe's clock. */
export type CoverageReport = Account &
  Readonly<{
    /** Null: nothing is covered yet. */
    until: number | null;
    /** Why coverage ended; null: it continues. */
    ended: string | null;
    gaps: readonly Gap[];
    /** Requests of the watch in the last 24 hours, except those of the current claim, which the next claim reports. */
    requests: number;
  }>;

const RUNS_MAX = 50;
const ACCOUNTS_MAX = 1_000;
const AT_ONCE = 16;
/** Two months of passes. */
const EVENTS_MAX = 20_000;

/** The coverage of each account that was ever covered or had a recent run. */
export async function readCoverages(store: EventStore, now: number): Promise<readonly CoverageReport[]> {
  const runs = await latestRuns(store, { max: RUNS_MAX });
  const known = [...(await coveredAccounts(store, ACCOUNTS_MAX)), ...runs.flatMap(({ started }) => started ?? [])];
  const accounts = new Map(
    known.map(({ account, livemode }) => [`${account} ${livemode}`, { account, livemode }] as const),
  );
  const reports: CoverageReport[] = [];
  const left = [...accounts.values()];
  while (left.length > 0)
    reports.push(...(await Promise.all(left.splice(0, AT_ONCE).map((whose) => reportOf(store, whose, now)))));
  return reports;
}

async function reportOf(
  store: EventStore,
  whose: Account,
  now: number,
): Promise<CoverageReport & Readonly<{ revision: bigint }>> {
  const { spent, revision } = await readClaims(store, whose, now);
  let until: number | null = null;
  let ended: string | null = null;
  const gaps: Gap[] = [];
  const swept = new Set<number>();
  for await (const { data } of readStreamBack(store, coverageStreamOf(whose), { max: EVENTS_MAX })) {
    const event = data as Covered | Gap | Claim | Swept | Ended;
    if (event.kind === 'ended' && until === null) ended ??= event.cause;
    if (event.kind === 'covered') until ??= event.to;
    if (event.kind === 'swept') for (const from of event.gaps) swept.add(from);
    if (event.kind === 'gap' && !swept.has(event.from)) gaps.push(event);
  }
  const requests = spent.requests.reduce((sum, one) => sum + one.requests, -spent.inHand);
  return { ...whose, until, ended, gaps, revision, requests };
}

/** A full comparison found and repaired what these gaps missed. A gap is named by its first second. */
type Swept = Readonly<{ kind: 'swept'; gaps: readonly number[]; run: string }>;

const ATTEMPTS_MAX = 20;

/** Closes the gaps of an account that ended before a run which compared and repaired everything. */
export async function closeGaps(
  store: EventStore,
  whose: Account,
  run: Readonly<{ id: string; at: number }>,
): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const { gaps, revision } = await reportOf(store, whose, Date.now());
    const closed = gaps.filter(({ to }) => to < run.at).map(({ from }) => from);
    if (closed.length === 0) return;
    const data: Swept = { kind: 'swept', gaps: closed, run: run.id };
    if (await append(store, coverageStreamOf(whose), { type: 'ledger.gaps_swept', data, revision })) return;
  }
}
