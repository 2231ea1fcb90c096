import { OWED } from '../../../derivations/settling/settled.js';
import { settledInvoices } from '../../../derivations/settling/settled-invoices.js';
import { projections } from '../../../projections/index.js';
import { fieldOf } from '../../../projections/row.js';
import { deriveFromRows, deriveFromTables, readBy } from '../../deriving/derive-past.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import type { Answer, Row } from '../answer.js';
import { SETTLED_INVOICES } from '../books/views.js';

/** What other objects imply for invoices, by id: rows of `settled_invoices`. */
export type SettledById = ReadonlyMap<string, Row>;

const { models, tables: TABLES } = readBy(settledInvoices, projections);
/** The read models that settle invoices. */
export const SETTLING = models;

/** The invoices that their own events show as owed, so that other objects may settle them. */
export const unsettledIds = (invoices: readonly (Row | Answer)[]): string[] =>
  invoices.filter(({ status }) => OWED.includes(String(status))).map(({ id }) => String(id));

/** Derives these invoices from the current rows, because the derived rows may lag behind their sources. */
export async function settledNow(connection: Queryable, ids: readonly string[]): Promise<SettledById> {
  if (ids.length === 0) return new Map();
  return byId(await deriveFromTables(connection, settledInvoices, { keys: ids, tables: TABLES, policy: {} }));
}

/** Derives these invoices from the rows of a moment, by table. */
export async function settledThen(
  connection: Queryable,
  ids: readonly string[],
  rows: Readonly<Record<string, readonly Row[]>>,
): Promise<SettledById> {
  if (ids.length === 0) return new Map();
  return byId(await deriveFromRows(connection, settledInvoices, { keys: ids, models: SETTLING, rows, policy: {} }));
}

const byId = (derived: ReadonlyMap<string, Readonly<Record<string, readonly Row[]>>>): SettledById =>
  new Map(
    [...derived.values()].flatMap((rows) => rows['settled_invoices'] ?? []).map((row) => [String(row['id']), row]),
  );

const SHOWN = ['status', 'amount_due_minor', 'amount_paid_minor', 'amount_remaining_minor', 'paid_at'] as const;

/** Applies settlement by other objects to the row of an invoice, or with `nameOf` to its answer. */
export function withSettled<T extends Row | Answer>(
  invoice: T,
  settled: SettledById,
  nameOf: (column: string) => string = (column) => column,
): T {
  const row = settled.get(String(invoice['id']));
  if (row === undefined) return invoice;
  return { ...invoice, ...Object.fromEntries(SHOWN.map((column) => [nameOf(column), row[column]])) };
}

/** Applies the current settlement to rows of invoices. */
export async function settledRows(connection: Queryable, invoices: readonly Row[]): Promise<readonly Row[]> {
  const settled = await settledNow(connection, unsettledIds(invoices));
  return invoices.map((row) => withSettled(row, settled));
}

/** Applies settlement to the answer about an invoice. */
export const settledAnswer = (invoice: Answer, settled: SettledById): Answer => withSettled(invoice, settled, fieldOf);

const MOVED = viewOf(SETTLED_INVOICES, 'settled_invoices');

/** For lists by status: the invoices that other objects have settled (`ListedTable.moved`). */
export const MOVED_BY_OTHERS = {
  column: 'status',
  from: OWED,
  to: ['paid'],
  moved: `(select id as moved_id, moved_to, coalesce(created_at, '-infinity'::timestamptz) as moved_at from ${MOVED} where moved_to is not null)`,
  isMoved: `exists (select from ${MOVED} moved where moved.id = invoices.id and moved.moved_to is not null)`,
};
