import type { DeletionSnapshot, Snapshot } from '../src/events/normalise.js';
import { flag, id, text, time, type Columns, type RowOf, type ValueOf } from './columns.js';
import type { Fact, Row } from './projection.js';

type Camel<Column extends string> = Column extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Column;

/**
 * The field name of a column: `periodStart` for `period_start`. It is the only naming rule between snapshots, rows and
 * the API.
 */
export function fieldOf<Column extends string>(column: Column): Camel<Column> {
  const known = fields.get(column);
  if (known !== undefined) return known as Camel<Column>;
  const field = column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  fields.set(column, field);
  return field as Camel<Column>;
}

/** A cache, since every row needs them; it has one entry per column. */
const fields = new Map<string, string>();

/** An object with a field for each of these columns. */
export type FieldsOf<C extends Columns> = { readonly [Name in keyof C & string as Camel<Name>]: ValueOf<C[Name]> };

/**
 * The row of these columns, from an object with a field for each, plus further columns. It is one object, not a spread
 * of two: V8 retains the intermediate objects for long, and every event would create some.
 */
export function rowOf<C extends Columns, More extends object = object>(
  columns: C,
  fields: FieldsOf<C>,
  more?: More,
): RowOf<C> & More {
  const row: Record<string, unknown> = {};
  for (const column in columns) row[column] = (fields as Row)[fieldOf(column)];
  return Object.assign(row, more) as RowOf<C> & More;
}

/** Whether two rows of the same columns, none of them JSON, are equal. */
export const isSameRow = (one: Row | null, other: Row | null): boolean =>
  one === null || other === null ? one === other : Object.keys(one).every((column) => one[column] === other[column]);

/** Columns of every row of a Stripe object: its mode and account, and the event behind the row. */
export const provenanceColumns = {
  livemode: flag().orNull().filtered(),
  account: id().orNull().filtered(),
  stripe_event_id: id(),
  stripe_event_type: text(),
  stripe_event_created: time(),
  api_version: text().orNull(),
};

/** A fact of which only `S` is read of the snapshot. */
export type FactOf<S> = Readonly<{ snapshot: S }> & Pick<Fact, 'event'>;

/** The values of `provenanceColumns`. */
export const provenanceOf = ({
  snapshot: { livemode, account },
  event: { stripeEventId, type, created, apiVersion },
}: FactOf<Pick<Snapshot, 'livemode' | 'account'>>): RowOf<typeof provenanceColumns> => ({
  livemode,
  account,
  stripe_event_id: stripeEventId,
  stripe_event_type: type,
  stripe_event_created: created,
  api_version: apiVersion,
});

/** The scope in which an id chosen by users is unique: an account and mode. */
export const scopeOf = ({ account, livemode }: Pick<Fact['snapshot'], 'account' | 'livemode'>): string =>
  `${account ?? 'own'}-${livemode ? 'live' : 'test'}`;

/** An `objectOf` that ignores deletions of objects with other names in the same stream. */
export const isAbout =
  (...objects: readonly string[]) =>
  ({ snapshot, order }: Fact): string | null =>
    snapshot.kind === 'deletion' && !objects.includes(snapshot.object) ? null : order.objectKey;

/** The row after a deletion that does not say what the object was; null when no row existed. */
export const rowOfDeleted = <R extends Readonly<{ is_deleted: boolean }>>(row: R | null, fact: Fact): R | null =>
  row && { ...row, is_deleted: true, ...provenanceOf(fact) };

/**
 * Whether a snapshot applies to the row of an object whose id users choose. An object created later under a deleted id
 * is another object, and the earlier one no longer matters. Creation times are ISO 8601.
 */
export function concernsRow(
  row: Readonly<{ is_deleted: boolean; created_at: string | null }> | null,
  createdAt: string | null,
): boolean {
  if (row === null) return true;
  if (createdAt !== null && row.created_at !== null && createdAt !== row.created_at) return createdAt > row.created_at;
  return !row.is_deleted;
}

/**
 * Whether a deletion is of the object in the row. A deletion without a snapshot gives no creation time, so its own time
 * is used.
 */
export const endsRow = (
  row: Readonly<{ created_at: string | null }> | null,
  { event, snapshot: { last } }: Fact<DeletionSnapshot>,
): boolean => {
  const madeBy = last !== null && 'createdAt' in last ? last.createdAt : null;
  return row === null || row.created_at === null || (madeBy ?? event.created) >= row.created_at;
};

/** What a stream says about several objects, by id. */
export type ById<T> = Readonly<Record<string, T>>;

export const withId = <T>(all: ById<T>, id: string): T | undefined => (Object.hasOwn(all, id) ? all[id] : undefined);
