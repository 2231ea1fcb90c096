import { isDeepStrictEqual } from 'node:util';
import { keyOf } from '../../projections/columns.js';
import { provenanceColumns } from '../../projections/row.js';
import type { AnyProjection, Fact, Row } from '../../projections/projection.js';
import { field } from '../events/json.js';
import type { SnapshotKind } from '../events/normalise.js';
import { order, orderKeyOf } from '../events/order.js';
import { objectHash } from '../events/render-time.js';
import type { StripeEvent } from '../events/stripe-event.js';
import { stripeEventOf, type RecordedEvent } from '../eventstore/recorded-event.js';
import { factOf, readEvent, type ReadEvent } from '../folding/facts.js';
import { foldObjects, rowsOfAll } from '../folding/fold-objects.js';
import { isUnread } from '../folding/passed-over.js';
import { asIfRecorded, createdOf, observationOf, type Look } from './look.js';

/**
 * A field of a row, with the ledger's value and the value that Stripe's object would yield. A row that only one side
 * has differs in its key.
 */
export type RowChange = Readonly<{ table: string; key: string; field: string; ledger: unknown; stripe: unknown }>;

/** How the ledger compares with a look at an object. Times are seconds. */
export type Verdict =
  /** The log has nothing about this object. */
  | Readonly<{ kind: 'unknown' }>
  /** The object is as its last event shows it. */
  | Readonly<{ kind: 'same' }>
  /** The object differs, but no row of any projection would change. */
  | Readonly<{ kind: 'immaterial' }>
  /** Rows would change: something happened after `after` and before `before` that the ledger does not know of. */
  | Readonly<{ kind: 'drift'; rows: readonly RowChange[]; since: Readonly<{ after: number; before: number }> }>
  /** Rows show an object that Stripe no longer has. */
  | Readonly<{ kind: 'gone'; rows: readonly RowChange[]; since: Readonly<{ after: number; before: number }> }>
  /** Events about it may still be in flight; look again from `until` on. */
  | Readonly<{ kind: 'in_flight'; until: number }>
  /**
   * Stripe shows a state that the object's lifecycle excludes, such as a canceled subscription that is active, or shows
   * no object at all; no row would follow.
   */
  | Readonly<{ kind: 'contradicts'; rows: readonly RowChange[] }>
  /** Its stream is parked, or Stripe's object cannot be read. */
  | Readonly<{ kind: 'unreadable'; cause: string }>;

/**
 * A verdict and its basis: the recorded id of the object's last event in logical order, and the API version of that
 * event. Both are null when the object has no event.
 */
export type Judgement = Readonly<{ verdict: Verdict; anchor: string | null; anchorVersion: string | null }>;

/** How long an event may take to be delivered before its absence means anything. */
export const SETTLING_S = 60;

/** The table of an object's own row, by its kind. */
const OWN_TABLES: Readonly<Partial<Record<SnapshotKind, string>>> = {
  subscription: 'subscriptions',
  invoice: 'invoices',
  payment: 'payments',
  refund: 'refunds',
  dispute: 'disputes',
  invoice_payment: 'invoice_payments',
};

/** Columns that name the event behind a row, and since when; an event knows these better than a look. */
const PROVENANCE = new Set([
  ...Object.keys(provenanceColumns).filter((column) => column !== 'livemode' && column !== 'account'),
  'status_since',
  'status_event',
  'previous_status',
]);

/**
 * Judges a look with nothing but the code that builds the read models: a difference that would change a row is drift.
 * `stream`: all events of the object's stream. Pure; never throws because of what events contain.
 */
export function judge(look: Look, stream: readonly RecordedEvent[], projections: readonly AnyProjection[]): Judgement {
  const known = eventsOfObject(look, stream);
  const last = known.at(-1);
  const anchor = last?.recorded.eventId ?? null;
  const ground = { anchor, anchorVersion: last?.order.apiVersion ?? null };
  const until = settledAt(look, last?.order.created ?? null);
  if (last === undefined)
    return { ...ground, verdict: until === null ? { kind: 'unknown' } : { kind: 'in_flight', until } };
  if (isAsShown(look, last.recorded)) return { ...ground, verdict: { kind: 'same' } };
  if (until !== null) return { ...ground, verdict: { kind: 'in_flight', until } };
  return { ...ground, verdict: foldedVerdict(look, { stream, anchor, last: last.order.created }, projections) };
}

type Known = Readonly<{ recorded: RecordedEvent; order: Fact['order'] }>;

/** The readable events about an object, in logical order. */
function eventsOfObject({ name, id }: Look, stream: readonly RecordedEvent[]): readonly Known[] {
  const own = stream.flatMap((recorded): Known[] => {
    const stripeEvent = stripeEventIn(recorded);
    if (stripeEvent === null) return [];
    const { object } = stripeEvent.data;
    // Skip events of other objects: the stream of a subscription holds many invoices.
    if (field(object, 'object') !== name || field(object, 'id') !== id) return [];
    return [{ recorded, order: orderKeyOf(stripeEvent) }];
  });
  return own.length < 2 ? own : lastRenderings(order(withoutRepeats(own)).ordered, own);
}

/**
 * The Stripe event in a recorded event; null when it is quarantined or unreadable. An object that no projection reads
 * still counts as known.
 */
function stripeEventIn(recorded: RecordedEvent): StripeEvent | null {
  const { metadata } = recorded;
  if (metadata === null || metadata.quarantine !== undefined) return null;
  try {
    return stripeEventOf(recorded);
  } catch {
    return null;
  }
}

