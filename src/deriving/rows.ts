import type { Row } from '../../projections/projection.js';

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

/** Rows by the table that has them, as SQL names it. */
export type RowsByTable = Map<string, Row[]>;

export function addRows(all: RowsByTable, table: string, rows: readonly Row[]): void {
  const own = all.get(table);
  if (own === undefined) all.set(table, [...rows]);
  else for (const row of rows) own.push(row);
}
