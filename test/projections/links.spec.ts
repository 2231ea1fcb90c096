import { describe, expect, it } from '@jest/globals';
import { links } from '../../projections/links.js';
import { isJsonObject, type Json, type JsonObject } from '../../src/events/json.js';
import { route } from '../../src/events/route.js';
import { contentHash } from '../../src/events/content-hash.js';
import { routingTable } from '../events/routing-table.js';
import { rowsAfter } from '../support/facts.js';
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
} from '../support/stripe-objects.js';
import { subscriptionObject } from '../support/subscription-events.js';

type Kind =
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
/**
 * The path in an object that names what it belongs to, with `[]` for a list entry, in one generation of API versions or
 * in both.
 */
type Place = readonly [path: string, kind: Kind, only?: 'before' | 'basil'];
type Said = Readonly<{ object: object; type: string; places: readonly Place[] }>;

const of = (type: string, object: object, ...places: readonly Place[]): Said => ({ type, object, places });
const plain = (type: string, id: string, ...places: readonly Place[]): Said => of(type, { id }, ...places);
const clock: Place = ['test_clock', 'test_clock'];
const ofCustomer: Place = ['customer', 'customer'];
const byPayment: readonly Place[] = [
  ['charge', 'payment'],
  ['payment_intent', 'payment'],
];

/**
 * By object of the table of event types, what it belongs to and where it says so. Owners that no event names are found
 * through other objects: those of a setup intent, a payment method and a credit grant.
 */
const table: Readonly<Record<string, Said>> = {
  subscription: of(
    'customer.subscription.updated',
    subscriptionObject('sub_own'),
    ofCustomer,
    ['latest_invoice', 'invoice'],
    ['items.data[].id', 'subscription_item'],
    ['pending_setup_intent', 'setup_intent'],
    clock,
  ),
  invoice: of(
    'invoice.updated',
    invoice('in_own', BASIL, { subscription: null, customer: null, lines: null }),
    ['subscription', 'subscription', 'before'],
    ['lines.data[].subscription', 'subscription', 'before'],
    ['charge', 'payment', 'before'],
    ['payment_intent', 'payment', 'before'],
    ['quote', 'quote', 'before'],
    ['parent.subscription_details.subscription', 'subscription', 'basil'],
    ['lines.data[].parent.subscription_item_details.subscription', 'subscription', 'basil'],
    ['lines.data[].parent.invoice_item_details.subscription', 'subscription', 'basil'],
    ['parent.quote_details.quote', 'quote', 'basil'],
    ofCustomer,
    clock,
  ),
  invoiceitem: of(
    'invoiceitem.created',
    { id: 'ii_own', amount: 5, currency: 'eur' },
    ['subscription', 'subscription', 'before'],
    ['parent.subscription_details.subscription', 'subscription', 'basil'],
    ['invoice', 'invoice'],
    ofCustomer,
    clock,
  ),
  invoice_payment: of(
    'invoice_payment.paid',
    invoicePayment('inpay_own'),
    ['invoice', 'invoice', 'basil'],
    ['payment.payment_intent', 'payment', 'basil'],
    ['payment.charge', 'payment', 'basil'],
    ['payment.payment_record', 'payment', 'basil'],
  ),
  charge: of(
    'charge.updated',
    charge('ch_own', OLD, { customer: null }),
    ['invoice', 'invoice', 'before'],
    ['payment_intent', 'payment'],
    ofCustomer,
  ),
  payment_intent: of(
    'payment_intent.created',
    paymentIntent('pi_own', OLD, { customer: null }),
    ['invoice', 'invoice', 'before'],
    ['latest_charge', 'payment'],
    ['charges.data[].id', 'payment', 'before'],
    ofCustomer,
  ),
  refund: of('refund.created', refund('re_own'), ...byPayment, ofCustomer),
  dispute: of('charge.dispute.created', dispute('du_own'), ...byPayment),
  'radar.early_fraud_warning': plain('radar.early_fraud_warning.created', 'issfr_own', ...byPayment),
  review: plain('review.opened', 'prv_own', ...byPayment),
  credit_note: of('credit_note.created', creditNote('cn_own'), ['invoice', 'invoice'], ofCustomer),
  'checkout.session': plain(
    'checkout.session.completed',
    'cs_own',
    ['subscription', 'subscription'],
    ['invoice', 'invoice'],
    ['payment_intent', 'payment'],
    ['setup_intent', 'setup_intent'],
    ofCustomer,
  ),
  subscription_schedule: of(
    'subscription_schedule.released',
    { id: 'sub_sched_own', status: 'released', phases: [] },
    ['subscription', 'subscription'],
    ['released_subscription', 'subscription'],
    ofCustomer,
    clock,
  ),
  quote: plain('quote.accepted', 'qt_own', ['subscription', 'subscription'], ['invoice', 'invoice'], ofCustomer, clock),
  customer: of('customer.created', customer('cus_own'), clock),
  tax_id: plain('customer.tax_id.created', 'txi_own', ofCustomer, ['owner.customer', 'customer']),
  card: plain('customer.source.created', 'card_own', ofCustomer),
  bank_account: plain('customer.source.created', 'ba_own', ofCustomer),
  source: plain('customer.source.created', 'src_own', ofCustomer),
  payment_method: plain('payment_method.attached', 'pm_own', ofCustomer),
  setup_intent: plain('setup_intent.succeeded', 'seti_own', ofCustomer, ['payment_method', 'payment_method']),
  mandate: plain('mandate.updated', 'mandate_own', ['payment_method', 'payment_method']),
  discount: plain(
    'customer.discount.created',
    'di_own',
    ['subscription', 'subscription'],
    ['subscription_item', 'subscription_item'],
    ['invoice', 'invoice'],
    ofCustomer,
  ),
  promotion_code: plain('promotion_code.created', 'promo_own', ofCustomer),
  'billing.credit_grant': plain('billing.credit_grant.created', 'credgr_own', ofCustomer, clock),
  'billing.credit_balance_transaction': plain(
    'billing.credit_balance_transaction.created',
    'cbtxn_own',
    ['credit_grant', 'credit_grant'],
    clock,
  ),
  customer_cash_balance_transaction: plain('customer_cash_balance_transaction.created', 'ccsbtxn_own', ofCustomer),
};

