import { journal } from '../../derivations/journal/journal.js';
import { movedIn } from '../../derivations/journal/moved.js';
import { Closings } from '../closings/closing-log.js';
import { lastClosedMonths, type RestatedMonth } from '../closings/restated.js';
import type { ReadModel } from '../../projections/projection.js';
import type { EventStore } from '../eventstore/event-store.js';
import type { Queryable } from '../read-models/database.js';
import type { Target } from '../read-models/generations.js';
import { tableOf, type Generation } from '../read-models/schema.js';

/** The most months that are listed. */
const MONTHS_MAX = 1_000;

/** Returns the last closed month of each set of books. */
export async function closedMonths(store: EventStore): Promise<ReadonlyMap<string, string>> {
  const closings = new Closings(store);
  await closings.refresh();
  return lastClosedMonths(closings);
}

/** Returns the closed months that a generation of the journal would restate; null for generations without books. */
export async function restatedBy(
  connection: Queryable,
  { generation, against }: Target,
  closed: ReadonlyMap<string, string>,
): Promise<readonly RestatedMonth[] | null> {
  if (generation.projection.name !== journal.name || against === null) return null;
  const months = (of: Generation<ReadModel>): string =>
    `select livemode, account, currency, month, name, sum(debit - credit) as moved from (${movedIn({
      months: tableOf(of, 'journal_months'),
      revenueByMonth: tableOf(of, 'revenue_by_month'),
    })}) as moved group by livemode, account, currency, month, name`;
  const books = [...closed];
  const { rows } = await connection.query<RestatedMonth>(
    `select livemode, nullif(account, '') as account, currency, month, name, coalesce(was.moved, 0)::text as before, coalesce(is_now.moved, 0)::text as after
     from (${months(against)}) as was full join (${months(generation)}) as is_now using (livemode, account, currency, month, name)
     join unnest($1::text[], $2::text[]) as closed(books, last) on closed.books = case when livemode then 'live ' else 'test ' end || account and month <= closed.last
     where coalesce(was.moved, 0) <> coalesce(is_now.moved, 0) order by livemode desc, account, month, name, currency limit ${MONTHS_MAX}`,
    [books.map(([name]) => name), books.map(([, month]) => month)],
  );
  return rows;
}
