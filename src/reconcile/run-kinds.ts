import { Backfill, type BackfillEnd, type BackfillNews } from './backfill.js';
import { closeGaps } from './coverage-report.js';
import { recover, type Recovered } from './coverage.js';
import type { EventStore } from '../eventstore/event-store.js';
import { endOfMoney, endOfRun, type ShownFinding } from './findings.js';
import { compareMoney, type MoneyCompared } from './money.js';
import { Reconcile, type Reconciled, type ReconcileOptions } from './reconcile.js';
import type { RecorderParts } from './recorder.js';
import type { RunAtWork } from './run-at-work.js';
import { latestRuns, type Started } from './run-log.js';
import { whoseOf, type Session } from './session.js';
import { RESOURCES } from '../stripe-api/resources.js';

/** Stripe's names for the objects that a run can cover. */
export const OBJECTS: readonly string[] = RESOURCES.map(({ object }) => object);

export type RunParts = RecorderParts & Readonly<{ session: Session; signal: AbortSignal }>;

/** The data that begins a run, for the account of a session. */
export const startedBy = (
  { account, connected, livemode, apiVersion, at, opened }: Session,
  { kind, key, options }: Pick<Started, 'kind' | 'key' | 'options'>,
): Started => ({
  ...{ kind, account, livemode, key, apiVersion, at },
  options: {
    ...(kind === 'backfill' ? { opened: opened ?? 0 } : {}),
    ...options,
    ...(connected === null ? {} : { account: connected }),
  },
});

/** Reads everything that Stripe has. @throws RunTaken */
export const runBackfill = (
  { session, ...parts }: RunParts & { laterMs?: number },
  run: RunAtWork,
  news: BackfillNews,
): Promise<BackfillEnd> => new Backfill({ ...parts, api: session.api, whose: whoseOf(session) }, run, news).work();

/** Compares the ledger's money with Stripe's balance transactions. @throws RunTaken, NotRecorded */
export async function runMoney(
  { session, ...parts }: RunParts,
  run: RunAtWork,
  report: (text: string) => void,
): Promise<Readonly<{ compared: MoneyCompared; found: readonly ShownFinding[] }>> {
  const hasHistory = await hasAllTransactions(parts.store, session);
  const options = { whose: whoseOf(session), hasHistory, run: run.id, signal: parts.signal, report };
  const compared = await compareMoney({ ...parts, api: session.api }, options);
  return { compared, found: await endOfMoney(run, compared) };
}

/** Whether a finished run has read all balance transactions from the first. */
export async function hasAllTransactions(
  store: EventStore,
  { account, livemode }: Pick<Session, 'account' | 'livemode'>,
): Promise<boolean> {
  const runs = await latestRuns(store, { max: LOOK_BACK });
  return runs.some(({ started, standing }) => {
    if (started?.account !== account || started.livemode !== livemode || standing.step !== 'finished') return false;
    const { only, since, dryRun } = started.options as { only?: readonly string[]; since?: number; dryRun?: boolean };
    const hasRead = only === undefined || only.includes('balance_transaction');
    return (
      started.kind === 'money' || (started.kind === 'backfill' && hasRead && since === undefined && dryRun !== true)
    );
  });
}

const LOOK_BACK = 200;

type RecoverOptions = Readonly<{ since?: number; dryRun?: boolean }>;

/** Appends events that were never delivered. @throws RunTaken */
export async function runRecovery({ session, ...parts }: RunParts, run: RunAtWork): Promise<Recovered> {
  const { since, dryRun = false } = run.started.options as RecoverOptions;
  const asked = { session, run: run.id, isDryRun: dryRun, ...(since === undefined ? {} : { since }) };
  const recovered = await recover({ ...parts, api: session.api }, asked);
  await endOfRecovery(run, recovered);
  return recovered;
}

/** Ends a run with the events that were missing. @throws RunTaken */
export async function endOfRecovery(run: RunAtWork, recovered: Recovered): Promise<void> {
  if (recovered.kind === 'overtaken') {
    const why = 'Another process is comparing the events of this account and covers this period.';
    await run.say({ step: 'finished', state: { why } });
    return;
  }
  const isRefused = recovered.kind === 'refused';
  await endOfRun(run, {
    kind: isRefused ? 'stopped' : 'reconciled',
    why: isRefused ? recovered.message : null,
    recovered: isRefused ? null : recovered,
    findings: [],
    counts: {},
    unconfirmed: 0,
    skipped: {},
  });
}

export type Comparing = Pick<ReconcileOptions, 'all' | 'only' | 'repair' | 'max' | 'sample'>;

/** Compares the ledger with Stripe, object by object. @throws RunTaken, NotRecorded */
export async function runComparison(
  parts: RunParts,
  run: RunAtWork,
  { wait, report }: Pick<ReconcileOptions, 'wait' | 'report'>,
): Promise<Reconciled> {
  const options = run.started.options as unknown as Comparing;
  const { signal } = parts;
  const reconciled = await new Reconcile(parts, { ...options, run: run.id, wait, report, signal }).run();
  await endOfRun(run, reconciled);
  const { all, only, repair, sample } = options;
  const isWhole = all && only.length === 0 && repair && sample === undefined && reconciled.kind === 'reconciled';
  const isAllSeen = isWhole && Object.keys(reconciled.skipped).length === 0;
  if (isAllSeen && reconciled.findings.every(({ repaired }) => repaired !== null))
    await closeGaps(parts.store, parts.session, { id: run.id, at: run.started.at });
  return reconciled;
}