/** Objects without an id are in their owner's stream, which names the same owner. */
const inTheirOwnersStream: Readonly<Record<string, readonly (readonly [object: JsonObject, stream: string])[]>> = {
  invoice: [
    [{ subscription: 'sub_1', customer: 'cus_1' }, 'subscription-sub_1'],
    [
      { parent: { type: 'subscription_details', subscription_details: { subscription: 'sub_1' } } },
      'subscription-sub_1',
    ],
    [{ customer: 'cus_1' }, 'customer-cus_1'],
  ],
  discount: [[{ customer: 'cus_1', subscription: 'sub_1', coupon: { id: 'half' } }, 'customer-cus_1']],
  'entitlements.active_entitlement_summary': [[{ customer: 'cus_1', entitlements: { data: [] } }, 'customer-cus_1']],
  'billing.alert_triggered': [[{ customer: 'cus_1' }, 'customer-cus_1']],
};

/**
 * The catalogue and movements of the account's money have no owner, meters apply to everyone, and objects under a test
 * clock name it.
 */
const ofNobody = [
  'price',
  'plan',
  'product',
  'coupon',
  'tax_rate',
  'payout',
  'balance',
  'billing.meter',
  'test_helpers.test_clock',
];

const cases = Object.entries(table).flatMap(([name, { object, type, places }]) =>
  places.flatMap(([path, kind, only]) =>
    (['before', 'basil'] as const)
      .filter((generation) => only === undefined || generation === only)
      .map(
        (generation) =>
          [
            name,
            generation === 'basil' ? BASIL : OLD,
            path,
            kind,
            { ...object, object: name } as unknown as JsonObject,
            type,
          ] as const,
      ),
  ),
);

