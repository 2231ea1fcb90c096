import { balanceTransactions } from '../../../projections/balance-transactions.js';
import { milestones } from '../../../projections/milestones.js';
import { payouts } from '../../../projections/payouts.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import { amountOf } from '../books/amounts.js';
import { VIEWS } from '../books/views.js';

const PAYOUTS = viewOf(payouts, 'payouts');
const MEMBERS = viewOf(payouts, 'payout_transactions');
const TRANSACTIONS = viewOf(balanceTransactions, 'balance_transactions');
const MILESTONES = viewOf(milestones, 'milestones');

/**
 * Why a payout is not explained exactly:
 * - `not_automatic`: Stripe cannot list the transactions of a manual payout;
 * - `payout_not_asked`: its transactions were not requested, or Stripe could not list them yet;
 * - `transactions_not_seen`: some of its balance transactions are unknown;
 * - `payout_differs`: all are known, but their sum differs from the payout.
 */
export type PayoutCause = 'not_automatic' | 'payout_not_asked' | 'transactions_not_seen' | 'payout_differs';

/** A payout; amounts in minor units of its currency. */
export type Payout = Readonly<{
  id: string;
  status: string;
  livemode: boolean;
  account: string | null;
  currency: string;
  amountMinor: number;
  isAutomatic: boolean | null;
  reconciliationStatus: string | null;
  balanceTransaction: string | null;
  createdAt: Date | null;
  arrivesAt: Date | null;
}>;

/** The part of a payout in one of Stripe's reporting categories. */
export type PayoutPart = Readonly<{
  category: string;
  count: number;
  amountMinor: number;
  feeMinor: number;
  netMinor: number;
}>;

/** A balance transaction of a payout, and its cause; null where unknown. */
export type PayoutTransaction = Readonly<{
  id: string;
  isSeen: boolean;
  category: string | null;
  source: string | null;
  amountMinor: number | null;
  feeMinor: number | null;
  netMinor: number | null;
  createdAt: Date | null;
  payment: string | null;
  customer: string | null;
  invoices: readonly string[];
  /** The journal entry that settles it. */
  entry: string | null;
}>;

type PayoutRow = Omit<Payout, 'amountMinor'> & Readonly<{ amount: bigint }>;

/** Returns a payout; null when no event of it was received. */
export async function findPayout(connection: Queryable, id: string): Promise<Payout | null> {
  const { rows } = await connection.query<PayoutRow>(
    `select id, status, coalesce(livemode, false) as livemode, account, currency, amount_minor as amount, is_automatic as "isAutomatic",
       reconciliation_status as "reconciliationStatus", balance_transaction as "balanceTransaction", created_at as "createdAt", arrives_at as "arrivesAt"
     from ${PAYOUTS} where id = $1`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const { amount, ...payout } = row;
  return { ...payout, amountMinor: amountOf(amount) };
}

type PartRow = Readonly<{ category: string | null; count: bigint; amount: string; fee: string; net: string }>;

/**
 * Returns the contents of a payout by category, without its own transaction, and the number of transactions not seen.
 */
export async function partsOf(
  connection: Queryable,
  { id, balanceTransaction }: Pick<Payout, 'id' | 'balanceTransaction'>,
): Promise<Readonly<{ parts: readonly PayoutPart[]; unseen: number }>> {
  const { rows } = await connection.query<PartRow>(
    `select t.reporting_category as category, count(*) as count, coalesce(sum(t.amount_minor), 0)::text as amount,
       coalesce(sum(t.fee_minor), 0)::text as fee, coalesce(sum(t.net_minor), 0)::text as net
     from ${MEMBERS} m left join ${TRANSACTIONS} t on t.id = m.id
     where m.payout = $1 and m.id is distinct from $2 group by t.reporting_category order by t.reporting_category`,
    [id, balanceTransaction],
  );
  return {
    parts: rows.flatMap(({ category, count, amount, fee, net }) =>
      category === null
        ? []
        : [
            {
              category,
              count: Number(count),
              amountMinor: amountOf(amount),
              feeMinor: amountOf(fee),
              netMinor: amountOf(net),
            },
          ],
    ),
    unseen: rows.filter(({ category }) => category === null).reduce((sum, { count }) => sum + Number(count), 0),
  };
}

/** Returns a page of a payout's transactions, without its own, ordered by id. */
export async function transactionsOf(
  connection: Queryable,
  { id, balanceTransaction }: Pick<Payout, 'id' | 'balanceTransaction'>,
  { after, limit }: Readonly<{ after: string; limit: number }>,
): Promise<readonly PayoutTransaction[]> {
  const { rows } = await connection.query<
    Omit<PayoutTransaction, 'amountMinor' | 'feeMinor' | 'netMinor'> &
      Readonly<Record<'amount' | 'fee' | 'net', bigint | null>>
  >(
    `select m.id, t.id is not null as "isSeen", t.reporting_category as category, t.source, t.amount_minor as amount, t.fee_minor as fee, t.net_minor as net,
       t.created_at as "createdAt", of.payment, of.customer, settled.id as entry,
       array(select distinct invoice from ${MILESTONES} where payment = of.payment and invoice is not null order by invoice) as invoices
     from ${MEMBERS} m left join ${TRANSACTIONS} t on t.id = m.id
     left join lateral (select payment, customer from ${VIEWS.entries} where object in (t.source, m.id) and payment is not null order by id limit 1) as of on true
     left join ${VIEWS.entries} settled on settled.id = 'settlement:' || m.id
     where m.payout = $1 and m.id is distinct from $2 and m.id > $3 order by m.id limit $4`,
    [id, balanceTransaction, after, limit],
  );
  const amount = (value: bigint | null): number | null => (value === null ? null : amountOf(value));
  return rows.map(({ amount: whole, fee, net, ...transaction }) => ({
    ...transaction,
    ...{ amountMinor: amount(whole), feeMinor: amount(fee), netMinor: amount(net) },
  }));
}

/** Why the payout is not explained exactly; null where it is. */
export function causeOf(
  { isAutomatic, amountMinor }: Payout,
  { parts, unseen }: Readonly<{ parts: readonly PayoutPart[]; unseen: number }>,
): PayoutCause | null {
  if (parts.length === 0 && unseen === 0) return isAutomatic === false ? 'not_automatic' : 'payout_not_asked';
  if (unseen > 0) return 'transactions_not_seen';
  return parts.reduce((sum, { netMinor }) => sum + netMinor, 0) === amountMinor ? null : 'payout_differs';
}
