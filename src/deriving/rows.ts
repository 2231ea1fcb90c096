import type { Row } from '../../projections/projection.js';
import type { Queryable } from '../read-models/database.js';

/**
 * Converts a row from Postgres to the types that projections use: integers as numbers, times as texts. @throws
 * RangeError for an integer beyond 2^53
 */
export const rowFrom = (values: Row): Row =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, valueFrom(name, value)]));

function valueFrom(name: string, value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${name} is ${value}, which is not exact as a number.`);
  return number;
}

/**
 * Converts a row whose keys are to be looked up. Inexact values are accepted here; deriving rereads the row with
 * `rowFrom`, which rejects them.
 */
export const rowToAsk = (values: Row): Row =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (value instanceof Date) return [name, Number.isNaN(value.getTime()) ? null : value.toISOString()];
      return [name, typeof value === 'bigint' ? Number(value) : value];
    }),
  );

/** Rows by the SQL name of their table. */
export type RowsByTable = Map<string, Row[]>;

export function addRows(all: RowsByTable, table: string, rows: readonly Row[]): void {
  const own = all.get(table);
  if (own === undefined) all.set(table, [...rows]);
  else for (const row of rows) own.push(row);
}

/** Returns the rows of some streams or keys, for looking up the keys that they concern. */
export async function rowsWhere(
  connection: Queryable,
  source: string,
  { column, values }: Readonly<{ column: 'stream' | 'key'; values: readonly string[] }>,
): Promise<Row[]> {
  const { rows } = await connection.query(`select * from ${source} where ${column} = any($1)`, [values]);
  return rows.map(rowToAsk);
}
