import type { EventStore } from '../eventstore/event-store.js';
import { readStreamBack } from '../eventstore/read.js';
import { readClaims, type Claim } from './claims.js';
import { coverageStreamOf, type Account, type Covered, type Gap } from './coverage.js';
import { latestRuns } from './run-log.js';

/** For which time the events of an account are known to be complete. Seconds of Stripe's clock. */
export type CoverageReport = Account &
  Readonly<{
    /** Null: nothing is covered yet. */
    until: number | null;
    gaps: readonly Gap[];
    /** Requests of 24 hours, of what runs by itself. */
    requests: number;
  }>;

const RUNS_MAX = 50;
/** Two months of passes. */
const EVENTS_MAX = 20_000;

/** The coverage of each account that a run was of. */
export async function readCoverages(store: EventStore, now: number): Promise<readonly CoverageReport[]> {
  const runs = await latestRuns(store, { max: RUNS_MAX });
  const accounts = new Map(
    runs.flatMap(({ started }) => {
      if (started === null) return [];
      const { account, livemode } = started;
      return [[`${account} ${livemode}`, { account, livemode }] as const];
    }),
  );
  return Promise.all([...accounts.values()].map((whose) => reportOf(store, whose, now)));
}

async function reportOf(store: EventStore, whose: Account, now: number): Promise<CoverageReport> {
  const { spent } = await readClaims(store, whose, now);
  let until: number | null = null;
  const gaps: Gap[] = [];
  for await (const { data } of readStreamBack(store, coverageStreamOf(whose), { max: EVENTS_MAX })) {
    const event = data as Covered | Gap | Claim;
    if (event.kind === 'covered') until ??= event.to;
    if (event.kind === 'gap') gaps.push(event);
  }
  return { ...whose, until, gaps, requests: spent.requests.reduce((sum, { requests }) => sum + requests, 0) };
}
