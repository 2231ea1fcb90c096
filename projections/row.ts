import type { Fact, Row, Value } from './projection.js';

/** SQL type of ids: they sort by their bytes, as cursors and the order of lists need. */
export const ID = 'text collate "C"';

type Camel<Column extends string> = Column extends `${infer First}_${infer Rest}` ? `${First}${Capitalize<Camel<Rest>>}` : Column;

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

/** A row of these columns, from an object that has a field for each. */
export function rowOf<Columns extends Readonly<Record<string, string>>>(columns: Columns, fields: { readonly [Column in keyof Columns & string as Camel<Column>]: Value }): Readonly<Record<keyof Columns, Value>> {
  const row: Record<string, Value> = {};
  for (const column of Object.keys(columns)) row[column] = (fields as Readonly<Record<string, Value>>)[fieldOf(column)] as Value;
  return row as Record<keyof Columns, Value>;
}

/** Whether two rows of the same columns, none of them JSON, say the same. */
export const isSameRow = (one: Row | null, other: Row | null): boolean =>
  one === null || other === null ? one === other : Object.keys(one).every((column) => one[column] === other[column]);

/** Further columns of every row that shows a Stripe object: whose it is, and the Stripe event that made it so. */
export const provenanceColumns = {
  livemode: 'boolean',
  account: ID,
  stripe_event_id: `${ID} not null`,
  stripe_event_type: 'text not null',
  stripe_event_created: 'timestamptz not null',
  api_version: 'text',
} as const;

/** The values of `provenanceColumns`. */
export const provenanceOf = ({ snapshot: { livemode, account }, event }: Pick<Fact, 'snapshot' | 'event'>) =>
  ({ livemode, account, stripe_event_id: event.stripeEventId, stripe_event_type: event.type, stripe_event_created: event.created, api_version: event.apiVersion });

/** What a stream says of several objects, by their ids. */
export type ById<T> = Readonly<Record<string, T>>;

export const withId = <T>(all: ById<T>, id: string): T | undefined => (Object.hasOwn(all, id) ? all[id] : undefined);
