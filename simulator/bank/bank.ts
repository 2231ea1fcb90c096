import { stripeId } from '../account.js';
import { DAY, HOUR, type Seconds } from '../calendar.js';
import { seededRandom, type Random } from '../random.js';
import { Ledger, type Movement } from './ledger.js';
import { feeMinor, netMinor, transactionOf, type BalanceTransaction } from './transactions.js';

/** A payout to the merchant's bank: everything available in one currency on one morning. */
export interface Payout {
  readonly id: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly transaction: string;
  /** Its balance transactions, except its own. */
  readonly of: ReadonlySet<string>;
  readonly createdAt: Seconds;
  readonly arrivesAt: Seconds;
  /**
   * When the bank returns it, before or after its arrival, and the transaction that puts it back into the balance; null
   * when it does not fail.
   */
  readonly failed: Readonly<{ at: Seconds; transaction: string }> | null;
}

/** The balance as of a second. */
export interface Balance {
  readonly at: Seconds;
  readonly available: ReadonlyMap<string, number>;
  readonly pending: ReadonlyMap<string, number>;
}

export interface Bank {
  readonly transactions: readonly BalanceTransaction[];
  readonly payouts: readonly Payout[];
  /** The balances that events report: one each time that something became available. */
  readonly balances: readonly Balance[];
  /** The postings of payouts. */
  readonly paidOut: Ledger;
  /** The postings of transactions, each under its own id. */
  readonly settled: Ledger;
}

/** Stripe's billing fee, as a share of a month's charges. */
const BILLING_FEE = 0.007;

/**
 * The account's balance at Stripe. Each movement becomes a transaction, Stripe charges its fees on the first of a
 * month, and everything available is paid out each morning. Events exist only for payouts, and for the balance when
 * something becomes available.
 */
export function bankOf(account: string, movements: readonly Movement[]): Bank {
  const moved = movements.map(transactionOf);
  const all = [...moved, ...billsOf(account, moved)];
  const payouts = [...new Set(all.map(({ currency }) => currency))].flatMap((currency) =>
    payoutsOf(
      account,
      currency,
      all.filter((one) => one.currency === currency),
    ),
  );
  const transactions = [...all, ...payouts.flatMap(transactionsOfPayout)].sort((a, b) => a.createdAt - b.createdAt);
  return {
    ...{ transactions, payouts, balances: balancesOf(transactions) },
    ...{ paidOut: bookPayouts(payouts), settled: bookTransactions(transactions) },
  };
}

/** The balance as of a second, computed from all transactions. */
export function balanceAt(transactions: readonly BalanceTransaction[], at: Seconds): Balance {
  const available = new Map<string, number>();
  const pending = new Map<string, number>();
  for (const one of transactions) {
    if (one.createdAt > at) continue;
    const [sums, other] = one.availableAt <= at ? [available, pending] : [pending, available];
    sums.set(one.currency, (sums.get(one.currency) ?? 0) + netMinor(one));
    other.set(one.currency, other.get(one.currency) ?? 0);
  }
  return { at, available, pending };
}

/** Stripe's fees that belong to no payment. */
function billsOf(account: string, charged: readonly BalanceTransaction[]): BalanceTransaction[] {
  const byMonth = new Map<string, number>();
  for (const { category, amountMinor, currency, createdAt } of charged) {
    if (category !== 'charge') continue;
    const made = new Date(createdAt * 1_000);
    const due = Date.UTC(made.getUTCFullYear(), made.getUTCMonth() + 1, 1, 3) / 1_000;
    const key = `${due} ${currency}`;
    byMonth.set(key, (byMonth.get(key) ?? 0) + amountMinor);
  }
  return [...byMonth].flatMap(([key, sum]): BalanceTransaction[] => {
    const [due, currency] = key.split(' ') as [string, string];
    const amountMinor = -Math.round(sum * BILLING_FEE);
    if (amountMinor === 0) return [];
    const id = stripeId(seededRandom(account, 'bill', key), 'txn');
    const money = { amountMinor, currency, exchangeRate: null, movedMinor: amountMinor, movedCurrency: currency };
    const description = 'Billing - Usage Fee';
    const times = { createdAt: Number(due), availableAt: Number(due) };
    return [{ id, type: 'stripe_fee', category: 'fee', source: null, description, fees: [], ...money, ...times }];
  });
}

const PAID_OUT_AT = 6 * HOUR;

