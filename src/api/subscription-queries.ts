import type { Database } from '../read-models/database.js';
import { viewOf } from '../read-models/schema.js';
import { subscriptions } from '../../projections/subscriptions.js';

/** A subscription as the API answers it; times are ISO 8601 in UTC, money is minor units with its currency. */
export type SubscriptionView = ReturnType<typeof viewOfRow>;

export type SubscriptionFilter = Readonly<{
  status?: string | undefined;
  customer?: string | undefined;
  account?: string | undefined;
  livemode?: boolean | undefined;
  /** Only ids after this one. */
  after?: string | undefined;
  limit: number;
}>;

/** The subscription with this id, or null. */
export async function findSubscription(database: Database, id: string): Promise<SubscriptionView | null> {
  const { rows } = await database.query<SubscriptionRow>(`select * from ${viewOf(subscriptions, 'subscriptions')} where id = $1`, [id]);
  return rows[0] === undefined ? null : viewOfRow(rows[0]);
}

/** Subscriptions in the order of their ids. */
export async function listSubscriptions(database: Database, filter: SubscriptionFilter): Promise<SubscriptionView[]> {
  const { rows } = await database.query<SubscriptionRow>(
    `select * from ${viewOf(subscriptions, 'subscriptions')}
     where ($1::text is null or status = $1) and ($2::text is null or customer = $2) and ($3::text is null or account = $3)
       and ($4::boolean is null or livemode = $4) and ($5::text is null or id > $5)
     order by id limit $6`,
    [filter.status, filter.customer, filter.account, filter.livemode, filter.after, filter.limit],
  );
  return rows.map(viewOfRow);
}

type SubscriptionRow = {
  id: string;
  customer: string | null;
  status: string;
  currency: string | null;
  items: readonly object[];
  period_start: Date | null;
  period_end: Date | null;
  trial_start: Date | null;
  trial_end: Date | null;
  started_at: Date | null;
  cancel_at: Date | null;
  cancel_at_period_end: boolean | null;
  canceled_at: Date | null;
  ended_at: Date | null;
  pause_collection: object | null;
  collection_method: string | null;
  latest_invoice: string | null;
  schedule: string | null;
  test_clock: string | null;
  livemode: boolean | null;
  account: string | null;
  stripe_event_id: string;
  stripe_event_type: string;
  stripe_event_created: Date;
  api_version: string | null;
};

const viewOfRow = (row: SubscriptionRow) => ({
  id: row.id,
  customer: row.customer,
  status: row.status,
  currency: row.currency,
  items: row.items,
  periodStart: row.period_start,
  periodEnd: row.period_end,
  trialStart: row.trial_start,
  trialEnd: row.trial_end,
  startedAt: row.started_at,
  cancelAt: row.cancel_at,
  cancelAtPeriodEnd: row.cancel_at_period_end,
  canceledAt: row.canceled_at,
  endedAt: row.ended_at,
  pauseCollection: row.pause_collection,
  collectionMethod: row.collection_method,
  latestInvoice: row.latest_invoice,
  schedule: row.schedule,
  testClock: row.test_clock,
  livemode: row.livemode,
  account: row.account,
  /** The Stripe event that made the row so. */
  changedBy: { stripeEventId: row.stripe_event_id, type: row.stripe_event_type, created: row.stripe_event_created, apiVersion: row.api_version },
});
