/** The findings of a run, as reports and the API show them; stored in the run's own stream. */
import { readStream } from '../eventstore/read.js';
import type { EventStore } from '../eventstore/event-store.js';
import { isoTime } from '../events/fields.js';
import type { MissedEvent } from './coverage.js';
import type { RowChange } from './judge.js';
import type { Suspect } from './unknown-events.js';
import type { MoneyCompared, MoneyFinding } from './money.js';
import type { Finding, Reconciled } from './reconcile.js';
import type { RunAtWork } from './run-at-work.js';
import { streamOfRun } from './run-log.js';

/** An object or event on which the ledger and Stripe differ, as plain JSON. */
export type ShownFinding = Readonly<{
  verdict: Finding['verdict'] | 'missing_event' | 'money' | 'unknown_to_stripe';
  object: string;
  id: string;
  stream: string | null;
  rows: readonly RowChange[];
  /** Something happened in between that no event reports; for a missing event, both are its time. */
  since: Readonly<{ after: string; before: string }> | null;
  /** Why an event is missing, an object cannot be read, or money does not add up. */
  cause: string | null;
  /** The type of a missing or unknown event. */
  type: string | null;
  looks: readonly (string | null)[];
  /** Where the repair was appended; null: nothing was appended. */
  repaired: Readonly<{ revision: string; position: string }> | null;
}>;

/** The maximum number of findings stored; the rest are only counted. */
const FINDINGS_MAX = 10_000;
const FINDINGS_AT_ONCE = 50;

export const findingsOf = ({ findings, recovered }: Pick<Reconciled, 'findings' | 'recovered'>): ShownFinding[] => [
  ...(recovered?.missed ?? []).map(shownEvent),
  ...findings.map(shownObject),
];

export const shownEvent = ({ id, type, created, cause, appended }: MissedEvent): ShownFinding => ({
  verdict: 'missing_event',
  object: 'event',
  ...{ id, type, cause },
  stream: appended?.stream ?? null,
  rows: [],
  since: { after: isoTime(created), before: isoTime(created) },
  looks: [],
  repaired: placeOf(appended),
});

const shownObject = ({ since, repaired, ...finding }: Finding): ShownFinding => ({
  ...finding,
  type: null,
  since: since && { after: isoTime(since.after), before: isoTime(since.before) },
  repaired: placeOf(repaired),
});

/** A webhook with a valid signature that Stripe does not know. */
export const shownUnknown = ({ id, type, stream, created }: Suspect): ShownFinding => ({
  ...({ verdict: 'unknown_to_stripe', object: 'event', id, type, stream, cause: null } as const),
  ...{ rows: [], looks: [], repaired: null },
  since: { after: isoTime(created), before: isoTime(created) },
});

const shownMoney = ({ cause, object, id, currency, ledgerMinor, stripeMinor }: MoneyFinding): ShownFinding => ({
  ...({
    verdict: 'money',
    object,
    id,
    cause,
    type: null,
    stream: null,
    since: null,
    looks: [],
    repaired: null,
  } as const),
  rows: [{ table: object, key: id, field: currency, ledger: textOf(ledgerMinor), stripe: textOf(stripeMinor) }],
});

/** Minor units, as text: a sum may exceed the range of a number. */
const textOf = (minor: bigint | null): string | null => (minor === null ? null : String(minor));

const placeOf = (place: Finding['repaired']): ShownFinding['repaired'] =>
  place && { revision: String(place.revision), position: String(place.position) };

/** Ends a run with its findings. @throws RunTaken when another process has ended it */
export async function endOfRun(run: RunAtWork, reconciled: Reconciled): Promise<void> {
  const { kind, why, counts, recovered, unconfirmed, skipped } = reconciled;
  const events = { listed: recovered?.listed ?? 0, missing: recovered?.missed.length ?? 0 };
  const state = {
    ...{ why, objects: counts, events },
    ...(unconfirmed === 0 ? {} : { unconfirmed }),
    ...(Object.keys(skipped).length === 0 ? {} : { skipped }),
  };
  await end(run, findingsOf(reconciled), { isWhole: kind === 'reconciled', state });
}

/** Ends a comparison of money with its findings, and returns them. */
export async function endOfMoney(run: RunAtWork, compared: MoneyCompared): Promise<readonly ShownFinding[]> {
  const { kind, why, since, listed, appended, unexplained } = compared;
  const found = compared.findings.map(shownMoney);
  const amounts = Object.fromEntries([...unexplained].map(([currency, minor]) => [currency, String(minor)]));
  const state = { why, since, transactions: { listed, appended }, unexplained: amounts };
  await end(run, found, { isWhole: kind === 'compared', state });
  return found;
}

/** Ends a run with what the watch found. */
export const endWith = (run: RunAtWork, found: readonly ShownFinding[]): Promise<void> =>
  end(run, found, { isWhole: true, state: { why: null } });

type Ending = Readonly<{ isWhole: boolean; state: Readonly<Record<string, unknown>> }>;

async function end(run: RunAtWork, found: readonly ShownFinding[], { isWhole, state }: Ending): Promise<void> {
  for (let at = 0; at < Math.min(found.length, FINDINGS_MAX); at += FINDINGS_AT_ONCE)
    await run.say({ step: 'checkpoint', state: { found: found.slice(at, at + FINDINGS_AT_ONCE) } });
  // An incomplete run does not prove that there is nothing to find.
  const findings = isWhole || found.length > 0 ? { findings: found.length } : {};
  await run.say({ step: isWhole ? 'finished' : 'stopped', state: { ...state, ...findings } });
}

/** Yields the findings of a run in order, each once, even if a killed process had already recorded some of them. */
export async function* readFindings(store: EventStore, run: string): AsyncGenerator<ShownFinding> {
  const seen = new Set<string>();
  for await (const { data } of readStream(store, streamOfRun(run)))
    for (const finding of (data as Readonly<{ found?: readonly ShownFinding[] }>).found ?? []) {
      const key = `${finding.object} ${finding.id}`;
      if (!seen.has(key)) yield finding;
      seen.add(key);
    }
}
