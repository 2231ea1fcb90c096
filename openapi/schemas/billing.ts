import { churnRisk } from '../../projections/churn-risk.js';
import { customers } from '../../projections/customers.js';
import { invoices } from '../../projections/invoices.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { PAYMENT_METHODS } from '../../src/api/customers/payment-methods.js';
import {
  asOf,
  counted,
  decimal,
  fieldsOf,
  flag,
  list,
  minor,
  object,
  observation,
  orNull,
  page,
  ref,
  reference,
  row,
  text,
  time,
  whole,
  type Properties,
} from './words.js';

/** True if the time is only an upper bound of the status's start. */
const statusSinceIsBound: Properties = { statusSinceIsBound: flag };
const {
  lastFailedInvoice: _,
  lastFailedAt: __,
  lastFailedAttempt: ___,
  nextPaymentAttempt: ____,
  ...riskFields
} = fieldsOf(churnRisk.tables['churn_risk']);

export const billingSchemas: Properties = {
  Subscription: row(fieldsOf(subscriptions.tables['subscriptions']), { ...reference, ...statusSinceIsBound, ...asOf }),
  Subscriptions: page('Subscription', { ...asOf, ...counted }),
  Invoice: row(fieldsOf(invoices.tables['invoices']), {
    creditedMinor: minor,
    creditNotes: list(ref('CreditNote')),
    payments: list(ref('Payment')),
    ...asOf,
  }),
  Invoices: page('Invoice', { ...asOf, ...counted }),
  Customer: row(fieldsOf(customers.tables['customers']), reference),
  Customers: page('Customer', counted),
  PaymentMethodOfCustomer: row({ ...fieldsOf(PAYMENT_METHODS.table), isDefault: flag }),
  CustomerEverything: object({
    id: text,
    customer: orNull(ref('Customer')),
    subscriptions: ref('Subscriptions'),
    invoices: ref('Invoices'),
    payments: ref('Payments'),
    paymentMethods: list(ref('PaymentMethodOfCustomer')),
  }),
  ChurnRisk: row({
    ...riskFields,
    lastFailure: orNull(
      object({
        invoice: text,
        at: orNull(time),
        attempt: orNull(whole),
        nextAttempt: orNull(time),
        code: orNull(text),
      }),
    ),
  }),
  ChurnRisks: page('ChurnRisk', counted),
  TimelineEntry: object({
    number: whole,
    stripeEventId: text,
    observation: orNull(object(observation)),
    gap: orNull(object({ after: time, before: time })),
    type: text,
    created: time,
    object: object({ kind: orNull(text), id: orNull(text) }),
    apiVersion: orNull(text),
    renderings: list(orNull(text)),
    changes: orNull(list(object({ path: text, from: {}, to: {} }))),
    transition: orNull(object({ from: orNull(text), to: text })),
    late: flag,
    ambiguous: flag,
    stream: text,
    revision: decimal,
    position: decimal,
    receivedAt: orNull(time),
  }),
  Timeline: object({ data: list(ref('TimelineEntry')), nextAfter: orNull(whole) }),
};
