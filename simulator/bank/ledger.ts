import type { Seconds } from '../calendar.js';

/**
 * The simulator's own books in double entry: who owed and had what, at every second. The acts of a life keep them, and the bank,
 * of what truly happened; no event is read for them.
 */

/** Minor units of `currency`; plus is what the merchant has more of, or is owed. */
export interface Posting {
  readonly at: Seconds;
  readonly account: LedgerAccount;
  /** The invoice, customer, charge, balance transaction or payout that it stands under. */
  readonly of: string;
  readonly currency: string;
  readonly amountMinor: number;
}

export type LedgerAccount =
  /** What customers owe, by invoice. */
  | 'receivable'
  /** What invoices ask for, by invoice: income, or to be earned. */
  | 'billed'
  /** Of that the tax, by invoice. */
  | 'taxed'
  /** Stripe's balance of a customer; below zero the customer's credit. */
  | 'credit'
  /** Credit that was promised, by customer. */
  | 'promised'
  /** Payments that are laid to no invoice, by charge. */
  | 'loose'
  /** Given back to customers of what they had paid, by charge. */
  | 'givenBack'
  | 'writtenOff'
  /** Paid outside Stripe, by invoice. */
  | 'outside'
  /** Moved at Stripe, and not yet in a balance, in the payment's currency: by balance transaction. */
  | 'moving'
  /** In Stripe's balance, by balance transaction. */
  | 'balance'
  | 'fees'
  | 'exchange'
  /** Payouts that have not arrived, and have. */
  | 'onTheWay'
  | 'atBank';

/** Money that moved at Stripe for a payment, in the payment's currency, in real time. */
export interface Movement {
  readonly transaction: string;
  readonly kind: 'charge' | 'refund' | 'refund_failure' | 'dispute' | 'dispute_reversal';
  readonly source: string;
  readonly charge: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** Of a dispute; the bank decides the fee of a charge. */
  readonly feeMinor: number;
  readonly at: Seconds;
}

type Leg = readonly [account: LedgerAccount, of: string, amountMinor: number];

export class Ledger {
  readonly postings: Posting[] = [];
  readonly movements: Movement[] = [];
  /** Charges that were taken off their invoices, and when. */
  readonly takenOff = new Map<string, Seconds>();

  /** @throws when the legs do not add up to zero */
  post(at: Seconds, currency: string, ...legs: readonly Leg[]): void {
    const sum = legs.reduce((total, [, , amountMinor]) => total + amountMinor, 0);
    if (sum !== 0) throw new Error(`The legs ${JSON.stringify(legs)} at ${at} add up to ${sum}.`);
    for (const [account, of, amountMinor] of legs)
      if (amountMinor !== 0) this.postings.push({ at, account, of, currency, amountMinor });
  }

  /** What stands on an account under a name, in the order in which the acts were played. */
  balance(account: LedgerAccount, of: string): number {
    return this.postings.reduce(
      (sum, one) => (one.account === account && one.of === of ? sum + one.amountMinor : sum),
      0,
    );
  }

  /** Money comes or goes at Stripe for a charge. */
  move(movement: Movement): void {
    this.movements.push(movement);
    const { at, currency, transaction, charge, amountMinor } = movement;
    this.post(at, currency, ['moving', transaction, amountMinor], ['loose', charge, -amountMinor]);
  }
}
