import { z, type ZodType } from 'zod';
import { filtersOf, type Filter } from '../../projections/filters.js';
import { fieldOf } from '../../projections/row.js';
import type { Table } from '../../projections/projection.js';
import type { Queryable } from '../read-models/database.js';
import {
  orderOf,
  pageOfRows,
  pageQuery,
  placeOf,
  type FilterValue,
  type ListedTable,
  type Listing,
  type Place,
} from '../read-models/listing.js';
import { answerOf, type Answer, type Row } from './answer.js';
import { cursorOf, placeOfCursor } from './cursor.js';
import { badQuery, flag as truthOrNot, freshness, paging, storable, time, wholeNumber } from './query.js';

/**
 * A page of a list, and the cursor of the next one; null at the end. With `count=true`, the number of rows in the list.
 */
export type Page = Readonly<{ data: readonly Answer[]; nextCursor: string | null; count?: Count }>;

/** The number of rows in a list over all pages, exact or as a lower bound. */
export type Count = Readonly<{ value: number; isAtLeast: boolean }>;

/** Counting stops here. */
export const COUNT_MAX = 10_000;

/** A list, with the name that its cursors contain. */
export type List = ListedTable & Readonly<{ name: string }>;

const TEXTS_MAX = 20;
const texts = (value: typeof storable, separator: string | null) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((given) => {
      const all = [given].flat();
      return separator === null ? all : all.flatMap((one) => one.split(separator));
    })
    .pipe(z.array(value).max(TEXTS_MAX, `accepts at most ${TEXTS_MAX} values`));
const flag = z.enum(['true', 'false']).transform((value) => [value === 'true']);
const value = storable.min(1, 'must not be empty').max(255);

/** The schema of a filter's values: one or more, repeated or separated by commas; any may match. */
function valuesOf(filter: Filter): ZodType<readonly FilterValue[]> {
  switch (filter.by) {
    case 'value':
      return filter.type === 'flag' ? flag : texts(value, ',');
    case 'member':
      return texts(value, ',');
    case 'any_case':
      return texts(value, null);
    case 'entry':
      return texts(value.regex(/^[^:]+:/, 'must be a key and its value, e.g. user_id:4711'), null);
    case 'since':
    case 'until':
      return time.transform((at) => [at]);
    case 'at_least':
      return wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER }).transform((least) => [least]);
    case 'deleted':
    case 'whether':
      return flag;
  }
}

/** The validated query of a list; its filters are further fields. */
export type AskedList = Readonly<{
  minPosition?: bigint | undefined;
  waitMs: number;
  limit: number;
  cursor?: string | undefined;
  order: string;
  count?: boolean;
  trueAt?: Date | undefined;
  knownAt?: bigint | Date | undefined;
  [filter: string]: unknown;
}>;

/** The parameter of a list that can be counted. */
export const counting = { count: truthOrNot.default(false) };

/** Returns the query schema of a list: its filters, paging, and `more`; `fixed` are filters that are not parameters. */
export function listQuery(
  { table, own = {} }: Pick<List, 'table' | 'own'>,
  { more = {}, fixed = [] }: Readonly<{ more?: z.ZodRawShape; fixed?: readonly string[] }> = {},
): ZodType<AskedList> {
  const filters = [...filtersOf(table)].map(([name, filter]) => [name, valuesOf(filter).optional()] as const);
  const ofOthers = Object.keys(own).map((name) => [name, texts(value, ',').optional()] as const);
  const by = orderName(table);
  const order = z.enum([`-${by}`, by]).default(`-${by}`);
  const given = [...ofOthers, ...filters].filter(([name]) => !fixed.includes(name));
  const shape = { ...freshness, ...paging, order, ...Object.fromEntries(given), ...more };
  return z.strictObject(shape);
}

/** The name of the order: `created` for a list by `created_at`. */
const orderName = (table: Table): string => fieldOf(orderOf(table).time.replace(/_at$/, ''));

