/** What a run found, as reports and the API show it; kept in the run's own stream. */
import { readStream } from '../eventstore/read.js';
import type { EventStore } from '../eventstore/event-store.js';
import { isoTime } from '../events/fields.js';
import type { MissedEvent } from './coverage.js';
import type { RowChange } from './judge.js';
import type { Finding, Reconciled } from './reconcile.js';
import { stepOf, streamOfRun, type Run } from './run-log.js';

/** An object or an event that the ledger and Stripe tell differently; plain JSON. */
export type ShownFinding = Readonly<{
  verdict: Finding['verdict'] | 'missing_event';
  object: string;
  id: string;
  stream: string | null;
  rows: readonly RowChange[];
  /** Something happened between, of which no event tells; of a missing event both are when it happened. */
  since: Readonly<{ after: string; before: string }> | null;
  /** Why an event is missing, or an object cannot be read. */
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

const shownEvent = ({ id, type, created, cause, appended }: MissedEvent): ShownFinding => ({
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

const placeOf = (place: Finding['repaired']): ShownFinding['repaired'] =>
  place && { revision: String(place.revision), position: String(place.position) };

/** Ends a run with what it found. @throws RunTaken when another process has ended it */
export async function endOfRun(store: EventStore, run: Run, reconciled: Reconciled): Promise<Run> {
  const found = findingsOf(reconciled);
  let now = run;
  for (let at = 0; at < Math.min(found.length, FINDINGS_MAX); at += FINDINGS_AT_ONCE)
    now = await stepOf(store, now, { step: 'checkpoint', state: { found: found.slice(at, at + FINDINGS_AT_ONCE) } });
  const { kind, why, counts, recovered } = reconciled;
  const state = {
    why,
    objects: counts,
    events: { listed: recovered?.listed ?? 0, missing: recovered?.missed.length ?? 0 },
    findings: found.length,
  };
  return stepOf(store, now, { step: kind === 'reconciled' ? 'finished' : 'stopped', state });
}

/** What a run found, in its order. */
export async function* readFindings(store: EventStore, run: string): AsyncGenerator<ShownFinding> {
  for await (const { data } of readStream(store, streamOfRun(run)))
    yield* (data as Readonly<{ found?: readonly ShownFinding[] }>).found ?? [];
}
