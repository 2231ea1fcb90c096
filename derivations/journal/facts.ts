import type { MaybeRelease, ReleasedPart } from '../settling/release.js';

/**
 * The facts that the books are derived from: rows of projections, as SQL reads them. Amounts in minor units, times as
 * rows hold them. `cause` columns are the provenance of the event that first showed the fact.
 */

/** The Stripe event behind a fact. */
export type Cause = Readonly<{
  livemode: boolean | null;
  account: string | null;
  stripe_event_id: string;
  stripe_event_type: string;
  stripe_event_created: string;
  api_version: string | null;
}>;

/**
 * A stage that an object reached, or an amount above the highest seen of it. It is a difference of states, so repeats,
 * duplicates and stale snapshots add none.
 */
export type MilestoneRow = Readonly<{
  /** Stripe's type of the object. */
  kind: string;
  object: string;
  stage: string;
  /** The ordinal within the stage, from 1. */
  ordinal: number;
  at: string;
  currency: string;
  /** The amount of this milestone, and the total so far. */
  amount_minor: number;
  cumulative_minor: number;
  customer: string | null;
  invoice: string | null;
  /** The payment: its intent, or its charge where it has none. */
  payment: string | null;
  /** Another object that it names: a charge, a dispute, an invoice item's price, … */
  other: string | null;
  unmoved?: Unmoved | null;
}> &
  Cause;

/** A refund that no event shows to have moved money, and its charge; null: no event of the charge is known. */
export type Unmoved = Readonly<{ refund: MaybeRelease; charge: ReleasedPart | null }>;

export type InvoiceRow = Readonly<{
  id: string;
  customer: string | null;
  subscription: string | null;
  currency: string;
  total_minor: number;
  tax_minor: number | null;
  discount_minor: number | null;
  shipping_minor: number;
  shipping_tax_minor: number;
  has_all_lines: boolean;
}>;

export type InvoiceLineRow = Readonly<{
  id: string;
  amount_minor: number;
  /** Null: no event says. */
  discount_minor: number | null;
  /** Billing credits applied to the line. */
  credit_minor: number;
  /** All taxes on the line; null: no event says. */
  tax_minor: number | null;
  /** The part of the taxes that the amount includes. */
  tax_inclusive_minor: number | null;
  period_start: string | null;
  period_end: string | null;
  invoice_item: string | null;
}>;

export type InvoiceItemRow = Readonly<{
  id: string;
  amount_minor: number;
  currency: string;
  customer: string | null;
  invoice: string | null;
  created_at: string | null;
  period_start: string | null;
  period_end: string | null;
  /** Set if it was deleted before it was billed. */
  deleted: (Readonly<{ at: string }> & Cause) | null;
}> &
  Cause;

export type CreditNoteRow = Readonly<{
  id: string;
  invoice: string;
  currency: string;
  pre_payment_amount_minor: number;
  post_payment_amount_minor: number;
  out_of_band_amount_minor: number;
  customer_balance_transaction: string | null;
  /** Refunds that it names; a null amount is unknown. */
  refunds: readonly Readonly<{ refund: string; amountMinor: number | null }>[];
}>;

export type CreditNoteLineRow = Readonly<{
  credit_note: string;
  id: string;
  invoice_line: string | null;
  /** Including taxes, after discounts. */
  gross_minor: number;
  tax_minor: number;
}>;

/** A movement of money by a dispute, with the amount in dispute. */
export type DisputeMovementRow = Readonly<{
  id: string;
  dispute: string;
  payment: string | null;
  /** Of the movement, in the currency of the account; negative when it takes money. */
  amount_minor: number;
  currency: string;
  /** Of the dispute, in the currency of the payment. */
  dispute_amount_minor: number;
  dispute_currency: string;
  at: string;
}> &
  Cause;

/** A refund that only its charge reports, in the list that charges had until 2022-11-15. */
export type RefundEvidenceRow = Readonly<{
  refund: string;
  payment: string | null;
  status: string | null;
  amount_minor: number;
  currency: string;
  at: string;
  unmoved?: Unmoved | null;
}> &
  Cause;
