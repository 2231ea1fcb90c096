import type { MoneyPolicy } from '../policy.js';
import { sumOf } from '../rounding.js';
import { secondOf } from '../time.js';
import { accounts, type Account } from './accounts.js';
import { entry, posting, type Entry, type EntryOf, type Posting } from './entry.js';
import type { Cause, MilestoneRow } from './facts.js';

/** A balance transaction, from a dispute or from Stripe's API. Minor units of `currency`. */
export type BalanceTransactionRow = Readonly<{
  id: string;
  reporting_category: string;
  amount_minor: number;
  fee_minor: number;
  net_minor: number;
  currency: string;
  fee_details: readonly Readonly<{ type: string; amountMinor: number; currency: string }>[];
  /** The amount of its source in the source's currency, with the sign of `amount_minor`; null: unknown. */
  source_amount_minor: number | null;
  source_currency: string | null;
  at: string;
}> &
  Cause;

/**
 * The entry of a balance transaction: its net on the Stripe balance, its fees, and the counter account of its category
 * (docs.stripe.com/reports/reporting-categories). A currency conversion balances in each currency through the account
 * for conversions.
 */
export function settlement(row: BalanceTransactionRow): readonly Entry[] {
  const { currency, amount_minor: amountMinor, source_currency: own, source_amount_minor: ownMinor } = row;
  const counter = counterOf(row.reporting_category);
  const isConverted = counter === accounts.clearing && own !== null && ownMinor !== null && own !== currency;
  const other = isConverted
    ? [
        posting(accounts.conversion, currency, -amountMinor),
        posting(accounts.conversion, own, ownMinor),
        posting(counter, own, -ownMinor),
      ]
    : [posting(counter, currency, -amountMinor)];
  const of = { kind: 'settlement', object: row.id, effectiveAt: secondOf(row.at), cause: row };
  return some(of, [posting(accounts.balance, currency, row.net_minor), ...feesOf(row), ...other]);
}

function feesOf(row: BalanceTransactionRow): Posting[] {
  const isDispute = row.reporting_category === 'dispute' || row.reporting_category === 'dispute_reversal';
  const whole = isDispute ? accounts.feesDispute : accounts.feesStripe;
  const fees = row.fee_details.filter(({ currency }) => currency === row.currency);
  const restMinor = row.fee_minor - sumOf(fees.map(({ amountMinor }) => amountMinor));
  return [
    ...fees.map(({ type, amountMinor }) => posting(feeAccounts[type] ?? whole, row.currency, amountMinor)),
    posting(whole, row.currency, restMinor),
  ];
}

const feeAccounts: Readonly<Record<string, Account>> = {
  tax: accounts.feesTax,
  application_fee: accounts.feesApplication,
  payment_method_passthrough_fee: accounts.feesNetwork,
};

const categories: readonly (readonly [Account, readonly string[]])[] = [
  [
    accounts.clearing,
    [
      ...['charge', 'charge_failure', 'refund', 'refund_failure', 'partial_capture_reversal', 'payment_reversal'],
      ...['dispute', 'dispute_reversal', 'payout', 'payout_reversal', 'topup', 'topup_reversal', 'inbound_transfer'],
      ...['transfer', 'transfer_reversal', 'platform_earning', 'platform_earning_refund'],
    ],
  ],
  [accounts.lossesConnect, ['connect_collection_transfer']],
  [
    accounts.feesStripe,
    [
      ...['fee', 'stripe_fx_fee', 'fee_credit_funding'],
      ...['stripe_balance_payment_debit', 'stripe_balance_payment_debit_reversal'],
    ],
  ],
  [accounts.feesNetwork, ['network_cost']],
  [accounts.feesTax, ['tax']],
  [accounts.tax, ['tax_fund']],
  [
    accounts.reserved,
    [
      ...['risk_reserved_funds', 'connect_reserved_funds', 'reserve_hold', 'reserve_release'],
      ...['payment_network_reserve_hold', 'payment_network_reserve_release'],
      ...['payout_minimum_balance_hold', 'payout_minimum_balance_release'],
    ],
  ],
  [accounts.customerCash, ['unreconciled_customer_funds']],
  [accounts.financing, ['advance', 'advance_funding', 'anticipation_repayment']],
  [accounts.climate, ['contribution']],
];
const counters = new Map(categories.flatMap(([name, all]) => all.map((category) => [category, name] as const)));

