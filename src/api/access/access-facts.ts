import { entitlements } from '../../../projections/entitlements.js';
import type { AccessFacts, Cause, EntitlementFact, ItemFact, SubscriptionFact } from '../../access/facts.js';
import { ProblemError } from '../../http/problem.js';
import type { Queryable } from '../../read-models/database.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import { changedByOf, type Row } from '../answer.js';
import { CUSTOMERS } from '../customers/customers.controller.js';
import { SUBSCRIPTIONS } from '../subscriptions/subscriptions.controller.js';

/** The rows of one customer that access depends on, live or of another time. */
export type AccessRows = Readonly<{
  customers: readonly Row[];
  subscriptions: readonly Row[];
  entitlements: readonly Row[];
  summaries: readonly Row[];
}>;

const ROWS_MAX = 1_000;

/** The live rows. @throws ProblemError 422 when a customer has more than one answer may look at. */
export async function findAccessRows(connection: Queryable, customer: string): Promise<AccessRows> {
  const select = async (source: string, column: string): Promise<Row[]> => {
    const { rows } = await connection.query<Row>(`select * from ${source} where ${column} = $1 limit ${ROWS_MAX + 1}`, [
      customer,
    ]);
    if (rows.length > ROWS_MAX)
      throw new ProblemError({
        status: 422,
        code: 'customer_too_large',
        title: 'Customer too large',
        detail: `${customer} has more than ${ROWS_MAX} subscriptions or entitlements.`,
      });
    return rows;
  };
  return {
    customers: await select(CUSTOMERS, 'id'),
    subscriptions: await select(SUBSCRIPTIONS, 'customer'),
    entitlements: await select(rowsWithStaleness(entitlements, 'entitlements'), 'customer'),
    summaries: await select(rowsWithStaleness(entitlements, 'entitlement_summaries'), 'customer'),
  };
}

/** What the rows say, in the order of ids; null when nothing is known of the customer. */
export function accessFactsOf({
  customers: own,
  subscriptions,
  entitlements: listed,
  summaries,
}: AccessRows): AccessFacts | null {
  if ([own, subscriptions, summaries].every(({ length }) => length === 0)) return null;
  return {
    subscriptions: subscriptions.map(subscriptionFactOf).sort(byId),
    entitlements: listed.map(entitlementFactOf).sort(byId),
    hasAllEntitlements: summaries.every((row) => row['has_all_entitlements'] === true && !isStale(row)),
    isCustomerDeleted: [
      ...own.map((row) => row['is_deleted']),
      ...summaries.map((row) => row['is_customer_deleted']),
    ].includes(true),
  };
}

/** A row of a parked stream is its last good one; folded rows are never stale. */
const isStale = (row: Row): boolean => row['stale_since'] instanceof Date;
const byId = (a: Readonly<{ id: string }>, b: Readonly<{ id: string }>): number => (a.id < b.id ? -1 : 1);

type Item = Readonly<{
  product: string | null;
  price: string | null;
  quantity: number | null;
  periodEnd: string | null;
}>;
type PauseCollection = Readonly<{ behavior: string; resumesAt: string | null }> | null;

function subscriptionFactOf(row: Row): SubscriptionFact {
  const pause = row['pause_collection'] as PauseCollection;
  return {
    id: String(row['id']),
    status: String(row['status']),
    statusSince: new Date(row['status_since'] as Date | string),
    statusEvent: String(row['status_event']),
    previousStatus: row['previous_status'] as string | null,
    items: itemFactsOf(row),
    hasAllItems: row['has_all_items'] === true,
    trialEnd: timeOrNull(row['trial_end']),
    cancelAt: timeOrNull(row['cancel_at']),
    cancelAtPeriodEnd: row['cancel_at_period_end'] === true,
    cancellationReason: row['cancellation_reason'] as string | null,
    pauseCollection: pause && { behavior: pause.behavior, resumesAt: timeOrNull(pause.resumesAt) },
    isStale: isStale(row),
    changedBy: changedByOf(row) as Cause,
  };
}

/** A subscription that shows no items is one of which nothing is known but its period. */
function itemFactsOf(row: Row): ItemFact[] {
  const items = row['items'] as readonly Item[];
  const periodEnd = timeOrNull(row['period_end']);
  if (items.length === 0) return [{ product: null, quantity: null, periodEnd }];
  return items.map((item) => ({
    // A plan from before there were products, in 2018, stands for itself.
    product: item.product ?? item.price,
    quantity: item.quantity,
    periodEnd: timeOrNull(item.periodEnd) ?? periodEnd,
  }));
}

const entitlementFactOf = (row: Row): EntitlementFact => ({
  id: String(row['id']),
  feature: String(row['feature']),
  lookupKey: String(row['lookup_key']),
  changedBy: changedByOf(row) as Cause,
});

/** Postgres gives a Date, a fold the text of one. */
const timeOrNull = (value: unknown): Date | null => (value === null ? null : new Date(value as Date | string));
