import { filtersOf } from '../../projections/filters.js';
import type { AnyProjection, Table, Tables } from '../../projections/projection.js';
import { fieldOf } from '../../projections/row.js';
import type { Queryable } from '../read-models/database.js';
import type { Listing } from '../read-models/listing.js';
import { rowsWithStaleness } from '../read-models/stale-rows.js';
import { answerOf, type Answer } from './answer.js';
import { countRows, findById, findPage, type List, type Page } from './lists.js';
import { notFound } from './not-found.js';

/** Objects that are answered one by one and in lists: `name` is their path, `kind` the word for one. */
export type Resource = List &
  Readonly<{
    kind: string;
    /** Adds what other tables know of those found; `isOne`: of one that was asked for by its id. */
    complete?(connection: Queryable, found: readonly Answer[], isOne: boolean): Promise<readonly Answer[]>;
    /** Whose objects are folded from the log for a moment of the past. */
    past?: Readonly<{ kind: 'subscription' | 'invoice'; page: 'subscriptions' | 'invoices'; hasRevisions: boolean }>;
  }>;

/** A resource that is the table of a projection. */
export const resourceOf = <T extends Tables>(
  projection: AnyProjection<T>,
  table: keyof T & string,
  of: Omit<Resource, 'table' | 'sources'>,
): Resource => ({
  ...of,
  table: projection.tables[table] as Table,
  sources: [rowsWithStaleness(projection, table)],
});

/** One object. @throws ProblemError 404 */
export async function findOne(connection: Queryable, resource: Resource, id: string): Promise<Answer> {
  const row = await findById(connection, resource, id);
  if (row === null) throw notFound(resource.kind, id);
  const [whole] = (await resource.complete?.(connection, [answerOf(row)], true)) ?? [];
  return whole ?? answerOf(row);
}

/** A page of objects, and how many there are where that is asked for. */
export async function findCounted(
  connection: Queryable,
  resource: Resource,
  listing: Listing,
  isCounted = false,
): Promise<Page> {
  const page = await findSome(connection, resource, listing);
  return isCounted ? { ...page, count: await countRows(connection, resource, listing) } : page;
}

/** A page of objects. */
export async function findSome(connection: Queryable, resource: Resource, listing: Listing): Promise<Page> {
  const page = await findPage(connection, resource, listing);
  const data = (await resource.complete?.(connection, page.data, false)) ?? page.data;
  return { ...page, data: data.filter((one) => isStillAsked(resource.table, one, listing.filters)) };
}

/**
 * Whether one still has the status, or the amount, that is asked for: other tables may have moved it on. An invoice that a payment has paid is
 * open no more, and its subscription owes less.
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

/** A page of those that have a value, as a list answers it when it is asked for nothing else. */
export const listingWith = (filters: Listing['filters'], limit: number): Listing => ({
  filters,
  isNewestFirst: true,
  after: null,
  limit,
});
