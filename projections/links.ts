import type {
  CheckoutSessionSnapshot,
  CreditNoteSnapshot,
  CustomerSnapshot,
  DeletionSnapshot,
  DiscountSnapshot,
  DisputeSnapshot,
  InvoiceItemSnapshot,
  InvoicePaymentFacts,
  InvoicePaymentSnapshot,
  InvoiceSnapshot,
  PaymentMethodSnapshot,
  PaymentSnapshot,
  PromotionCodeSnapshot,
  RefundSnapshot,
  RelatedObjectSnapshot,
  Snapshot,
  SubscriptionScheduleSnapshot,
  SubscriptionSnapshot,
} from '../src/events/normalise.js';
import { id } from './columns.js';
import { defineProjection, evolve, ignored, type Evolve, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf, type ById, type FactOf } from './row.js';

/** `object` is Stripe's name for the kind of object that `id` identifies. */
const columns = { object: id(), id: id(), target_kind: id(), target: id() };
type Row = ReturnType<typeof linkRow>;

/**
 * What an object says it belongs to. A payment is named by a charge, a payment intent or, outside Stripe, a payment
 * record. The kinds after `customer` lead on to one of the first four.
 */
type TargetKind =
  | 'subscription'
  | 'invoice'
  | 'payment'
  | 'customer'
  | 'subscription_item'
  | 'quote'
  | 'setup_intent'
  | 'payment_method'
  | 'credit_grant'
  | 'test_clock';
type Targets = Readonly<Partial<Record<TargetKind, readonly (string | null)[]>>>;

/** The ids by which an invoice payment names its payment. */
type Paying = Pick<InvoicePaymentFacts, 'charge' | 'paymentIntent' | 'paymentRecord'>;
const namedBy = ({ charge, paymentIntent, paymentRecord }: Paying) => [charge, paymentIntent, paymentRecord];

/** What is read of the two most frequent kinds. */
const narrow = {
  subscription: ({
    kind,
    id,
    livemode,
    account,
    customer,
    items,
    latestInvoice,
    pendingSetupIntent,
    testClock,
  }: SubscriptionSnapshot) => ({
    kind,
    id,
    livemode,
    account,
    customer,
    latestInvoice,
    pendingSetupIntent,
    testClock,
    items: items.map((item) => ({ id: item.id })) as readonly { id: string | null }[],
  }),
  invoice: ({
    kind,
    id,
    livemode,
    account,
    subscription,
    customer,
    charge,
    paymentIntent,
    payments,
    lines,
    quote,
    testClock,
  }: InvoiceSnapshot) => ({
    kind,
    id,
    livemode,
    account,
    subscription,
    customer,
    charge,
    paymentIntent,
    quote,
    testClock,
    payments: payments.map(({ charge: ofPayment, paymentIntent: intent, paymentRecord }): Paying => ({
      charge: ofPayment,
      paymentIntent: intent,
      paymentRecord,
    })) as readonly Paying[],
    lines: lines.map(({ id: lineId, subscription: ofLine }) => ({ id: lineId, subscription: ofLine })) as readonly {
      subscription: string | null;
    }[],
  }),
};

