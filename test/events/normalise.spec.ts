import { describe, expect, it } from '@jest/globals';
import { isJsonObject, type Json, type JsonObject } from '../../src/events/json.js';
import { kindOf, normalise, UnreadableSnapshot } from '../../src/events/normalise.js';
import { asStripeEvent, type StripeEvent } from '../../src/events/stripe-event.js';
import { distinctRecordedEvents, exampleResource } from '../fixtures/recorded-events.js';
import { stripeEventAbout } from './stripe-events.js';

/**
 * Payloads unlike any real event: truncated by their source, or samples of the dashboard, which writes 0 for no charge
 * and {} for no refunds. (Such samples have ids of zeros and go to quarantine.)
 */
const unreadable = {
  'stripe-ruby-mock/charge.updated.json': 'charge.refunds',
  'stripe-mock-data-2013-08-13/invoice.payment_succeeded.json': 'invoice.charge',
  'stripe-mock-data-2015-10-01/invoice.payment_succeeded.json': 'invoice.charge',
  'opencollective-api/charge.dispute.closed.json': 'dispute.balance_transactions[0].id',
  'opencollective-api/charge.dispute.closed-2.json': 'dispute.balance_transactions[0].id',
};

const resources = [
  'subscription',
  'invoice',
  'invoice_payment',
  'invoiceitem',
  'charge',
  'payment_intent',
  'refund',
  'dispute',
  'credit_note',
  'checkout.session',
  'subscription_schedule',
  'customer',
  'discount',
  'price',
  'plan',
  'product',
  'coupon',
  'entitlements.active_entitlement_summary',
];

/** The normalised event or, in brackets, the missing required field. */
function outcome(stripeEvent: StripeEvent): unknown {
  try {
    return normalise(stripeEvent);
  } catch (error) {
    if (error instanceof UnreadableSnapshot) return error.field;
    throw error;
  }
}

/** The same with an unknown field in every hash. */
function withUnknownFields(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(withUnknownFields);
  return isJsonObject(value)
    ? {
        ...Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withUnknownFields(inner)])),
        colour: { of: ['the', 1, null] },
      }
    : value;
}

describe('normalising', () => {
  const recorded = distinctRecordedEvents()
    .filter(({ file }) => file !== 'stripe-dotnet/ping.json')
    .map(({ file, stripeEvent }) => [file, asStripeEvent(stripeEvent)] as const)
    .filter(([, stripeEvent]) => kindOf(stripeEvent) !== 'other');

  it('knows a kind for two thirds of the recorded events, of nearly every kind', () => {
    const kinds = new Set(recorded.map(([, stripeEvent]) => kindOf(stripeEvent)));
    expect(recorded.length).toBeGreaterThan(180);
    expect([...kinds].sort()).toEqual([
      'balance',
      'checkout_session',
      'coupon',
      'credit_note',
      'customer',
      'deletion',
      'discount',
      'dispute',
      'entitlements',
      'invoice',
      'invoice_item',
      'invoice_payment',
      'movement',
      'payment',
      'payment_method',
      'plan',
      'price',
      'product',
      'refund',
      'related_object',
      'subscription',
      'subscription_schedule',
      'upcoming_invoice',
    ]);
  });

  it.each(recorded)('reads %s into plain JSON of its kind, or names the field it lacks', (file, stripeEvent) => {
    const read = outcome(stripeEvent);
    expect(JSON.parse(JSON.stringify(read))).toEqual(read);
    expect(typeof read === 'string' ? read : undefined).toBe((unreadable as { [file: string]: string })[file]);
    if (typeof read === 'object')
      expect(read).toMatchObject({
        kind: kindOf(stripeEvent),
        account: stripeEvent.account,
        livemode: stripeEvent.livemode,
      });
  });

  it.each(resources)('reads Stripe’s own example of a %s at 2026-07-29.dahlia', (name) => {
    const stripeEvent = stripeEventAbout(exampleResource(name), { api_version: '2026-07-29.dahlia' });
    expect(kindOf(stripeEvent)).not.toBe('other');
    expect(outcome(stripeEvent)).toMatchObject({ kind: kindOf(stripeEvent) });
  });

  it('takes objects no projection needs for other, names that objects inherit included', () => {
    for (const object of ['file', 'foo', 'constructor', '__proto__', 7])
      expect(kindOf(stripeEventAbout({ id: 'x_1', object }))).toBe('other');
    expect(() => normalise(stripeEventAbout({ id: 'file_1', object: 'file' }))).toThrow('there is no snapshot of file');
  });

  it('makes every text storable in Postgres', () => {
    expect(
      normalise(stripeEventAbout({ id: 'cus_1', object: 'customer', name: 'a\u0000b\ud800c', email: '\u{1f600}' })),
    ).toMatchObject({ name: 'a\ufffdb\ufffdc', email: '\u{1f600}' });
  });

  it.each(resources)('accepts unknown fields wherever a %s has them, and an unknown status', (name) => {
    const example = exampleResource(name);
    const read = (object: Json) =>
      outcome(stripeEventAbout(object as JsonObject, { api_version: '2027-03-31.unheard' }));
    expect(read(withUnknownFields(example))).toEqual(read(example));
    if (typeof example['status'] === 'string')
      expect(read({ ...example, status: 'levitating' })).toMatchObject({ status: 'levitating' });
  });
});

