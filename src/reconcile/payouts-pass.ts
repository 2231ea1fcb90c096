import { payouts } from '../../projections/payouts.js';
import { field, isJsonObject, type Json } from '../events/json.js';
import { PAYOUT_TRANSACTIONS } from '../events/normalise.js';
import type { EventStore } from '../eventstore/event-store.js';
import type { Database } from '../read-models/database.js';
import { viewOf } from '../read-models/schema.js';
import type { Reply, Request } from '../stripe-api/stripe-api.js';
import { caughtUp } from './closure.js';
import { standingOf, type Look, type Whose } from './look.js';

const PAYOUTS_MAX = 10_000;
const PAGE = 100;

/**
 * The payouts whose transactions Stripe can list and the log lacks, oldest first. Null when the read models do not
 * catch up with the log. Stripe cannot list the transactions of manual payouts.
 */
export async function payoutsToAsk(
  database: Database,
  { store, signal, whose }: Readonly<{ store: EventStore; signal: AbortSignal; whose: Whose }>,
): Promise<readonly string[] | null> {
  if (!(await caughtUp(database, store, signal))) return null;
  const { rows } = await database.query<{ id: string }>(
    `select id from ${viewOf(payouts, 'payouts')} payout where is_automatic and reconciliation_status = 'completed'
       and livemode = $1 and account is not distinct from $2
       and not exists (select from ${viewOf(payouts, 'payout_transactions')} of where of.payout = payout.id)
     order by created_at limit ${PAYOUTS_MAX}`,
    [whose.livemode, whose.account],
  );
  return rows.map(({ id }) => id);
}

/** The request for a page of the transactions of a payout, after the transaction `after`. */
export const transactionsOf = (payout: string, after: string | null): Request => ({
  resource: 'balance_transaction',
  operation: 'list',
  path: '/v1/balance_transactions',
  params: { payout, limit: String(PAGE), ...(after === null ? {} : { starting_after: after }) },
});

/**
 * The page as a look at the payout, and the cursor of the next page (null: none). Null when the answer is not a page.
 */
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

/** The message for an answer that is not a page; the payout is read no further. */
export const noPageOf = (payout: string): string => `Stripe returned no page of the contents of payout ${payout}.`;