/** The steps for each kind except deletions. */
const living = {
  subscription: linking(
    'subscription',
    ({ customer, items, latestInvoice, pendingSetupIntent, testClock }: ReturnType<typeof narrow.subscription>) => ({
      customer: [customer],
      subscription_item: items.map(({ id }) => id),
      invoice: [latestInvoice],
      setup_intent: [pendingSetupIntent],
      test_clock: [testClock],
    }),
  ),
  // The lines of an invoice without a subscription may still name some.
  invoice: linking(
    'invoice',
    ({
      subscription,
      customer,
      charge,
      paymentIntent,
      payments,
      lines,
      quote,
      testClock,
    }: ReturnType<typeof narrow.invoice>) => ({
      subscription: [subscription, ...lines.map((line) => line.subscription)],
      customer: [customer],
      payment: [charge, paymentIntent, ...payments.flatMap(namedBy)],
      quote: [quote],
      test_clock: [testClock],
    }),
  ),
  invoice_item: linking('invoiceitem', ({ subscription, invoice, customer, testClock }: InvoiceItemSnapshot) => ({
    subscription: [subscription],
    invoice: [invoice],
    customer: [customer],
    test_clock: [testClock],
  })),
  invoice_payment: linking('invoice_payment', (snapshot: InvoicePaymentSnapshot) => ({
    invoice: [snapshot.invoice],
    payment: namedBy(snapshot),
  })),
  payment: (rows, fact) =>
    linking(fact.snapshot.object, ({ id, invoice, customer, charge, paymentIntent }: PaymentSnapshot) => ({
      invoice: [invoice],
      customer: [customer],
      payment: [charge, paymentIntent].filter((other) => other !== id),
    }))(rows, fact),
  refund: linking('refund', ({ customer, charge, paymentIntent }: RefundSnapshot) => ({
    customer: [customer],
    payment: [charge, paymentIntent],
  })),
  dispute: linking('dispute', ({ charge, paymentIntent }: DisputeSnapshot) => ({ payment: [charge, paymentIntent] })),
  credit_note: linking('credit_note', ({ invoice, customer }: CreditNoteSnapshot) => ({
    invoice: [invoice],
    customer: [customer],
  })),
  checkout_session: linking(
    'checkout.session',
    ({ subscription, invoice, customer, paymentIntent, setupIntent }: CheckoutSessionSnapshot) => ({
      subscription: [subscription],
      invoice: [invoice],
      customer: [customer],
      payment: [paymentIntent],
      setup_intent: [setupIntent],
    }),
  ),
  subscription_schedule: linking(
    'subscription_schedule',
    ({ subscription, customer, testClock }: SubscriptionScheduleSnapshot) => ({
      subscription: [subscription],
      customer: [customer],
      test_clock: [testClock],
    }),
  ),
  discount: linking('discount', ({ subscription, subscriptionItem, invoice, customer }: DiscountSnapshot) => ({
    subscription: [subscription],
    subscription_item: [subscriptionItem],
    invoice: [invoice],
    customer: [customer],
  })),
  payment_method: (rows, fact) =>
    linking(fact.snapshot.object, ({ customer, formerCustomer }: PaymentMethodSnapshot) => ({
      customer: [customer, formerCustomer],
    }))(rows, fact),
  promotion_code: linking('promotion_code', ({ customer }: PromotionCodeSnapshot) => ({ customer: [customer] })),
  customer: linking('customer', ({ testClock }: CustomerSnapshot) => ({ test_clock: [testClock] })),
  related_object: (rows, fact) => linking(fact.snapshot.object, relatedTargets)(rows, fact),
  ...ignored('upcoming_invoice', 'entitlements', 'price', 'plan', 'product', 'coupon', 'movement'),
  ...ignored('balance_transaction', 'balance', 'payout_transactions'),
} satisfies Omit<Evolve<ById<Row>>, 'deletion'>;

/**
 * Which subscription, invoice, payment and customer does each object belong to? There is one row for each link that an
 * object has ever stated, so that related objects are found from either side, whichever event came first, and a link
 * that a newer API version omits stays known. Objects without an id have no links here, and hints do not count as
 * links.
 */
export const links = defineProjection({
  name: 'links',
  version: 8,
  tables: {
    links: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id', 'object', 'target_kind', 'target'],
      indexes: [['target', 'target_kind']],
    },
  },
  objectOf: ({ snapshot, order }) => ('id' in snapshot && snapshot.id !== null ? order.objectKey : null),
  narrow,
  initial: (): ById<Row> => ({}),
  evolve: {
    ...living,
    deletion: (rows, fact) => deleted(rows, fact),
  },
  rows: (rows) => ({ links: Object.values(rows) }),
});

/** Adds the links of a deleted object, since the deletion may be the only event about it. */
function deleted(rows: ById<Row>, fact: Fact<DeletionSnapshot>): ById<Row> {
  const { object, last } = fact.snapshot;
  const own = linking(object, ({ subscription, invoice, customer }: DeletionSnapshot) => ({
    subscription: [subscription],
    invoice: [invoice],
    customer: [customer],
  }))(rows, fact);
  return last === null ? own : (evolve(links, own, { ...fact, snapshot: last }) as ById<Row>);
}

function relatedTargets({
  subscription,
  invoice,
  charge,
  paymentIntent,
  customer,
  formerCustomer,
  paymentMethod,
  creditGrant,
  testClock,
}: RelatedObjectSnapshot): Targets {
  return {
    subscription: [subscription],
    invoice: [invoice],
    payment: [charge, paymentIntent],
    customer: [customer, formerCustomer],
    payment_method: [paymentMethod],
    credit_grant: [creditGrant],
    test_clock: [testClock],
  };
}

/** The step that adds the links that a snapshot states. A link that is already known keeps its first event. */
function linking<S extends Pick<Snapshot, 'livemode' | 'account'> & { readonly id: string | null }>(
  object: string,
  targetsOf: (snapshot: S) => Targets,
) {
  return (rows: ById<Row>, fact: FactOf<S>): ById<Row> => {
    const { id } = fact.snapshot;
    if (id === null) return rows;
    const named = Object.entries(targetsOf(fact.snapshot)).flatMap(([targetKind, targets]) =>
      targets
        .filter((target) => target !== null)
        .map((target) => [`${id} ${targetKind} ${target}`, { object, id, targetKind, target }] as const),
    );
    const fresh = named
      .filter(([key]) => !Object.hasOwn(rows, key))
      .map(([key, link]) => [key, linkRow(fact, link)] as const);
    // Most events repeat known links; then nothing is copied.
    return fresh.length === 0 ? rows : { ...rows, ...Object.fromEntries(fresh) };
  };
}

const linkRow = (
  fact: Parameters<typeof provenanceOf>[0],
  link: Readonly<{ object: string; id: string; targetKind: string; target: string }>,
) => rowOf(columns, link, provenanceOf(fact));