describe('an unreadable snapshot', () => {
  const subscription = {
    id: 'sub_1',
    object: 'subscription',
    customer: 'cus_1',
    status: 'active',
    items: { data: [{ id: 'si_1', quantity: 1, price: { id: 'price_1' } }] },
  };
  const failure = (object: object) => outcome(stripeEventAbout({ ...subscription, ...object }));

  it.each([
    ['status', { status: null }, 'subscription.status'],
    ['status of another type', { status: 7 }, 'subscription.status'],
    ['customer', { customer: {} }, 'subscription.customer'],
    ['a time beyond the calendar', { trial_end: 1e15 }, 'subscription.trial_end'],
    ['a time with a fraction', { trial_end: 1.5 }, 'subscription.trial_end'],
    ['a flag of another type', { cancel_at_period_end: 'yes' }, 'subscription.cancel_at_period_end'],
    ['a list of another type', { items: 7 }, 'subscription.items'],
    ['an entry of another type', { items: [7] }, 'subscription.items[0]'],
    ['a quantity of another type', { items: [{ id: 'si_1', quantity: '3' }] }, 'subscription.items[0].quantity'],
    [
      'an amount that is not whole',
      { items: [{ id: 'si_1', price: { id: 'price_1', unit_amount: 0.5 } }] },
      'subscription.items[0].price.unit_amount',
    ],
    [
      'an amount beyond exact integers',
      { items: [{ id: 'si_1', price: { id: 'price_1', unit_amount: 2 ** 53 } }] },
      'subscription.items[0].price.unit_amount',
    ],
  ])('names the field: %s', (_, object, field) => {
    expect(failure(object)).toBe(field);
  });

  it('reports what was expected and what was found', () => {
    expect(() => normalise(stripeEventAbout({ ...subscription, status: [] }))).toThrow(
      'The snapshot\'s "subscription.status" is an array, not a string.',
    );
    expect(() => normalise(stripeEventAbout({ ...subscription, customer: null }))).toThrow(
      'The snapshot\'s "subscription.customer" is absent, not an id or an object with an id.',
    );
  });
});

describe('deletions', () => {
  it('are told by the type when the last snapshot looks alive', () => {
    expect(
      normalise(
        stripeEventAbout({ id: 'cus_1', object: 'customer', email: 'a@example.com' }, { type: 'customer.deleted' }),
      ),
    ).toEqual({
      kind: 'deletion',
      object: 'customer',
      id: 'cus_1',
      customer: null,
      subscription: null,
      invoice: null,
      account: null,
      livemode: false,
      last: expect.objectContaining({ kind: 'customer', id: 'cus_1', email: 'a@example.com' }),
    });
  });

  it('are told by the snapshot that the API answers', () => {
    expect(normalise(stripeEventAbout({ id: 'in_1', object: 'invoice', deleted: true }))).toMatchObject({
      kind: 'deletion',
      object: 'invoice',
      id: 'in_1',
    });
  });

  it('name an old discount by its customer', () => {
    expect(
      normalise(
        stripeEventAbout(
          { object: 'discount', customer: 'cus_1', subscription: 'sub_1', coupon: { id: 'x' } },
          { type: 'customer.discount.deleted' },
        ),
      ),
    ).toMatchObject({ kind: 'deletion', object: 'discount', id: null, customer: 'cus_1', subscription: 'sub_1' });
  });

  it('are no deletions for a subscription, which ends as canceled', () => {
    expect(
      normalise(
        stripeEventAbout(
          { id: 'sub_1', object: 'subscription', customer: 'cus_1', status: 'canceled' },
          { type: 'customer.subscription.deleted' },
        ),
      ),
    ).toMatchObject({ kind: 'subscription', status: 'canceled' });
  });
});
