import type { DeletionSnapshot, Snapshot } from '../src/events/normalise.js';
import { flag, id, text, time, type Columns, type RowOf, type ValueOf } from './columns.js';
import type { Fact, Row } from './projection.js';

type Camel<Column extends string> = Column extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Column;

/** The field that a column shows: `periodStart` for `period_start`. The one rule of names between snapshots, rows and the API. */
export function fieldOf<Column extends string>(column: Column): Camel<Column> {
  const known = fields.get(column);
  if (known !== undefined) return known as Camel<Column>;
  const field = column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  fields.set(column, field);
  return field as Camel<Column>;
}

/** Asked for with every row, and as many as there are columns. */
const fields = new Map<string, string>();

/** An object that has a field for each of these columns. */
export type FieldsOf<C extends Columns> = { readonly [Name in keyof C & string as Camel<Name>]: ValueOf<C[Name]> };

/**
 * A row of these columns, from an object that has a field for each, with some more columns. One object and no spread of two: V8 keeps what
 * a spread makes for long, and each event makes some.
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

/** Whether two rows of the same columns, none of them JSON, say the same. */
export const isSameRow = (one: Row | null, other: Row | null): boolean =>
  one === null || other === null ? one === other : Object.keys(one).every((column) => one[column] === other[column]);

/** Further columns of every row that shows a Stripe object: whose it is, and the Stripe event that made it so. */
export const provenanceColumns = {
  livemode: flag().orNull().filtered(),
  account: id().orNull().filtered(),
  stripe_event_id: id(),
  stripe_event_type: text(),
  stripe_event_created: time(),
  api_version: text().orNull(),
};

/** A fact of which so much of the snapshot is looked at. */
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

/** Within which an id that users choose is unique: an account and a mode. */
export const scopeOf = ({ account, livemode }: Pick<Fact['snapshot'], 'account' | 'livemode'>): string =>
  `${account ?? 'own'}-${livemode ? 'live' : 'test'}`;

/** Leaves deletions of other objects alone, which share a stream with those of these names. */
export const isAbout =
  (...objects: readonly string[]) =>
  ({ snapshot, order }: Fact): string | null =>
    snapshot.kind === 'deletion' && !objects.includes(snapshot.object) ? null : order.objectKey;

/** The row of an object after a deletion that does not tell what it was; of one that nobody knew there is none. */
export const rowOfDeleted = <R extends Readonly<{ is_deleted: boolean }>>(row: R | null, fact: Fact): R | null =>
  row && { ...row, is_deleted: true, ...provenanceOf(fact) };

/**
 * Whether a snapshot changes the row of an object whose id users choose. What is made later under the id of something deleted is another
 * object, and the former one says nothing of it. Times of creation are ISO 8601.
 */
export function concernsRow(
  row: Readonly<{ is_deleted: boolean; created_at: string | null }> | null,
  createdAt: string | null,
): boolean {
  if (row === null) return true;
  if (createdAt !== null && row.created_at !== null && createdAt !== row.created_at) return createdAt > row.created_at;
  return !row.is_deleted;
}

/** Whether a deletion is of the object that the row shows: a thin one does not say when that was made, but when it ended. */
export const endsRow = (
  row: Readonly<{ created_at: string | null }> | null,
  { event, snapshot: { last } }: Fact<DeletionSnapshot>,
): boolean => {
  const madeBy = last !== null && 'createdAt' in last ? last.createdAt : null;
  return row === null || row.created_at === null || (madeBy ?? event.created) >= row.created_at;
};

/** What a stream says of several objects, by their ids. */
export type ById<T> = Readonly<Record<string, T>>;

export const withId = <T>(all: ById<T>, id: string): T | undefined => (Object.hasOwn(all, id) ? all[id] : undefined);