/** An object with a value at a path; lists get one entry. */
function holding(object: Json, path: readonly string[], value: Json): Json {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const name = step.replace('[]', '');
  const own = isJsonObject(object) ? object : {};
  const inner = own[name] ?? null;
  return {
    ...own,
    [name]:
      step === name
        ? holding(inner, rest, value)
        : [
            holding(
              (Array.isArray(inner) ? (inner as readonly Json[])[0] : null) ?? {
                id: 'il_1',
                amount: 1,
                currency: 'eur',
              },
              rest,
              value,
            ),
          ],
  };
}

const linksOf = (type: string, object: Json, apiVersion: string, previous?: object) =>
  rowsAfter(links, [
    stripeEvent(type, object as never, { apiVersion, ...(previous === undefined ? {} : { previous }) }),
  ]);
const saying = (kind: string, target: string) =>
  expect.arrayContaining([expect.objectContaining({ target_kind: kind, target })]);

describe('what an object belongs to', () => {
  it.each(cases)('%s of %s names by %s: its %s', (name, apiVersion, path, kind, object, type) => {
    const named = linksOf(type, holding(object, path.split('.'), 'x_named'), apiVersion);
    expect(named).toEqual(saying(kind, 'x_named'));
    expect(named.map((row) => [row['object'], row['id']])).toEqual(named.map(() => [name, object['id']]));
    if (!path.endsWith('.id'))
      expect(linksOf(type, holding(object, path.split('.'), { id: 'x_expanded', object: 'any' }), apiVersion)).toEqual(
        saying(kind, 'x_expanded'),
      );
  });

  it.each(
    Object.entries(inTheirOwnersStream).flatMap(([name, objects]) =>
      objects.map(([object, stream]) => [name, stream, object] as const),
    ),
  )('%s without an id is in %s, and adds no link', (name, stream, rest) => {
    const body = JSON.parse(JSON.stringify(stripeEvent('any.updated', { ...rest, object: name }))) as JsonObject;
    expect(route(body, contentHash(body))).toMatchObject({ stream });
  });

  it.each(['payment_method', 'card'])('a removed %s names its owner, when no other event does', (name) => {
    expect(
      linksOf(`${name}.detached`, { id: 'pm_1', object: name, customer: null }, OLD, { customer: 'cus_1' }),
    ).toEqual(saying('customer', 'cus_1'));
  });

  it.each([
    [
      'invoiceitem',
      { subscription: 'sub_1', invoice: 'in_1', customer: 'cus_1' },
      [
        ['subscription', 'sub_1'],
        ['invoice', 'in_1'],
        ['customer', 'cus_1'],
      ],
    ],
    ['tax_id', { customer: null, owner: { type: 'customer', customer: 'cus_1' } }, [['customer', 'cus_1']]],
    [
      'discount',
      { subscription: 'sub_1', customer: 'cus_1' },
      [
        ['subscription', 'sub_1'],
        ['customer', 'cus_1'],
      ],
    ],
  ])('a deleted %s names what it belonged to, when no other event does', (name, object, said) => {
    for (const [kind, target] of said)
      expect(linksOf(`${name}.deleted`, { id: 'x_1', object: name, ...object }, OLD)).toEqual(
        saying(kind as string, target as string),
      );
  });

  it('covers every object of the table of event types', () => {
    const objects = new Set(
      routingTable.flatMap(([, { before, basil }]) => [String(before['object']), String(basil['object'])]),
    );
    const known = new Set([...Object.keys(table), ...Object.keys(inTheirOwnersStream), ...ofNobody]);
    expect([...objects].filter((object) => !known.has(object))).toEqual([]);
    expect(ofNobody.filter((object) => object in table)).toEqual([]);
  });

  it('covers every place at which the table of event types has an id', () => {
    const kinds = ['subscription', 'invoice', 'charge', 'payment_intent', 'customer', 'parent'];
    const places = routingTable
      .flatMap(([, objects]) => [objects.before, objects.basil])
      .filter((object) => 'id' in object)
      .flatMap((object) =>
        kinds.filter((field) => field in object).map((field) => [String(object['object']), field] as const),
      );
    const missing = places.filter(
      ([object, field]) => table[object]?.places.every(([path]) => path.split('.')[0] !== field) !== false,
    );
    expect(missing).toEqual([]);
  });
});
