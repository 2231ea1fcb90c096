import { DAY, type Seconds } from '../calendar.js';
import type { JsonObject, StripeObject } from '../json.js';
import { nulls } from '../shapes/view.js';
import type { Happening } from './happenings.js';

/**
 * What moves Stripe's balance: a transaction for each payment, refund and movement of a dispute, and a payout a day for
 * each currency of what has become available. Transactions have no events.
 */
export function moneyOf(happenings: readonly Happening[], livemode: boolean): Happening[] {
  const transactions = new Map<string, Transaction>();
  for (const { at, shape } of happenings)
    for (const one of transactionsOf(shape, at)) if (!transactions.has(one.id)) transactions.set(one.id, one);
  const all = [...transactions.values()];
  const payouts = payoutsOf(all);
  return [
    ...all.flatMap((one) => statesOf(one, payouts)),
    ...payouts.flatMap(({ payout, transaction }) => [
      still(payout.created, payoutShape(payout, livemode)),
      ...statesOf(transaction, payouts),
    ]),
  ];
}

/** The payout that a transaction went out with; null while it is in the balance. A filter of Stripe's list. */
export const PAYOUT_OF = 'simulated_payout';

type Transaction = Readonly<{
  id: string;
  amount: number;
  fee: number;
  currency: string;
  type: string;
  category: string;
  source: string;
  description: string | null;
  created: Seconds;
  availableOn: Seconds;
}>;
type Payout = Readonly<{ id: string; amount: number; currency: string; transaction: string; created: Seconds }>;
type PaidOut = Readonly<{ payout: Payout; transaction: Transaction; of: ReadonlySet<string> }>;

const AVAILABLE_AFTER = 2 * DAY;
const still = (at: Seconds, shape: StripeObject): Happening => ({ at, shape, object: () => shape, event: null });

/** 2.9 % and 30 of the smallest unit, as a card costs in the United States. */
const feeOf = (amount: number): number => Math.round(amount * 0.029) + 30;

function transactionsOf(object: StripeObject, at: Seconds): Transaction[] {
  const { id, currency, amount } = object;
  const common = { currency: String(currency), source: id, created: at, availableOn: at + AVAILABLE_AFTER, fee: 0 };
  const transaction = typeof object['balance_transaction'] === 'string' ? object['balance_transaction'] : null;
  if (object.object === 'charge' && object['paid'] === true && transaction !== null)
    return [
      {
        ...common,
        id: transaction,
        amount: Number(amount),
        fee: feeOf(Number(amount)),
        type: 'charge',
        category: 'charge',
        description: object['description'] as string | null,
      },
    ];
  if (object.object === 'refund' && transaction !== null) {
    const made = { ...common, amount: -Number(amount), description: 'REFUND FOR CHARGE' };
    const refund = { ...made, id: transaction, type: 'refund', category: 'refund' };
    if (object['status'] !== 'failed') return [refund];
    const failure = { ...made, amount: Number(amount), type: 'refund_failure', category: 'refund_failure' };
    return [refund, { ...failure, id: `${transaction}f` }];
  }
  if (object.object === 'dispute')
    return (object['balance_transactions'] as JsonObject[]).map((entry) => ({
      ...common,
      id: String(entry['id']),
      amount: Number(entry['amount']),
      fee: Number(entry['fee']),
      type: 'adjustment',
      category: String(entry['reporting_category']),
      description: String(entry['description']),
      created: Number(entry['created']),
      availableOn: Number(entry['available_on']),
    }));
  return [];
}

const netOf = ({ amount, fee }: Transaction): number => amount - fee;

/** At midnight what is available goes out, unless nothing is left of it. */
function payoutsOf(transactions: readonly Transaction[]): PaidOut[] {
  const payouts: PaidOut[] = [];
  for (const currency of new Set(transactions.map((one) => one.currency))) {
    const byDay = new Map<number, Transaction[]>();
    for (const one of transactions.filter((other) => other.currency === currency)) {
      const day = Math.floor(one.availableOn / DAY) + 1;
      byDay.set(day, [...(byDay.get(day) ?? []), one]);
    }
    let waiting: Transaction[] = [];
    for (const [day, arrived] of [...byDay].sort(([a], [b]) => a - b)) {
      waiting = [...waiting, ...arrived];
      const amount = waiting.reduce((sum, one) => sum + netOf(one), 0);
      if (amount <= 0) continue;
      payouts.push(paidOut({ currency, amount, created: day * DAY }, waiting));
      waiting = [];
    }
  }
  return payouts;
}

function paidOut(
  { currency, amount, created }: Pick<Payout, 'currency' | 'amount' | 'created'>,
  of: readonly Transaction[],
): PaidOut {
  const tail = `${currency}${created}`.padEnd(24, '0');
  const payout = { id: `po_${tail}`, transaction: `txn_${tail}`, currency, amount, created };
  return {
    payout,
    of: new Set([...of.map(({ id }) => id), payout.transaction]),
    transaction: {
      id: payout.transaction,
      amount: -amount,
      fee: 0,
      currency,
      type: 'payout',
      category: 'payout',
      source: payout.id,
      description: 'STRIPE PAYOUT',
      created,
      availableOn: created,
    },
  };
}

/** Pending, then available, then gone out with a payout: each by the time alone. */
function statesOf(transaction: Transaction, payouts: readonly PaidOut[]): Happening[] {
  const { created, availableOn, currency } = transaction;
  const out = payouts.find(({ payout, of }) => payout.currency === currency && of.has(transaction.id));
  const state = (status: string, payout: string | null): StripeObject => ({
    id: transaction.id,
    object: 'balance_transaction',
    amount: transaction.amount,
    available_on: availableOn,
    balance_type: 'payments',
    created,
    currency,
    description: transaction.description,
    exchange_rate: null,
    fee: transaction.fee,
    fee_details:
      transaction.fee === 0
        ? []
        : [
            {
              amount: transaction.fee,
              application: null,
              currency,
              description: transaction.type === 'charge' ? 'Stripe processing fees' : 'Dispute fee',
              type: 'stripe_fee',
            },
          ],
    net: netOf(transaction),
    reporting_category: transaction.category,
    source: transaction.source,
    status,
    type: transaction.type,
    [PAYOUT_OF]: payout,
  });
  const states = [still(created, state(availableOn > created ? 'pending' : 'available', null))];
  if (availableOn > created) states.push(still(availableOn, state('available', null)));
  if (out !== undefined) states.push(still(Math.max(out.payout.created, created), state('available', out.payout.id)));
  return states;
}

const payoutShape = (payout: Payout, livemode: boolean): StripeObject => ({
  id: payout.id,
  object: 'payout',
  amount: payout.amount,
  application_fee: null,
  application_fee_amount: null,
  arrival_date: payout.created + 2 * DAY,
  automatic: true,
  balance_transaction: payout.transaction,
  created: payout.created,
  currency: payout.currency,
  description: 'STRIPE PAYOUT',
  destination: 'ba_simulated0000000000000000',
  ...nulls('failure_balance_transaction', 'failure_code', 'failure_message', 'original_payout', 'reversed_by'),
  livemode,
  metadata: {},
  method: 'standard',
  payout_method: null,
  reconciliation_status: 'completed',
  source_type: 'card',
  statement_descriptor: null,
  status: 'paid',
  trace_id: null,
  type: 'bank_account',
});
