import { payouts } from '../../projections/payouts.js';
import { field, isJsonObject, type Json } from '../events/json.js';
import { PAYOUT_TRANSACTIONS } from '../events/normalise.js';
import type { EventStore } from '../eventstore/event-store.js';
import type { Database } from '../read-models/database.js';
import { viewOf } from '../read-models/schema.js';
import type { Reply, Request } from '../stripe-api/stripe-api.js';
import { cameUp } from './closure.js';
import { standingOf, type Look, type Whose } from './look.js';

const PAYOUTS_MAX = 10_000;
const PAGE = 100;

/**
 * Payouts of which Stripe can tell what they consist of, and nobody has asked; the oldest first. Null where the read models do not come up
 * with the log. Of manual payouts Stripe cannot tell it.
 */
export async function payoutsToAsk(
  database: Database,
  { store, signal, whose }: Readonly<{ store: EventStore; signal: AbortSignal; whose: Whose }>,
): Promise<readonly string[] | null> {
  if (!(await cameUp(database, store, signal))) return null;
  const { rows } = await database.query<{ id: string }>(
    `select id from ${viewOf(payouts, 'payouts')} payout where is_automatic and reconciliation_status = 'completed'
       and livemode = $1 and account is not distinct from $2
       and not exists (select from ${viewOf(payouts, 'payout_transactions')} of where of.payout = payout.id)
     order by created_at limit ${PAYOUTS_MAX}`,
    [whose.livemode, whose.account],
  );
  return rows.map(({ id }) => id);
}

/** What went out with a payout: a page of it, behind the transaction `after`. */
export const transactionsOf = (payout: string, after: string | null): Request => ({
  resource: 'balance_transaction',
  operation: 'list',
  path: '/v1/balance_transactions',
  params: { payout, limit: String(PAGE), ...(after === null ? {} : { starting_after: after }) },
});

/** The page as a look at the payout, and where the next page begins (null: there is none); null when it is no page of Stripe's. */
export function pageOf(
  payout: string,
  after: string | null,
  { bytes, value, ...answer }: Reply,
  whose: Whose,
): Readonly<{ look: Look; next: string | null }> | null {
  const data = isJsonObject(value) ? field(value, 'data') : null;
  if (!isJsonObject(value) || !Array.isArray(data)) return null;
  const id = after === null ? payout : `${payout}:${after}`;
  const { asked, answered, requestId, apiVersion } = answer;
  const last = (data as readonly Json[]).at(-1);
  const cursor = isJsonObject(last ?? null) ? field(last as never, 'id') : null;
  const hasMore = field(value, 'has_more') === true;
  if (hasMore && (typeof cursor !== 'string' || cursor === after)) return null;
  return {
    look: {
      ...whose,
      ...{ name: PAYOUT_TRANSACTIONS, id, bytes, apiVersion, asked, answered, requestId },
      source: 'observation',
      object: { ...(value as Record<string, Json>), object: PAYOUT_TRANSACTIONS, id },
      ...standingOf(asked),
    },
    next: hasMore && typeof cursor === 'string' ? cursor : null,
  };
}

/** Stripe answered something else: it is asked for no further. */
export const noPageOf = (payout: string): string => `Stripe answered no page of what the payout ${payout} consists of.`;
