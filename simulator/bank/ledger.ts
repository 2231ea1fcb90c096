import type { Seconds } from '../calendar.js';

/**
 * The simulator's own double-entry books: what everyone owed and had at every second. The simulated acts and the bank
 * post to them directly; they are never derived from events.
 */

/** Minor units of `currency`. Positive: the merchant has more, or is owed more. */
export interface Posting {
  readonly at: Seconds;
  readonly account: LedgerAccount;
  /** The invoice, customer, charge, balance transaction or payout that it belongs to. */
  readonly of: string;
  readonly currency: string;
  readonly amountMinor: number;
}

export type LedgerAccount =
  /** What customers owe, by invoice. */
  | 'receivable'
  /** Invoiced amounts, earned or yet to be earned, by invoice. */
  | 'billed'
  /** The tax in them, by invoice. */
  | 'taxed'
  /** The customer's balance at Stripe; below zero it is credit. */
  | 'credit'
  /** Promised credit, by customer. */
  | 'promised'
  /** Payments not applied to an invoice, by charge. */
  | 'loose'
  /** Returned to customers, by charge. */
  | 'givenBack'
  | 'writtenOff'
  /** Paid outside Stripe, by invoice. */
  | 'outside'
  /** Moved at Stripe but not yet in a balance, in the payment's currency: by balance transaction. */
  | 'moving'
  /** In Stripe's balance, by balance transaction. */
  | 'balance'
  | 'fees'
  | 'exchange'
  /** Payouts in transit, and payouts that arrived. */
  | 'onTheWay'
  | 'atBank';

/** Money that Stripe moves for a payment, in the payment's currency and in real time. */
export interface Movement {
  readonly transaction: string;
  readonly kind: 'charge' | 'refund' | 'refund_failure' | 'dispute' | 'dispute_reversal';
  readonly source: string;
  readonly charge: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** The fee of a dispute; the fee of a charge is computed by the bank. */
  readonly feeMinor: number;
  readonly at: Seconds;
}

type Leg = readonly [account: LedgerAccount, of: string, amountMinor: number];

export class Ledger {
  readonly postings: Posting[] = [];
  readonly movements: Movement[] = [];
  /** Charges that were detached from their invoices, with the time. */
  readonly takenOff = new Map<string, Seconds>();

  /** @throws when the legs do not add up to zero */
  post(at: Seconds, currency: string, ...legs: readonly Leg[]): void {
    const sum = legs.reduce((total, [, , amountMinor]) => total + amountMinor, 0);
    if (sum !== 0) throw new Error(`The legs ${JSON.stringify(legs)} at ${at} add up to ${sum}.`);
    for (const [account, of, amountMinor] of legs)
      if (amountMinor !== 0) this.postings.push({ at, account, of, currency, amountMinor });
  }

  /** The balance of an account under an id, summed in the order of the simulated acts. */
  balance(account: LedgerAccount, of: string): number {
    return this.postings.reduce(
      (sum, one) => (one.account === account && one.of === of ? sum + one.amountMinor : sum),
      0,
    );
  }

  /** Books money that enters or leaves Stripe for a charge. */
  move(movement: Movement): void {
    this.movements.push(movement);
    const { at, currency, transaction, charge, amountMinor } = movement;
    this.post(at, currency, ['moving', transaction, amountMinor], ['loose', charge, -amountMinor]);
  }
}
