import type { Queryable } from '../../read-models/database.js';
import { amountOf, type Scope } from '../books/amounts.js';
import { Parameters, scopeConditions, SCOPE_OF_ROW, type AskedScope } from '../books/query.js';
import { VIEWS } from '../books/views.js';
import type { CursorPlace } from '../cursor.js';

/** How a customer's MRR changed. */
export const WORTH_CHANGES = ['came', 'grew', 'same', 'shrank', 'left'] as const;
export type WorthChange = (typeof WORTH_CHANGES)[number];

/** A customer in one currency: MRR at the end of a day, and before; minor units. */
export type CustomerWorth = Scope &
  Readonly<{ customer: string; startMinor: number; mrrMinor: number; change: WorthChange }>;

type Wanted = AskedScope &
  Readonly<{
    /** MRR is that at the end of this day. */
    on: string;
    /** The first day of the change: `startMinor` is the MRR before it. Null: before any movement. */
    since: string | null;
    /** Only customers of this cohort month; `startMinor` is then their first MRR. */
    cohort: string | null;
    changes: readonly WorthChange[];
    after: CursorPlace | null;
    limit: number;
  }>;

type Row = Scope & Readonly<{ customer: string; start: string; mrr: string; size: string; change: WorthChange }>;
const ORDER = ['size', 'customer', 'currency'] as const;

/** Returns a page of the customers with MRR at the end of a day, or before it, the largest amounts first. */
export async function worthOfDay(
  connection: Queryable,
  { on, since, cohort, changes, after, limit, ...asked }: Wanted,
): Promise<Readonly<{ data: readonly CustomerWorth[]; next: CursorPlace | null }>> {
  const parameters = new Parameters();
  const conditions = [`day <= ${parameters.add(on)}`, ...scopeConditions(asked, parameters, true)];
  const first = '(array_agg(amount_minor order by at))[1]';
  const start =
    cohort === null
      ? since === null
        ? '0'
        : `coalesce(sum(amount_minor) filter (where day < ${parameters.add(since)}), 0)`
      : first;
  const born = cohort === null ? '' : `having min(left(day, 7)) = ${parameters.add(cohort)}`;
  const place =
    after === null
      ? ''
      : `and (-size, customer, currency) > (-(${parameters.add(after[0])}::numeric), ${parameters.add(after[1])}, ${parameters.add(after[2])})`;
  const { rows } = await connection.query<Row>(
    `select livemode, account, currency, customer, start::text, mrr::text, size::text, change from (
       select *, greatest(start, mrr) as size, case when start = 0 then 'came' when mrr = 0 then 'left' when mrr > start then 'grew' when mrr < start then 'shrank' else 'same' end as change
       from (select customer, ${SCOPE_OF_ROW}, ${start}::numeric as start, sum(amount_minor) as mrr
         from ${VIEWS.movements} where ${conditions.join(' and ')} group by 1, 2, 3, 4 ${born}) as each) as sized
     where size > 0 and change = any(${parameters.add(changes)}) ${place} order by -size, customer, currency limit ${limit + 1}`,
    parameters.values,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    data: page.map(({ livemode, account, currency, customer, change, ...row }) => ({
      ...{ livemode, account, currency, customer },
      ...{ startMinor: amountOf(row.start), mrrMinor: amountOf(row.mrr), change },
    })),
    next: rows.length > limit && last !== undefined ? ORDER.map((name) => last[name]) : null,
  };
}
