import type { Queryable } from '../read-models/database.js';
import { answerOf, type Answer, type Row } from './answer.js';
import { cursorOf, idOfCursor } from './query.js';

/** A page of a list in the order of ids, and where the next one begins; null at the end. */
export type Page = Readonly<{ data: readonly Answer[]; nextCursor: string | null }>;

type Filter = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * What of a list is wanted. `filter` has the values that columns must have, `atLeast` and `atMost` their bounds, `among` the values of which they must have one, `holding` what
 * a list in them must have among its members; the names come from the code, never from a request.
 */
export type Listing = Readonly<{
  filter: Filter;
  atLeast?: Filter;
  atMost?: Filter;
  among?: Readonly<Record<string, readonly string[]>>;
  holding?: Readonly<Record<string, Filter>>;
  cursor?: string | undefined;
  limit: number;
}>;

/** The row with this id, or null. */
export async function findById(database: Queryable, source: string, id: string): Promise<Row | null> {
  const { rows } = await database.query<Row>(`select * from ${source} where id = $1`, [id]);
  return rows[0] ?? null;
}

/** A page of rows. */
export async function listById(database: Queryable, source: string, listing: Listing): Promise<Page> {
  const { where, values } = conditionsOf(listing, 'id');
  const { rows } = await database.query<Row>(
    `select * from ${source} ${where} order by id limit ${listing.limit + 1}`,
    values,
  );
  return pageOf(rows.map(answerOf), listing.limit);
}

/** The same page of rows in memory: as a fold gives them, in the columns of the view. */
export function pageOfRows(rows: readonly Row[], { filter, atLeast = {}, atMost = {}, cursor, limit }: Listing): Page {
  const after = cursor === undefined ? '' : idOfCursor(cursor);
  const found = rows.filter(
    (row) =>
      hasValues(row, filter) &&
      isWithin(row, atLeast, (time, bound) => time >= bound) &&
      isWithin(row, atMost, (time, bound) => time <= bound) &&
      String(row['id']) > after,
  );
  return pageOf(
    found
      .map(answerOf)
      .sort((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1))
      .slice(0, limit + 1),
    limit,
  );
}

/** Whether a row in memory has the values of a filter. */
export const hasValues = (row: Row, filter: Filter): boolean =>
  Object.entries(filter).every(([column, value]) => value === undefined || row[column] === value);

/** Bounds are times; a row without one is in none. */
const isWithin = (row: Row, bounds: Filter, holds: (time: number, bound: number) => boolean): boolean =>
  Object.entries(bounds).every(
    ([column, bound]) =>
      bound === undefined ||
      (row[column] !== null && holds(Date.parse(String(row[column])), Date.parse(String(bound)))),
  );

/** SQL for what is wanted of a list, with its cursor on `id`, the column that the list is ordered by. */
export function conditionsOf(
  { filter, atLeast = {}, atMost = {}, among = {}, holding = {}, cursor }: Listing,
  id: string,
): { where: string; values: unknown[] } {
  const values: unknown[] = [];
  const compared = (operator: string, bounds: Filter): string[] =>
    Object.entries(bounds)
      .filter(([, value]) => value !== undefined)
      .map(([column, value]) => `${column} ${operator} $${values.push(value)}`);
  const conditions = [...compared('=', filter), ...compared('>=', atLeast), ...compared('<=', atMost)];
  for (const [column, known] of Object.entries(among)) conditions.push(`${column} = any($${values.push(known)})`);
  for (const [column, member] of Object.entries(holding))
    conditions.push(`${column} @> $${values.push(JSON.stringify([member]))}::jsonb`);
  if (cursor !== undefined) conditions.push(`${id} > $${values.push(idOfCursor(cursor))}`);
  return { where: conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`, values };
}

/** A page of `limit` from what was found, which is one more when another page follows. */
export function pageOf(found: readonly Answer[], limit: number): Page {
  const data = found.slice(0, limit);
  return { data, nextCursor: found.length > limit ? cursorOf(String(data.at(-1)?.['id'])) : null };
}