/** Stripe's name and id of the object that an event is about; null when the event does not say. */
export function objectIn(recorded: RecordedEvent): Readonly<{ name: string; id: string }> | null {
  const object = stripeEventIn(recorded)?.data.object;
  if (object === undefined) return null;
  const [name, id] = [field(object, 'object'), field(object, 'id')];
  return typeof name === 'string' && typeof id === 'string' ? { name, id } : null;
}

/** Several renderings of an event share its id, and `order` accepts each id once. */
const withoutRepeats = (events: readonly Known[]): readonly Known[] => [
  ...new Map(events.map((event) => [event.order.eventId, event])).values(),
];
const lastRenderings = (ordered: readonly Known[], all: readonly Known[]): readonly Known[] =>
  ordered.flatMap(({ order: { eventId } }) => all.filter((event) => event.order.eventId === eventId));

/** The second by which all events from before a look have arrived; null: they have by now. */
function settledAt(look: Look, lastCreated: number | null): number | null {
  // Test-clock times do not say how long ago something happened.
  if (look.isByClock) return null;
  const newest = Math.max(createdOf(look) ?? -Infinity, lastCreated ?? -Infinity);
  return newest >= look.stands - SETTLING_S ? look.asked + (newest - (look.stands - SETTLING_S)) + 1 : null;
}

/** Whether an event shows the object exactly as the look does, in the same API version. */
function isAsShown(look: Look, recorded: RecordedEvent): boolean {
  const { api_version: version, data } = stripeEventOf(recorded);
  if (look.source === 'absence') return data.object['deleted'] === true || recorded.type.endsWith('.deleted');
  return version === look.apiVersion && objectHash(data.object) === objectHash(look.object);
}

type Ground = Readonly<{ stream: readonly RecordedEvent[]; anchor: string | null; last: number }>;

function foldedVerdict(look: Look, { stream, anchor, last }: Ground, projections: readonly AnyProjection[]): Verdict {
  const at = stream.at(-1)?.revision ?? -1n;
  const name = stream[0]?.stream ?? '';
  const purpose = { run: null, reason: 'drift', causedBy: null } as const;
  const observed = readEvent(asIfRecorded(observationOf(look, { stream: name, anchor, at }, purpose, new Date(0))));
  if (observed.content.kind === 'unreadable') return unreadable(observed.content.error);
  // No projection reads an object of this name.
  if (observed.content.kind !== 'fact') return { kind: 'immaterial' };
  const events = stream.map((event) => readEvent(event));
  const since = { after: last, before: look.asked };
  const rows: RowChange[] = [];
  const otherwise: RowChange[] = [];
  for (const projection of projections) {
    try {
      const [before, after] = [rowsAfter(projection, events), rowsAfter(projection, [...events, observed])];
      rows.push(...differences(projection, before, after));
      otherwise.push(
        ...(look.source === 'absence' ? remains(look, after) : contradictions(observed.content.fact, after)),
      );
    } catch (error) {
      return unreadable(error);
    }
  }
  if (rows.length > 0) return { kind: look.source === 'absence' ? 'gone' : 'drift', rows, since };
  return otherwise.length > 0 ? { kind: 'contradicts', rows: otherwise } : { kind: 'immaterial' };
}

const unreadable = (error: unknown): Verdict => ({ kind: 'unreadable', cause: String(error) });

/** The rows of a projection after all of these events that can be read. @throws when an event cannot be folded */
function rowsAfter(projection: AnyProjection, events: readonly ReadEvent[]) {
  const facts = events.filter((event) => !isUnread(event)).flatMap((event) => factOf(projection, event));
  return rowsOfAll(projection, foldObjects(projection, facts));
}

type Rows = Readonly<Record<string, readonly Row[]>>;

/** The differences between the rows before and after, ignoring the columns that name the event behind them. */
function differences(projection: AnyProjection, before: Rows, after: Rows): RowChange[] {
  return Object.entries(projection.tables).flatMap(([table, { key, columns }]) => {
    const byKey = (rows: readonly Row[] = []) => new Map(rows.map((row) => [keyOf({ key, columns }, row), row]));
    const [ledger, stripe] = [byKey(before[table]), byKey(after[table])];
    return [...new Set([...ledger.keys(), ...stripe.keys()])].flatMap((row) => {
      const [was, is] = [ledger.get(row), stripe.get(row)];
      const change = { table, key: row };
      if (was === undefined || is === undefined)
        return [{ ...change, field: key.join(), ledger: was && row, stripe: is && row }];
      return Object.keys(columns)
        .filter((column) => !PROVENANCE.has(column) && !isDeepStrictEqual(was[column], is[column]))
        .map((field) => ({ ...change, field, ledger: was[field], stripe: is[field] }));
    });
  });
}

/**
 * The row that an object keeps even after its absence is folded: a subscription, for example, which Stripe never
 * deletes.
 */
function remains({ name, id }: Look, after: Rows): RowChange[] {
  const table = OWN_TABLES[name as SnapshotKind];
  if (table === undefined) return [];
  const rows = (after[table] ?? []).filter((row) => row['id'] === id);
  return rows.map(() => ({ table, key: id, field: 'id', ledger: id, stripe: null }));
}

/**
 * The row whose status still differs from Stripe's after the look is folded, because the object's lifecycle refuses the
 * transition.
 */
function contradictions({ snapshot }: Fact, after: Rows): RowChange[] {
  const table = OWN_TABLES[snapshot.kind];
  if (table === undefined || !('status' in snapshot)) return [];
  const { id, status } = snapshot as Readonly<{ id: string; status: unknown }>;
  return (after[table] ?? [])
    .filter((row) => row['id'] === id && row['status'] !== status)
    .map((row) => ({ table, key: id, field: 'status', ledger: row['status'], stripe: status }));
}