/** Returns the listing for validated parameters; those that are not filters are ignored. @throws ProblemError 400 */
export function listingOf({ name, table, own = {} }: List, asked: AskedList): Listing {
  const isNewestFirst = asked.order.startsWith('-');
  const after = afterOf(orderedName(name, isNewestFirst), asked.cursor);
  const given = [...new Set([...filtersOf(table).keys(), ...Object.keys(own)])].filter(
    (parameter) => asked[parameter] !== undefined,
  );
  const filters = Object.fromEntries(given.map((parameter) => [parameter, asked[parameter] as readonly FilterValue[]]));
  return { filters, isNewestFirst, after, limit: asked.limit };
}

const orderedName = (name: string, isNewestFirst: boolean): string => `${name} ${isNewestFirst ? 'desc' : 'asc'}`;

function afterOf(list: string, cursor: string | undefined): Place | null {
  if (cursor === undefined) return null;
  const place = placeOfCursor(list, cursor);
  if (place === null)
    throw badQuery('cursor: must be the nextCursor of the previous page of this list, in the same order');
  const [at = null, id] = place;
  return { at, id: String(id) };
}

/** Returns the row with this id, or null. */
export async function findById(
  database: Queryable,
  { sources }: Pick<List, 'sources'>,
  id: string,
): Promise<Row | null> {
  for (const source of sources) {
    const { rows } = await database.query<Row>(
      // Ids that users choose are unique only per account and mode: prefers live mode and the own account.
      `select * from ${source} where id = $1 order by livemode desc, account nulls first limit 1`,
      [id],
    );
    if (rows[0] !== undefined) return rows[0];
  }
  return null;
}

/** Returns a page of rows. @throws ProblemError 400 as `refuseUnknownWords` */
export async function findPage(database: Queryable, list: List, listing: Listing): Promise<Page> {
  await refuseUnknownWords(database, list, listing);
  return pageOf(list, listing, await findRows(database, list, listing));
}

/** Returns the rows of a page, and one more when another page follows. */
export async function findRows(database: Queryable, list: List, listing: Listing): Promise<Row[]> {
  const { text, values } = pageQuery(list, listing);
  return (await database.query<Row>(text, values)).rows;
}

/** Counts the rows of a list over all pages, reading at most `COUNT_MAX`. */
export async function countRows(database: Queryable, list: List, { filters }: Listing): Promise<Count> {
  const { text, values } = pageQuery(list, { filters, isNewestFirst: true, after: null, limit: COUNT_MAX });
  const { rows } = await database.query<{ found: bigint }>(`select count(*) as found from (${text}) counted`, values);
  const found = Number(rows[0]?.found);
  return { value: Math.min(found, COUNT_MAX), isAtLeast: found > COUNT_MAX };
}

/** Returns the same page from rows in memory. */
export const pageInMemory = (list: List, rows: readonly Row[], listing: Listing): Page =>
  pageOf(list, listing, pageOfRows(list.table, rows, listing));

/** Makes a page from the rows found, which include one more when another page follows. */
export function pageOf({ name, table }: List, { limit, isNewestFirst }: Listing, found: readonly Row[]): Page {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  if (found.length <= limit || last === undefined) return { data: rows.map(answerOf), nextCursor: null };
  const { at, id } = placeOf(table, last);
  return { data: rows.map(answerOf), nextCursor: cursorOf(orderedName(name, isNewestFirst), [at, id]) };
}

/** @throws ProblemError 400 for a filter value that neither Stripe nor any row uses */
export async function refuseUnknownWords(database: Queryable, list: List, { filters }: Listing): Promise<void> {
  for (const [name, filter] of filtersOf(list.table)) {
    if (filter.by !== 'value' || filter.known === null) continue;
    const { known } = filter;
    for (const word of filters[name] ?? []) {
      if (!known.includes(String(word)) && !(await isUsed(database, list, filter.column, word)))
        throw badQuery(`${name}: no row has ${JSON.stringify(word)}; values known from Stripe: ${known.join(', ')}`);
    }
  }
}

async function isUsed(database: Queryable, { sources }: List, column: string, word: FilterValue): Promise<boolean> {
  for (const source of sources) {
    const { rows } = await database.query(`select 1 from ${source} where ${column} = $1 limit 1`, [word]);
    if (rows.length > 0) return true;
  }
  return false;
}
