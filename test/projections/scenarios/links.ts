import {
  BASIL,
  charge,
  creditNote,
  customer,
  dispute,
  invoice,
  invoicePayment,
  OLD,
  paymentIntent,
  refund,
  stripeEvent,
} from '../../support/stripe-objects.js';
import { subscriptionObject } from '../../support/subscription-events.js';
import type { Scenario } from './scenario.js';

type Said = readonly [kind: string, target: string];
type StripeObject = Parameters<typeof stripeEvent>[1];

/** An object's first event in one API version, and the resulting links. */
const says = (
  type: string,
  object: StripeObject,
  { apiVersion, targets }: { apiVersion: string; targets: readonly Said[] },
): Scenario => ({
  title: `links ${object.object} of ${apiVersion} to ${targets.map(([kind]) => kind).join(', ')}`,
  given: [],
  when: stripeEvent(type, object, { apiVersion }),
  then: {
    links: targets.map(([kind, target]) => ({ object: object.object, id: object['id'], target_kind: kind, target })),
  },
});
/** The same event in both generations of API versions. */
const saysAlways = (type: string, object: StripeObject, targets: readonly Said[]): Scenario[] =>
  [OLD, BASIL].map((apiVersion) => says(type, object, { apiVersion, targets }));

const session = {
  id: 'cs_1',
  object: 'checkout.session',
  mode: 'subscription',
  status: 'complete',
  payment_status: 'paid',
  subscription: 'sub_1',
  invoice: 'in_1',
  customer: 'cus_1',
  payment_intent: null,
};
const setup = { id: 'seti_1', object: 'setup_intent', customer: 'cus_1', payment_method: 'pm_1', status: 'succeeded' };
const fromQuote = { type: 'quote_details', subscription_details: null, quote_details: { quote: 'qt_1' } };
const item = { id: 'ii_1', object: 'invoiceitem', amount: 5, currency: 'eur', customer: 'cus_1', invoice: 'in_1' };
const invoiceWithoutOwn = invoice('in_1', BASIL, {
  subscription: null,
  lines: {
    data: ['sub_a', 'sub_b'].map((subscription) => ({
      id: `il_${subscription}`,
      amount: 1,
      currency: 'eur',
      parent: { type: 'subscription_item_details', subscription_item_details: { subscription } },
    })),
  },
});

