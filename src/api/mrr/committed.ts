import { subscriptionSchedules } from '../../../projections/subscription-schedules.js';
import { subscriptions } from '../../../projections/subscriptions.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import { amountOf, byScope, type Scope } from '../books/amounts.js';
import { Parameters, scopeConditions, SCOPE_OF_ROW, type AskedScope } from '../books/query.js';
import { VIEWS } from '../books/views.js';

const SUBSCRIPTIONS = viewOf(subscriptions, 'subscriptions');
const SCHEDULES = viewOf(subscriptionSchedules, 'subscription_schedules');

/** MRR now, and what remains of it at a later time by what is known now. Minor units. */
export type CommittedMrr = Scope &
  Readonly<{
    mrrMinor: number;
    /** Changes until then from discounts and pauses that end. */
    changesMinor: number;
    /** MRR of subscriptions that are set to end, and their number. */
    endingMinor: number;
    endingSubscriptions: number;
    committedMinor: number;
    /** Subscriptions that a schedule will change until then; those changes are not included in advance. */
    scheduledSubscriptions: number;
  }>;

type Row = Scope & Readonly<Record<'mrr' | 'later' | 'ending', string> & Record<'endings' | 'scheduled', bigint>>;

/** Returns MRR at a time, less what is known to end before a later one, with changes until then that need no event. */
export async function committedMrr(
  connection: Queryable,
  { at, until, ...asked }: AskedScope & Readonly<{ at: Date; until: Date }>,
): Promise<readonly CommittedMrr[]> {
  const parameters = new Parameters();
  const [now, then] = [parameters.add(at.toISOString()), parameters.add(until.toISOString())];
  const conditions = [`at <= ${then}`, ...scopeConditions(asked, parameters, true)];
  const { rows } = await connection.query<Row>(
    `with worth as (
       select ${SCOPE_OF_ROW}, subscription, coalesce(sum(mrr_minor) filter (where at <= ${now}), 0) as mrr, sum(mrr_minor) as later
       from ${VIEWS.parts} where ${conditions.join(' and ')} group by coalesce(livemode, false), account, currency, subscription),
     known as (
       select worth.*, later <> 0 and coalesce(s.cancel_at, case when s.cancel_at_period_end then s.period_end end) <= ${then} as is_ending,
         exists (select from ${SCHEDULES} plan where plan.subscription = worth.subscription and (plan.next_phase->>'startsAt')::timestamptz <= ${then}) as is_scheduled
       from worth left join ${SUBSCRIPTIONS} s on s.id = worth.subscription where mrr <> 0 or later <> 0)
     select livemode, account, currency, sum(mrr)::text as mrr, sum(later)::text as later, coalesce(sum(later) filter (where is_ending), 0)::text as ending,
       count(*) filter (where is_ending) as endings, count(*) filter (where is_scheduled) as scheduled
     from known group by livemode, account, currency`,
    parameters.values,
  );
  return byScope(rows).flatMap(({ scope, rows: own }) =>
    own.map(({ mrr, later, ending, endings, scheduled }) => ({
      ...scope,
      ...{ mrrMinor: amountOf(mrr), changesMinor: amountOf(BigInt(later) - BigInt(mrr)) },
      ...{ endingMinor: amountOf(ending), endingSubscriptions: Number(endings) },
      ...{ committedMinor: amountOf(BigInt(later) - BigInt(ending)), scheduledSubscriptions: Number(scheduled) },
    })),
  );
}
