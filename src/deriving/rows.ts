import type { Row } from '../../projections/projection.js';
import type { Queryable } from '../read-models/database.js';

/** A row as Postgres gives it, as projections make rows: whole numbers are numbers, times are texts. @throws for a number beyond 2^53 */
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
 * A row of which only the keys are asked that it concerns: what is not exact in it is no reason not to know these. Whoever derives from it
 * reads it as `rowFrom` does.
 */
export const rowToAsk = (values: Row): Row =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (value instanceof Date) return [name, Number.isNaN(value.getTime()) ? null : value.toISOString()];
      return [name, typeof value === 'bigint' ? Number(value) : value];
    }),
  );

/** Rows by the table that has them, as SQL names it. */
export type RowsByTable = Map<string, Row[]>;

export function addRows(all: RowsByTable, table: string, rows: readonly Row[]): void {
  const own = all.get(table);
  if (own === undefined) all.set(table, [...rows]);
  else for (const row of rows) own.push(row);
}

/** The rows of some streams, or of some keys, to be asked which keys they concern. */
export async function rowsWhere(
  connection: Queryable,
  source: string,
  { column, values }: Readonly<{ column: 'stream' | 'key'; values: readonly string[] }>,
): Promise<Row[]> {
  const { rows } = await connection.query(`select * from ${source} where ${column} = any($1)`, [values]);
  return rows.map(rowToAsk);
}
