import type Stripe from 'stripe';
import { isBasilOrLater } from '../api-version.js';
import type { CreditNote } from '../books.js';
import type { Shape, StripeObject } from '../json.js';
import { listShape, nulls, type View } from './view.js';

export function creditNoteShape(view: View, note: CreditNote): StripeObject {
  const isBefore = note.invoice.status === 'open';
  const amount = note.amountMinor;
  return {
    id: note.id,
    object: 'credit_note',
    amount,
    amount_shipping: 0,
    created: note.createdAt,
    currency: note.invoice.currency,
    customer: note.invoice.customer.id,
    customer_balance_transaction: isBefore || note.refund !== null ? null : `cbtxn_${note.id.slice(3)}`,
    discount_amount: 0,
    discount_amounts: [],
    effective_at: note.createdAt,
    invoice: note.invoice.id,
    lines: listShape(
      [
        {
          id: `cnli_${note.id.slice(3)}`,
          object: 'credit_note_line_item',
          amount,
          description: 'Goodwill',
          discount_amount: 0,
          discount_amounts: [],
          livemode: view.account.livemode,
          ...(isBasilOrLater(view.apiVersion)
            ? { metadata: null, pretax_credit_amounts: [], taxes: null }
            : { tax_amounts: [] }),
          quantity: 1,
          tax_rates: [],
          type: 'custom_line_item',
          unit_amount: amount,
          unit_amount_decimal: String(amount),
        },
      ],
      `/v1/credit_notes/${note.id}/lines`,
      false,
    ),
    livemode: view.account.livemode,
    memo: null,
    metadata: {},
    number: note.number,
    out_of_band_amount: null,
    pdf: `https://pay.stripe.com/credit_notes/${view.account.id}/${note.id}/pdf?s=ap`,
    reason: null,
    shipping_cost: null,
    status: note.status,
    subtotal: amount,
    subtotal_excluding_tax: amount,
    total: amount,
    total_excluding_tax: amount,
    type: isBefore ? 'pre_payment' : 'post_payment',
    voided_at: note.voidedAt,
    ...(isBasilOrLater(view.apiVersion)
      ? sinceBasil(note, isBefore)
      : { refund: note.refund?.id ?? null, tax_amounts: [] }),
  };
}

type NewFields = 'post_payment_amount' | 'pre_payment_amount' | 'pretax_credit_amounts' | 'refunds' | 'total_taxes';

function sinceBasil({ amountMinor, refund }: CreditNote, isBefore: boolean) {
  return {
    post_payment_amount: isBefore ? 0 : amountMinor,
    pre_payment_amount: isBefore ? amountMinor : 0,
    pretax_credit_amounts: [],
    refunds:
      refund === null
        ? []
        : [{ amount_refunded: amountMinor, ...nulls('payment_record_refund'), refund: refund.id, type: 'refund' }],
    total_taxes: [],
  } satisfies Pick<Shape<Stripe.CreditNote>, NewFields>;
}
