import { disputes } from '../../projections/disputes.js';
import { invoicePayments } from '../../projections/invoice-payments.js';
import { payments } from '../../projections/payments.js';
import { refunds } from '../../projections/refunds.js';
import {
  asOf,
  counted,
  fieldsOf,
  flag,
  list,
  minor,
  object,
  orNull,
  page,
  ref,
  row,
  text,
  type Properties,
} from './words.js';

const refundFields = fieldsOf(refunds.tables['refunds']);
const evidenceFields = fieldsOf(refunds.tables['refund_evidence']);

export const paymentsSchemas: Properties = {
  Payment: object(
    {
      id: text,
      isOutOfBand: flag,
      status: text,
      customer: orNull(text),
      currency: text,
      amountMinor: minor,
      presentment: orNull(object({ currency: text, amountMinor: minor })),
      failureCode: orNull(text),
      declineCode: orNull(text),
      failureMessage: orNull(text),
      livemode: orNull(flag),
      account: orNull(text),
      amountReceivedMinor: minor,
      amountRefundedMinor: orNull(minor),
      amountRefundedUnlistedMinor: minor,
      amountRefundPendingMinor: minor,
      amountDisputedMinor: minor,
      disputeFeesMinor: orNull(minor),
      amountNetMinor: orNull(minor),
      isDisputed: flag,
      paymentIntent: orNull(ref('PaymentPart')),
      charges: list(ref('Charge')),
      refunds: list(ref('RefundOfPayment')),
      disputes: list(ref('Dispute')),
      invoices: list(
        object({
          id: text,
          number: orNull(text),
          status: orNull(text),
          subscription: orNull(text),
          invoicePayments: list(ref('InvoicePayment')),
        }),
      ),
    },
    asOf,
  ),
  Payments: page('Payment', { ...asOf, ...counted }),
  PaymentPart: row(fieldsOf(payments.tables['payments'])),
  Charge: row({ ...fieldsOf(payments.tables['payments']), isDisputed: flag }),
  InvoicePayment: row(fieldsOf(invoicePayments.tables['invoice_payments'])),
  Refund: row({
    ...fieldsOf(refunds.tables['refunds'], ['known_since']),
    // A refund known only from a credit note has no status, and not always an amount.
    status: orNull(text),
    amountMinor: orNull(minor),
    creditNotes: list(text),
  }),
  Refunds: page('Refund', counted),
  RefundOfPayment: {
    ...row(
      { amountMinor: orNull(minor), currency: text, status: orNull(text), creditNotes: list(text) },
      Object.fromEntries(
        Object.entries({ ...evidenceFields, ...refundFields }).filter(
          ([name]) => !['amountMinor', 'currency', 'status'].includes(name),
        ),
      ),
    ),
    description: 'A refund from its own events, or from the charge or credit note that lists it.',
  },
  Dispute: row(
    { ...fieldsOf(disputes.tables['disputes']), movements: list(ref('DisputeMovement')) },
    { customer: orNull(text) },
  ),
  Disputes: page('Dispute', counted),
  DisputeMovement: row(fieldsOf(disputes.tables['dispute_movements'])),
};