export const linksScenarios: readonly Scenario[] = [
  ...saysAlways('customer.subscription.created', { ...subscriptionObject('sub_1'), latest_invoice: 'in_1' }, [
    ['customer', 'cus_of_sub_1'],
    ['subscription_item', 'si_of_sub_1'],
    ['invoice', 'in_1'],
  ]),
  says('invoice.paid', invoice('in_1', OLD, { charge: 'ch_1', payment_intent: 'pi_1' }), {
    apiVersion: OLD,
    targets: [
      ['subscription', 'sub_1'],
      ['customer', 'cus_1'],
      ['payment', 'ch_1'],
      ['payment', 'pi_1'],
    ],
  }),
  says('invoice.paid', invoice('in_1', BASIL), {
    apiVersion: BASIL,
    targets: [
      ['subscription', 'sub_1'],
      ['customer', 'cus_1'],
    ],
  }),
  says('invoice.created', invoiceWithoutOwn, {
    apiVersion: '2026-03-25.dahlia',
    targets: [
      ['subscription', 'sub_a'],
      ['subscription', 'sub_b'],
      ['customer', 'cus_1'],
    ],
  }),
  says(
    'invoiceitem.created',
    { ...item, subscription: 'sub_1' },
    {
      apiVersion: OLD,
      targets: [
        ['subscription', 'sub_1'],
        ['invoice', 'in_1'],
        ['customer', 'cus_1'],
      ],
    },
  ),
  says(
    'invoiceitem.created',
    { ...item, parent: { type: 'subscription_details', subscription_details: { subscription: 'sub_1' } } },
    {
      apiVersion: BASIL,
      targets: [
        ['subscription', 'sub_1'],
        ['invoice', 'in_1'],
        ['customer', 'cus_1'],
      ],
    },
  ),
  says('invoice_payment.paid', invoicePayment('inpay_1'), {
    apiVersion: BASIL,
    targets: [
      ['invoice', 'in_1'],
      ['payment', 'pi_1'],
    ],
  }),
  says('charge.succeeded', charge('ch_1', OLD, { invoice: 'in_1', payment_intent: 'pi_1' }), {
    apiVersion: OLD,
    targets: [
      ['invoice', 'in_1'],
      ['customer', 'cus_1'],
      ['payment', 'pi_1'],
    ],
  }),
  says('charge.succeeded', charge('ch_1', BASIL, { payment_intent: 'pi_1' }), {
    apiVersion: BASIL,
    targets: [
      ['customer', 'cus_1'],
      ['payment', 'pi_1'],
    ],
  }),
  says('payment_intent.succeeded', paymentIntent('pi_1', OLD, { invoice: 'in_1', latest_charge: 'ch_1' }), {
    apiVersion: OLD,
    targets: [
      ['invoice', 'in_1'],
      ['customer', 'cus_1'],
      ['payment', 'ch_1'],
    ],
  }),
  says('payment_intent.succeeded', paymentIntent('pi_1', BASIL, { payment_details: { order_reference: 'in_1' } }), {
    apiVersion: BASIL,
    targets: [['customer', 'cus_1']],
  }),
  ...saysAlways('refund.created', refund('re_1', { payment_intent: 'pi_1', customer: 'cus_1' }), [
    ['customer', 'cus_1'],
    ['payment', 'ch_1'],
    ['payment', 'pi_1'],
  ]),
  ...saysAlways('charge.dispute.created', dispute('dp_1', { payment_intent: 'pi_1' }), [
    ['payment', 'ch_1'],
    ['payment', 'pi_1'],
  ]),
  ...saysAlways('credit_note.created', creditNote('cn_1'), [
    ['invoice', 'in_1'],
    ['customer', 'cus_1'],
  ]),
  ...saysAlways('checkout.session.completed', session, [
    ['subscription', 'sub_1'],
    ['invoice', 'in_1'],
    ['customer', 'cus_1'],
  ]),
  ...saysAlways(
    'subscription_schedule.released',
    {
      id: 'sub_sched_1',
      object: 'subscription_schedule',
      status: 'released',
      customer: 'cus_1',
      subscription: null,
      released_subscription: 'sub_1',
      phases: [],
    },
    [
      ['subscription', 'sub_1'],
      ['customer', 'cus_1'],
    ],
  ),
  // Schedules of each generation: phases of plans before 2020-08-27, of prices, with durations since basil, and with
  // planned pauses since endive.
  ...(['2019-05-16', OLD, '2025-07-30.basil', '2026-09-30.endive'] as const).map((apiVersion) =>
    says(
      'subscription_schedule.updated',
      {
        id: 'sub_sched_1',
        object: 'subscription_schedule',
        status: 'active',
        customer: 'cus_1',
        subscription: 'sub_1',
        released_subscription: null,
        current_phase: { start_date: 1_790_000_000, end_date: 1_800_000_000 },
        ...(apiVersion === '2019-05-16' ? { renewal_behavior: 'release' } : { end_behavior: 'release' }),
        ...(apiVersion === '2026-09-30.endive' ? { pause_schedules: [{ key: 'summer' }] } : {}),
        phases: [
          {
            start_date: 1_790_000_000,
            end_date: 1_800_000_000,
            ...(apiVersion === '2019-05-16'
              ? { plans: [{ plan: 'gold', quantity: 2 }] }
              : { items: [{ price: 'price_1', quantity: 2 }] }),
          },
        ],
      },
      {
        apiVersion,
        targets: [
          ['subscription', 'sub_1'],
          ['customer', 'cus_1'],
        ],
      },
    ),
  ),
  ...saysAlways(
    'customer.discount.created',
    { id: 'di_1', object: 'discount', customer: 'cus_1', subscription: 'sub_1', invoice: null, coupon: { id: 'half' } },
    [
      ['subscription', 'sub_1'],
      ['customer', 'cus_1'],
    ],
  ),
  ...saysAlways(
    'customer.subscription.created',
    { ...subscriptionObject('sub_1'), pending_setup_intent: 'seti_1', test_clock: 'clock_1' },
    [
      ['customer', 'cus_of_sub_1'],
      ['subscription_item', 'si_of_sub_1'],
      ['setup_intent', 'seti_1'],
      ['test_clock', 'clock_1'],
    ],
  ),
  ...saysAlways('customer.created', customer('cus_1', { test_clock: 'clock_1' }), [['test_clock', 'clock_1']]),
  says('invoice.paid', invoice('in_1', BASIL, { subscription: null, parent: fromQuote, lines: { data: [] } }), {
    apiVersion: BASIL,
    targets: [
      ['customer', 'cus_1'],
      ['quote', 'qt_1'],
    ],
  }),
  ...saysAlways(
    'checkout.session.completed',
    { ...session, mode: 'setup', subscription: null, invoice: null, setup_intent: 'seti_1' },
    [
      ['customer', 'cus_1'],
      ['setup_intent', 'seti_1'],
    ],
  ),
  ...saysAlways(
    'radar.early_fraud_warning.created',
    { id: 'issfr_1', object: 'radar.early_fraud_warning', charge: 'ch_1', payment_intent: 'pi_1' },
    [
      ['payment', 'ch_1'],
      ['payment', 'pi_1'],
    ],
  ),
  ...saysAlways('review.opened', { id: 'prv_1', object: 'review', charge: null, payment_intent: 'pi_1' }, [
    ['payment', 'pi_1'],
  ]),
  ...saysAlways(
    'quote.accepted',
    { id: 'qt_1', object: 'quote', subscription: 'sub_1', invoice: 'in_1', customer: 'cus_1', test_clock: 'clock_1' },
    [
      ['subscription', 'sub_1'],
      ['invoice', 'in_1'],
      ['customer', 'cus_1'],
      ['test_clock', 'clock_1'],
    ],
  ),
  ...saysAlways('payment_method.attached', { id: 'pm_1', object: 'payment_method', customer: 'cus_1' }, [
    ['customer', 'cus_1'],
  ]),
  ...saysAlways('customer.source.created', { id: 'card_1', object: 'card', customer: 'cus_1' }, [
    ['customer', 'cus_1'],
  ]),
  ...saysAlways('setup_intent.succeeded', setup, [
    ['customer', 'cus_1'],
    ['payment_method', 'pm_1'],
  ]),
  ...saysAlways('mandate.updated', { id: 'mandate_1', object: 'mandate', payment_method: 'pm_1', status: 'active' }, [
    ['payment_method', 'pm_1'],
  ]),
  ...saysAlways(
    'customer.tax_id.created',
    { id: 'txi_1', object: 'tax_id', customer: null, owner: { type: 'customer', customer: 'cus_1' } },
    [['customer', 'cus_1']],
  ),
  ...saysAlways('promotion_code.created', { id: 'promo_1', object: 'promotion_code', customer: 'cus_1' }, [
    ['customer', 'cus_1'],
  ]),
  ...saysAlways(
    'customer_cash_balance_transaction.created',
    { id: 'ccsbtxn_1', object: 'customer_cash_balance_transaction', customer: 'cus_1' },
    [['customer', 'cus_1']],
  ),
  ...saysAlways('billing.credit_grant.created', { id: 'credgr_1', object: 'billing.credit_grant', customer: 'cus_1' }, [
    ['customer', 'cus_1'],
  ]),
  ...saysAlways(
    'billing.credit_balance_transaction.created',
    { id: 'cbtxn_1', object: 'billing.credit_balance_transaction', credit_grant: 'credgr_1' },
    [['credit_grant', 'credgr_1']],
  ),
  ...saysAlways('customer.tax_id.deleted', { id: 'txi_1', object: 'tax_id', customer: 'cus_1' }, [
    ['customer', 'cus_1'],
  ]),
  ...saysAlways(
    'customer.discount.deleted',
    { id: 'di_1', object: 'discount', customer: 'cus_1', subscription: 'sub_1' },
    [
      ['subscription', 'sub_1'],
      ['customer', 'cus_1'],
    ],
  ),
  {
    title: 'keeps the customer of a way to pay that was taken away',
    given: [
      stripeEvent(
        'payment_method.attached',
        { id: 'pm_1', object: 'payment_method', customer: 'cus_1' },
        { id: 'evt_attached' },
      ),
      stripeEvent('payment_method.detached', { id: 'pm_1', object: 'payment_method', customer: null }, { after: 60 }),
    ],
    when: stripeEvent(
      'payment_method.attached',
      { id: 'pm_1', object: 'payment_method', customer: 'cus_2' },
      { id: 'evt_again', after: 90 },
    ),
    then: {
      links: [
        { target: 'cus_1', stripe_event_id: 'evt_attached' },
        { target: 'cus_2', stripe_event_id: 'evt_again' },
      ],
    },
  },
  {
    title: 'keeps what an old charge said of its invoice when a newer API version no longer says it',
    given: [
      stripeEvent('charge.succeeded', charge('ch_1', OLD, { invoice: 'in_1', customer: null }), {
        id: 'evt_old',
        apiVersion: OLD,
      }),
    ],
    when: stripeEvent('charge.updated', charge('ch_1', BASIL, { payment_intent: 'pi_1', customer: null }), {
      after: 60,
    }),
    then: {
      links: [
        { target_kind: 'invoice', target: 'in_1', stripe_event_id: 'evt_old' },
        { target_kind: 'payment', target: 'pi_1' },
      ],
    },
  },
  {
    title: 'says nothing of a discount that has no id',
    given: [],
    when: stripeEvent(
      'customer.discount.created',
      { object: 'discount', customer: 'cus_1', coupon: { id: 'half' } },
      { apiVersion: '2019-05-16' },
    ),
    then: 'unchanged',
  },
];
