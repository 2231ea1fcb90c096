import { filtersOf } from '../../projections/filters.js';
import type { AnyProjection, Table, Tables } from '../../projections/projection.js';
import { fieldOf } from '../../projections/row.js';
import type { Queryable } from '../read-models/database.js';
import type { Listing } from '../read-models/listing.js';
import { rowsWithStaleness } from '../read-models/stale-rows.js';
import { answerOf, type Answer } from './answer.js';
import { countRows, findById, findPage, type List, type Page } from './lists.js';
import { notFound } from './not-found.js';

/** Objects answered one by one and in lists: `name` is their path, `kind` the word for one. */
export type Resource = List &
  Readonly<{
    kind: string;
    /** Adds what other tables know of the objects found; `isOne`: one object was requested by its id. */
    complete?(connection: Queryable, found: readonly Answer[], isOne: boolean): Promise<readonly Answer[]>;
    /** Set for resources that can be folded from the log as of a past moment. */
    past?: Readonly<{ kind: 'subscription' | 'invoice'; page: 'subscriptions' | 'invoices'; hasRevisions: boolean }>;
  }>;

/** Returns the resource of a projection's table. */
export const resourceOf = <T extends Tables>(
  projection: AnyProjection<T>,
  table: keyof T & string,
  of: Omit<Resource, 'table' | 'sources'>,
): Resource => ({
  ...of,
  table: projection.tables[table] as Table,
  sources: [rowsWithStaleness(projection, table)],
});

/** Returns one object. @throws ProblemError 404 */
export async function findOne(connection: Queryable, resource: Resource, id: string): Promise<Answer> {
  const row = await findById(connection, resource, id);
  if (row === null) throw notFound(resource.kind, id);
  const [whole] = (await resource.complete?.(connection, [answerOf(row)], true)) ?? [];
  return whole ?? answerOf(row);
}

/** Returns a page of objects, with their number if requested. */
export async function findCounted(
  connection: Queryable,
  resource: Resource,
  listing: Listing,
  isCounted = false,
): Promise<Page> {
  const page = await findSome(connection, resource, listing);
  return isCounted ? { ...page, count: await countRows(connection, resource, listing) } : page;
}

/** Returns a page of objects. */
export async function findSome(connection: Queryable, resource: Resource, listing: Listing): Promise<Page> {
  const page = await findPage(connection, resource, listing);
  const data = (await resource.complete?.(connection, page.data, false)) ?? page.data;
  return { ...page, data: data.filter((one) => isStillAsked(resource.table, one, listing.filters)) };
}

/**
 * Whether an object still matches the filters by status and amount, which other tables may have changed: an invoice
 * that a payment has paid is no longer open, and its subscription owes less.
 */
function isStillAsked(table: Table, one: Answer, filters: Listing['filters']): boolean {
  return [...filtersOf(table)].every(([name, filter]) => {
    const [value] = filters[name] ?? [];
    if (value === undefined) return true;
    if (filter.by === 'at_least') return Number(one[fieldOf(filter.column)]) >= Number(value);
    return (
      filter.by !== 'value' || filter.column !== 'status' || filters[name]?.includes(String(one['status'])) === true
    );
  });
}

/** The listing of a first page with these filters, the newest first. */
export const listingWith = (filters: Listing['filters'], limit: number): Listing => ({
  filters,
  isNewestFirst: true,
  after: null,
  limit,
});