/** One payout each morning on which anything is available. */
function payoutsOf(account: string, currency: string, transactions: readonly BalanceTransaction[]): Payout[] {
  const payouts: Payout[] = [];
  const coming = [...transactions].sort((a, b) => a.availableAt - b.availableAt);
  let waiting: BalanceTransaction[] = [];
  for (let first = coming[0]; first !== undefined; first = coming[0]) {
    const at = morningAfter(first.availableAt);
    while (coming[0] !== undefined && coming[0].availableAt <= at) waiting.push(coming.shift() as BalanceTransaction);
    const amountMinor = waiting.reduce((sum, one) => sum + netMinor(one), 0);
    if (amountMinor <= 0) continue;
    const payout = newPayout(seededRandom(account, 'payout', currency, at), { currency, amountMinor, at, waiting });
    payouts.push(payout);
    waiting = [];
    const [, back] = transactionsOfPayout(payout);
    if (back === undefined) continue;
    coming.splice(coming.filter(({ availableAt }) => availableAt <= back.availableAt).length, 0, back);
  }
  return payouts;
}

const morningAfter = (at: Seconds): Seconds => {
  const morning = Math.floor(at / DAY) * DAY + PAID_OUT_AT;
  return morning >= at ? morning : morning + DAY;
};

function newPayout(
  random: Random,
  made: { currency: string; amountMinor: number; at: Seconds; waiting: readonly BalanceTransaction[] },
): Payout {
  const { currency, amountMinor, at, waiting } = made;
  const arrivesAt = (Math.floor(at / DAY) + 2) * DAY;
  const failsAt = random.chance(0.1) ? arrivesAt + (random.chance(0.5) ? 3 * DAY : -DAY) + 9 * HOUR : null;
  return {
    id: stripeId(random, 'po'),
    transaction: stripeId(random, 'txn'),
    of: new Set(waiting.map(({ id }) => id)),
    failed: failsAt === null ? null : { at: failsAt, transaction: stripeId(random, 'txn') },
    ...{ amountMinor, currency, createdAt: at, arrivesAt },
  };
}

function transactionsOfPayout(payout: Payout): readonly BalanceTransaction[] {
  const { id: source, currency, amountMinor, createdAt, failed } = payout;
  const movedBy = (minor: number, at: Seconds) => ({
    ...{ source, fees: [], currency, exchangeRate: null, movedCurrency: currency },
    ...{ amountMinor: minor, movedMinor: minor, createdAt: at, availableAt: at },
  });
  const out = { type: 'payout', category: 'payout', description: 'STRIPE PAYOUT' };
  const back = { type: 'payout_failure', category: 'payout_reversal', description: 'PAYOUT FAILURE' };
  const gone: BalanceTransaction = { id: payout.transaction, ...out, ...movedBy(-amountMinor, createdAt) };
  if (failed === null) return [gone];
  return [gone, { id: failed.transaction, ...back, ...movedBy(amountMinor, failed.at) }];
}

/** Balances a little after midnight, when payments of two days before have become available. */
function balancesOf(transactions: readonly BalanceTransaction[]): Balance[] {
  const days = new Set(
    transactions
      .filter(({ createdAt, availableAt }) => availableAt > createdAt)
      .map(({ availableAt }) => Math.floor(availableAt / DAY)),
  );
  return [...days].map((day) => balanceAt(transactions, day * DAY + 600));
}

function bookPayouts(payouts: readonly Payout[]): Ledger {
  const ledger = new Ledger();
  for (const { id, amountMinor, currency, createdAt: at, arrivesAt, failed, transaction } of payouts) {
    ledger.post(at, currency, ['onTheWay', id, amountMinor], ['moving', transaction, -amountMinor]);
    const hasArrived = failed === null || failed.at >= arrivesAt;
    if (hasArrived) ledger.post(arrivesAt, currency, ['atBank', id, amountMinor], ['onTheWay', id, -amountMinor]);
    if (failed === null) continue;
    const from = hasArrived ? 'atBank' : 'onTheWay';
    ledger.post(failed.at, currency, ['moving', failed.transaction, amountMinor], [from, id, -amountMinor]);
  }
  return ledger;
}

/** Posts each transaction's net and fees against the movement; an exchange is posted in both currencies. */
function bookTransactions(transactions: readonly BalanceTransaction[]): Ledger {
  const ledger = new Ledger();
  for (const one of transactions) {
    const { id, category, amountMinor, currency, movedMinor, movedCurrency, createdAt: at } = one;
    ledger.post(
      at,
      currency,
      ['balance', id, netMinor(one)],
      ['fees', id, feeMinor(one)],
      [category === 'fee' ? 'fees' : currency === movedCurrency ? 'moving' : 'exchange', id, -amountMinor],
    );
    if (currency !== movedCurrency)
      ledger.post(at, movedCurrency, ['exchange', id, movedMinor], ['moving', id, -movedMinor]);
  }
  return ledger;
}
