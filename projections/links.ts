import type {
  CheckoutSessionSnapshot, CreditNoteSnapshot, DiscountSnapshot, DisputeSnapshot, InvoiceItemSnapshot, InvoicePaymentSnapshot, InvoiceSnapshot,
  PaymentSnapshot, RefundSnapshot, Snapshot, SubscriptionScheduleSnapshot, SubscriptionSnapshot,
} from '../src/events/normalise.js';
import { defineProjection, ignored, type Fact } from './projection.js';
import { ID, provenanceColumns, provenanceOf, rowOf, type ById } from './row.js';

/** `object` is Stripe's name of the kind of object that `id` names. */
const columns = { object: ID, id: ID, target_kind: ID, target: ID };
type Row = ReturnType<typeof linkRow>;

/** What an object says it belongs to; a payment is named by a charge or a payment intent. */
type Targets = Readonly<Partial<Record<'subscription' | 'invoice' | 'payment' | 'customer', readonly (string | null)[]>>>;

/**
 * To which subscription, invoice, payment and customer does each object belong? One row for each thing that an object has
 * ever said, so that what belongs together is found from either side, whichever event came first, and what a newer API
 * version no longer says stays known. Objects without an id say nothing here, and no hint is taken for a link.
 */
export const links = defineProjection({
  name: 'links',
  version: 1,
  tables: { links: { columns: { ...columns, ...provenanceColumns }, key: ['id', 'object', 'target_kind', 'target'], indexes: [['target', 'target_kind']] } },
  initial: (): ById<Row> => ({}),
  evolve: {
    subscription: linking('subscription', ({ customer, latestInvoice }: SubscriptionSnapshot) => ({ customer: [customer], invoice: [latestInvoice] })),
    // An invoice without a subscription of its own may have lines for some.
    invoice: linking('invoice', ({ subscription, customer, charge, paymentIntent, lines }: InvoiceSnapshot) =>
      ({ subscription: [subscription, ...lines.map((line) => line.subscription)], customer: [customer], payment: [charge, paymentIntent] })),
    invoice_item: linking('invoiceitem', ({ subscription, invoice, customer }: InvoiceItemSnapshot) => ({ subscription: [subscription], invoice: [invoice], customer: [customer] })),
    invoice_payment: linking('invoice_payment', ({ invoice, charge, paymentIntent }: InvoicePaymentSnapshot) => ({ invoice: [invoice], payment: [charge, paymentIntent] })),
    payment: (rows, fact) => linking(fact.snapshot.object, ({ id, invoice, customer, charge, paymentIntent }: PaymentSnapshot) =>
      ({ invoice: [invoice], customer: [customer], payment: [charge, paymentIntent].filter((other) => other !== id) }))(rows, fact),
    refund: linking('refund', ({ customer, charge, paymentIntent }: RefundSnapshot) => ({ customer: [customer], payment: [charge, paymentIntent] })),
    dispute: linking('dispute', ({ charge, paymentIntent }: DisputeSnapshot) => ({ payment: [charge, paymentIntent] })),
    credit_note: linking('credit_note', ({ invoice, customer }: CreditNoteSnapshot) => ({ invoice: [invoice], customer: [customer] })),
    checkout_session: linking('checkout.session', ({ subscription, invoice, customer, paymentIntent }: CheckoutSessionSnapshot) =>
      ({ subscription: [subscription], invoice: [invoice], customer: [customer], payment: [paymentIntent] })),
    subscription_schedule: linking('subscription_schedule', ({ subscription, customer }: SubscriptionScheduleSnapshot) => ({ subscription: [subscription], customer: [customer] })),
    discount: linking('discount', ({ subscription, invoice, customer }: DiscountSnapshot) => ({ subscription: [subscription], invoice: [invoice], customer: [customer] })),
    ...ignored('upcoming_invoice', 'customer', 'entitlements', 'price', 'plan', 'product', 'coupon', 'deletion'),
  },
  rows: (rows) => ({ links: Object.values(rows) }),
});

/** The step that adds what a snapshot says of its object; what was said before keeps the event that said it first. */
function linking<S extends Snapshot & { readonly id: string | null }>(object: string, targetsOf: (snapshot: S) => Targets) {
  return (rows: ById<Row>, fact: Fact<S>): ById<Row> => {
    const { id } = fact.snapshot;
    if (id === null) return rows;
    const said = Object.entries(targetsOf(fact.snapshot)).flatMap(([targetKind, targets]) =>
      targets.filter((target) => target !== null).map((target) => [`${object} ${id} ${targetKind} ${target}`, linkRow(fact, { object, id, targetKind, target })]));
    return { ...Object.fromEntries(said), ...rows };
  };
}

const linkRow = (fact: Fact, link: Readonly<{ object: string; id: string; targetKind: string; target: string }>) => ({ ...rowOf(columns, link), ...provenanceOf(fact) });
