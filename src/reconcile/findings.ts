/** What a run found, as reports and the API show it; kept in the run's own stream. */
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

/** An object or an event that the ledger and Stripe tell differently; plain JSON. */
export type ShownFinding = Readonly<{
  verdict: Finding['verdict'] | 'missing_event' | 'money' | 'unknown_to_stripe';
  object: string;
  id: string;
  stream: string | null;
  rows: readonly RowChange[];
  /** Something happened between, of which no event tells; of a missing event both are when it happened. */
  since: Readonly<{ after: string; before: string }> | null;
  /** Why an event is missing, an object cannot be read, or money does not add up. */
  cause: string | null;
  /** Of a missing event. */
  type: string | null;
  looks: readonly (string | null)[];
  /** Where what mends it stands; null: nothing was appended. */
  repaired: Readonly<{ revision: string; position: string }> | null;
}>;

/** How many are kept; the others are counted. */
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

/** A webhook that bears a right signature, and that Stripe does not know. */
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

/** Minor units: sums may be beyond what a number holds. */
const textOf = (minor: bigint | null): string | null => (minor === null ? null : String(minor));

const placeOf = (place: Finding['repaired']): ShownFinding['repaired'] =>
  place && { revision: String(place.revision), position: String(place.position) };

/** Ends a run with what it found. @throws RunTaken when another process has ended it */
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

/** The same of a comparison of money. */
export async function endOfMoney(run: RunAtWork, compared: MoneyCompared): Promise<readonly ShownFinding[]> {
  const { kind, why, since, listed, appended, unexplained } = compared;
  const found = compared.findings.map(shownMoney);
  const amounts = Object.fromEntries([...unexplained].map(([currency, minor]) => [currency, String(minor)]));
  const state = { why, since, transactions: { listed, appended }, unexplained: amounts };
  await end(run, found, { isWhole: kind === 'compared', state });
  return found;
}

/** Ends a run with what the service came upon by itself. */
export const endWith = (run: RunAtWork, found: readonly ShownFinding[]): Promise<void> =>
  end(run, found, { isWhole: true, state: { why: null } });

type Ending = Readonly<{ isWhole: boolean; state: Readonly<Record<string, unknown>> }>;

async function end(run: RunAtWork, found: readonly ShownFinding[], { isWhole, state }: Ending): Promise<void> {
  for (let at = 0; at < Math.min(found.length, FINDINGS_MAX); at += FINDINGS_AT_ONCE)
    await run.say({ step: 'checkpoint', state: { found: found.slice(at, at + FINDINGS_AT_ONCE) } });
  // That nothing was found is known only of what was compared to its end.
  const findings = isWhole || found.length > 0 ? { findings: found.length } : {};
  await run.say({ step: isWhole ? 'finished' : 'stopped', state: { ...state, ...findings } });
}

/** What a run found, in its order; each once, also where a process that was killed had begun to say it. */
export async function* readFindings(store: EventStore, run: string): AsyncGenerator<ShownFinding> {
  const seen = new Set<string>();
  for await (const { data } of readStream(store, streamOfRun(run)))
    for (const finding of (data as Readonly<{ found?: readonly ShownFinding[] }>).found ?? []) {
      const key = `${finding.object} ${finding.id}`;
      if (!seen.has(key)) yield finding;
      seen.add(key);
    }
}
