import type { Queryable } from '../../read-models/database.js';
import type { Answer } from '../answer.js';
import { changedByOf } from '../answer.js';
import { amountOf } from '../books/amounts.js';
import { VIEWS } from '../books/views.js';
import { fieldOf } from '../../../projections/row.js';

/** The most items, steps or parts in one answer: the latest. */
const ROWS_MAX = 1_000;

type Row = Readonly<Record<string, unknown>>;
const ENGINE = new Set(['key', 'no', 'livemode', 'account', 'day']);

const answerOf = (row: Row): Answer =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([column]) => !ENGINE.has(column) && !column.includes('_change'))
      .map(([column, value]) => [fieldOf(column), typeof value === 'bigint' ? amountOf(value) : value]),
  );

/** Returns the latest rows of a customer or subscription, in ascending order. */
async function latest(
  connection: Queryable,
  view: string,
  { by, id, order }: Readonly<{ by: 'customer' | 'subscription'; id: string; order: string }>,
): Promise<readonly Row[]> {
  const { rows } = await connection.query<Record<string, unknown>>(
    `select * from ${view} where ${by} = $1 order by ${order} desc limit ${ROWS_MAX}`,
    [id],
  );
  return rows.reverse();
}

/** Returns a customer's MRR over time, and its items with their MRR and the reasons. */
export async function worthOfCustomer(connection: Queryable, customer: string): Promise<Answer> {
  const of = { by: 'customer', id: customer } as const;
  const steps = await latest(connection, VIEWS.steps, { ...of, order: 'at' });
  const items = await latest(connection, VIEWS.items, { ...of, order: 'since' });
  return {
    customer,
    steps: steps.map(answerOf),
    items: items.map(answerOf),
    isComplete: !items.some(({ is_unknown: isUnknown, until }) => isUnknown === true && until === null),
  };
}

/** Returns the MRR of a subscription's items over time with the reasons, its movements, and its trials. */
export async function worthOfSubscription(connection: Queryable, subscription: string): Promise<Answer> {
  const of = { by: 'subscription', id: subscription } as const;
  const items = await latest(connection, VIEWS.items, { ...of, order: 'no' });
  const parts = await latest(connection, VIEWS.parts, { ...of, order: 'no' });
  const trials = await latest(connection, VIEWS.trials, { ...of, order: 'no' });
  return {
    subscription,
    items: items.map(answerOf),
    changes: parts.map(({ stripe_event_id, stripe_event_type, stripe_event_created, api_version, ...part }) => ({
      ...answerOf(part),
      changedBy: changedByOf({ stripe_event_id, stripe_event_type, stripe_event_created, api_version }),
    })),
    trials: trials.map(answerOf),
    isComplete: !items.some(({ is_unknown: isUnknown, until }) => isUnknown === true && until === null),
  };
}