/** The counter account of a reporting category; an unknown category is booked as unexplained, for review. */
export function counterOf(category: string): Account {
  if (category.startsWith('financing_')) return accounts.financing;
  return category.startsWith('climate_') ? accounts.climate : (counters.get(category) ?? accounts.unexplained);
}

/** The entries of a payout: in transit, arrived, or failed. A negative payout has the opposite signs. */
export function payoutBook(rows: readonly MilestoneRow[]): readonly Entry[] {
  const paid = rows.find(({ stage }) => stage === 'paid');
  return rows.flatMap((row) => {
    const of = (kind: string): EntryOf => ({ kind, object: row.object, effectiveAt: secondOf(row.at), cause: row });
    const move = (kind: string, to: Account, from: Account) => moved(of(kind), row, to, from);
    if (row.stage === 'created') return move('payout', accounts.inTransit, accounts.clearing);
    if (row.stage === 'paid') return move('payout-paid', accounts.bank, accounts.inTransit);
    if (row.stage !== 'failed') return [];
    const arrived = paid !== undefined && secondOf(paid.at) <= secondOf(row.at);
    return move('payout-failed', accounts.clearing, arrived ? accounts.bank : accounts.inTransit);
  });
}

/**
 * The entries of a transfer to a connected account. For a destination charge we act as agent, so revenue is net of the
 * transfer under `connect: net`.
 */
export function transferBook(
  rows: readonly MilestoneRow[],
  isDestination: boolean,
  policy: MoneyPolicy,
): readonly Entry[] {
  const isNet = isDestination && policy.connect === 'net';
  return rows.flatMap((row) => {
    const of = { object: row.object, effectiveAt: secondOf(row.at), cause: row };
    if (row.stage === 'created')
      return moved({ ...of, kind: 'transfer' }, row, isNet ? accounts.revenue : accounts.transfers, accounts.clearing);
    if (row.stage !== 'reversed') return [];
    const back = isNet ? accounts.lossesConnect : accounts.transfers;
    return moved({ ...of, kind: 'transfer-reversed', step: row.cumulative_minor }, row, accounts.clearing, back);
  });
}

/** A platform's application fees on charges of its connected accounts. */
export function applicationFeeBook(rows: readonly MilestoneRow[]): readonly Entry[] {
  return rows.flatMap((row) => {
    const of = { object: row.object, effectiveAt: secondOf(row.at), cause: row };
    if (row.stage === 'created') return moved({ ...of, kind: 'fee' }, row, accounts.clearing, accounts.platformFees);
    if (row.stage !== 'refunded') return [];
    return moved({ ...of, kind: 'fee-refunded', step: row.cumulative_minor }, row, accounts.refunds, accounts.clearing);
  });
}

/** The entries of a top-up: money from the bank to the balance at Stripe. */
export function topupBook(rows: readonly MilestoneRow[]): readonly Entry[] {
  return rows.flatMap((row) => {
    const of = { object: row.object, effectiveAt: secondOf(row.at), cause: row };
    if (row.stage === 'succeeded') return moved({ ...of, kind: 'topup' }, row, accounts.clearing, accounts.bank);
    return row.stage === 'reversed'
      ? moved({ ...of, kind: 'topup-reversed' }, row, accounts.bank, accounts.clearing)
      : [];
  });
}

const moved = (
  of: EntryOf,
  { currency, amount_minor: amountMinor }: MilestoneRow,
  to: Account,
  from: Account,
): Entry[] => some(of, [posting(to, currency, amountMinor), posting(from, currency, -amountMinor)]);

function some(of: EntryOf, postings: readonly Posting[]): Entry[] {
  const made = entry(of, postings);
  return made === null ? [] : [made];
}
