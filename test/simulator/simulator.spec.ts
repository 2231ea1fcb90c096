import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { exampleResource } from '../fixtures/recorded-events.js';
import { API_VERSIONS, type ApiVersion } from '../../simulator/api-version.js';
import type { JsonObject, StripeEvent, StripeObject } from '../../simulator/json.js';
import { putBack } from '../../simulator/previous-attributes.js';
import { lives, renderedIn, simulate, type SimulatedEvent } from '../../simulator/simulator.js';

const SEEDS = [1, 2, 42];

const simulated = new Map<string, readonly SimulatedEvent[]>();

function eventsOf(seed: number, apiVersion: ApiVersion | 'mixed' = 'mixed'): readonly SimulatedEvent[] {
  const key = `${seed} ${apiVersion}`;
  const events = simulated.get(key) ?? simulate({ seed, subscriptions: 60, apiVersion }).events;
  simulated.set(key, events);
  return events;
}

function objectsOfType(events: readonly SimulatedEvent[], type: string): StripeObject[] {
  return events
    .filter(({ stripeEvent }) => stripeEvent.type === type)
    .map(({ stripeEvent }) => stripeEvent.data.object);
}

/** Null and absent are equivalent in `previous_attributes`. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, of]) => of !== null)
      .map(([key, of]) => [key, withoutNulls(of)]),
  );
}

describe('A simulation', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(simulate({ seed: 7, subscriptions: 20, apiVersion: 'mixed' })).toEqual(
      simulate({ seed: 7, subscriptions: 20, apiVersion: 'mixed' }),
    );
    expect(eventsOf(1)[0]?.stripeEvent.id).not.toEqual(eventsOf(2)[0]?.stripeEvent.id);
  });

  it('plays each life independently of how many there are', () => {
    const few = [...lives({ seed: 3, subscriptions: 5, apiVersion: '2025-03-31.basil' })];
    const more = [...lives({ seed: 3, subscriptions: 9, apiVersion: '2025-03-31.basil' })];
    expect(more.slice(0, 5)).toEqual(few);
  });

  it.each(SEEDS)('gives every event an id of its own that looks like one of Stripe (seed %i)', (seed) => {
    const ids = eventsOf(seed).map(({ stripeEvent }) => stripeEvent.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^evt_[A-Za-z0-9]{24}$/);
    expect(ids.filter((id) => /^evt_0+$/.test(id))).toEqual([]);
  });

  it('renders each event for an endpoint of any API version, as an account of that version would', () => {
    for (const playedIn of API_VERSIONS) {
      for (const apiVersion of API_VERSIONS) {
        const options = { seed: 5, subscriptions: 6, playedIn };
        const events = [...lives({ ...options, apiVersion: playedIn })].flatMap((life) => life.events);
        const others = [...lives({ ...options, apiVersion })].flatMap((life) => life.events);
        expect(events.map((event) => renderedIn(event, apiVersion))).toEqual(
          others.map(({ stripeEvent }) => stripeEvent),
        );
      }
    }
  });

  it('keeps time: events are in the order of their seconds, and those of one operation share one', () => {
    const seconds = eventsOf(42).map(({ stripeEvent }) => stripeEvent.created);
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
    expect(seconds.every(Number.isInteger)).toBe(true);
    expect(new Set(seconds).size).toBeLessThan(seconds.length / 2);
  });

  it('has several events of one subscription in one second', () => {
    const updates = eventsOf(42).filter(({ stripeEvent }) => stripeEvent.type === 'customer.subscription.updated');
    const seconds = updates.map(({ stream, stripeEvent }) => `${stream} ${stripeEvent.created}`);
    expect(new Set(seconds).size).toBeLessThan(seconds.length);
  });

  it('lets values go there and back within a second when asked to', () => {
    const changes = (cycles: boolean): unknown[] =>
      simulate({ seed: 42, subscriptions: 60, apiVersion: 'mixed', cycles }).events.map(
        ({ stripeEvent }) => stripeEvent.data.previous_attributes,
      );
    expect(changes(true)).toContainEqual({ metadata: { draft: 'yes' } });
    expect(changes(false)).not.toContainEqual({ metadata: { draft: 'yes' } });
  });

  it('names a request for acts of the merchant and none for Stripe’s own', () => {
    const events = eventsOf(42).map(({ stripeEvent }) => stripeEvent);
    const requests = (of: (event: StripeEvent) => boolean) => events.filter(of).map(({ request }) => request.id);
    expect(
      requests(({ type }) => type === 'customer.created').every((id) => /^req_[A-Za-z0-9]{14}$/.test(id ?? '')),
    ).toBe(true);
    // A credit note on a renewal's invoice is an act of the merchant.
    expect(
      requests(
        ({ type, data }) => type !== 'invoice.updated' && data.object['billing_reason'] === 'subscription_cycle',
      ).every((id) => id === null),
    ).toBe(true);
  });

  it('plays every way a subscription can go', () => {
    const { subscriptions, events } = simulate({ seed: 42, subscriptions: 300, apiVersion: 'mixed' });
    const statuses = new Set([...subscriptions.values()].map(({ stripeSubscription }) => stripeSubscription['status']));
    expect([...statuses].sort()).toEqual(['active', 'canceled', 'incomplete_expired', 'past_due', 'paused', 'unpaid']);
    expect(
      [...new Set(events.map(({ stripeEvent }) => stripeEvent.type))]
        .filter((type) => type !== 'subscription_schedule.aborted')
        .sort(),
    ).toEqual([
      'charge.dispute.closed',
      'charge.dispute.created',
      'charge.dispute.funds_reinstated',
      'charge.dispute.funds_withdrawn',
      'charge.failed',
      'charge.refund.updated',
      'charge.refunded',
      'charge.succeeded',
      'checkout.session.completed',
      'credit_note.created',
      'credit_note.voided',
      'customer.created',
      'customer.discount.created',
      'customer.discount.deleted',
      'customer.subscription.created',
      'customer.subscription.deleted',
      'customer.subscription.paused',
      'customer.subscription.resumed',
      'customer.subscription.trial_will_end',
      'customer.subscription.updated',
      'customer.updated',
      'invoice.created',
      'invoice.finalized',
      'invoice.marked_uncollectible',
      'invoice.overdue',
      'invoice.paid',
      'invoice.payment_failed',
      'invoice.payment_succeeded',
      'invoice.sent',
      'invoice.updated',
      'invoice.voided',
      'invoice_payment.paid',
      'invoiceitem.created',
      'payment_intent.created',
      'payment_intent.payment_failed',
      'payment_intent.succeeded',
      'payment_method.attached',
      'refund.created',
      'refund.failed',
      'refund.updated',
      'subscription_schedule.canceled',
      'subscription_schedule.completed',
      'subscription_schedule.created',
      'subscription_schedule.expiring',
      'subscription_schedule.released',
      'subscription_schedule.updated',
      'test_helpers.test_clock.advancing',
      'test_helpers.test_clock.created',
      'test_helpers.test_clock.ready',
    ]);
  });
});

describe('previous_attributes', () => {
  it.each(SEEDS)('put back onto the object give the object before, along every chain (seed %i)', (seed) => {
    const last = new Map<string, JsonObject>();
    const lastChange = new Map<string, JsonObject | undefined>();
    let checked = 0;
    for (const {
      stripeEvent: { data, type },
    } of eventsOf(seed)) {
      const before = last.get(data.object.id);
      const toldAgain =
        isDeepStrictEqual(before, data.object) &&
        isDeepStrictEqual(lastChange.get(data.object.id), data.previous_attributes);
      lastChange.set(data.object.id, data.previous_attributes);
      if (toldAgain) continue;
      if (data.previous_attributes !== undefined) {
        expect({ type, object: withoutNulls(putBack(data.object, data.previous_attributes)) }).toEqual({
          type,
          object: withoutNulls(before),
        });
        expect(Object.keys(data.previous_attributes)).not.toEqual([]);
        checked += 1;
      } else if (
        before !== undefined &&
        data.object.object === 'subscription' &&
        type !== 'customer.subscription.deleted'
      ) {
        expect({ type, object: data.object }).toEqual({ type, object: before });
      }
      last.set(data.object.id, data.object);
    }
    expect(checked).toBeGreaterThan(100);
  });

  it('list only the changed keys of a hash, an array whole, and null for what was not there', () => {
    const updates = eventsOf(42, '2020-08-27').filter(
      ({ stripeEvent }) => stripeEvent.type === 'customer.subscription.updated',
    );
    const previous = updates.map(({ stripeEvent }) => stripeEvent.data.previous_attributes ?? {});
    const quantities = previous.filter((change) => 'items' in change && 'quantity' in change && !('plan' in change));
    expect(quantities.length).toBeGreaterThan(0);
    for (const change of quantities)
      expect(Object.keys((change['items'] as unknown as { data: [JsonObject] }).data[0])).toContain('price');
    expect(previous).toContainEqual({ metadata: { seats_note: null } });
    expect(previous.some((change) => change['status'] === 'incomplete')).toBe(true);
  });
});

describe('The truth about a subscription', () => {
  it.each(SEEDS)('ends as its last event shows (seed %i)', (seed) => {
    const { subscriptions, events } = simulate({ seed, subscriptions: 60, apiVersion: 'mixed' });
    const last = new Map<string, StripeObject>();
    for (const {
      stripeEvent: { data },
    } of events)
      if (data.object.object === 'subscription') last.set(data.object.id, data.object);
    expect(subscriptions.size).toBeGreaterThan(60);
    for (const [id, { stripeSubscription }] of subscriptions) expect(stripeSubscription).toEqual(last.get(id));
  });

  it('lists the events of its stream: its own and those of its invoices', () => {
    const { subscriptions, events } = simulate({ seed: 5, subscriptions: 30, apiVersion: 'mixed' });
    const types = new Map(events.map(({ stripeEvent }) => [stripeEvent.id, stripeEvent.data.object.object]));
    for (const { eventIds } of subscriptions.values()) {
      expect(eventIds.length).toBeGreaterThan(3);
      for (const id of eventIds) expect(['subscription', 'invoice', 'invoiceitem']).toContain(types.get(id));
    }
  });

  it('never continues after an end', () => {
    const ended = new Map<string, JsonObject>();
    for (const {
      stripeEvent: { type, data, id },
    } of simulate({ seed: 9, subscriptions: 200, apiVersion: '2020-08-27' }).events) {
      if (data.object.object !== 'subscription') continue;
      // The end can have two events as well.
      expect({ id, type, object: data.object }).toEqual({ id, type, object: ended.get(data.object.id) ?? data.object });
      if (data.object['ended_at'] !== null) ended.set(data.object.id, data.object);
    }
    expect(ended.size).toBeGreaterThan(50);
  });
});

/**
 * Fields beyond Stripe's examples of 2026: what it still sends for a single item or a failure, and fields removed in
 * 2026.
 */
const BESIDE_EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  subscription: ['plan', 'quantity'],
  charge: ['destination', 'dispute', 'order'],
  'checkout.session': ['shipping_details'],
  refund: ['failure_balance_transaction', 'failure_reason'],
};
/** Kinds without an example. */
const WITHOUT_EXAMPLE = ['payment_method'];

describe('A life under a test clock', () => {
  const GO_BY_IT = ['customer', 'subscription', 'invoice', 'invoiceitem', 'subscription_schedule'];
  const all = [...lives({ seed: 42, subscriptions: 150, apiVersion: 'mixed' })];
  const objectsOf = ({ events }: (typeof all)[number], ...names: readonly string[]): StripeEvent[] =>
    events.map(({ stripeEvent }) => stripeEvent).filter(({ data: { object } }) => names.includes(object.object));
  const clocked = all.filter((life) => objectsOf(life, 'test_helpers.test_clock').length > 0);

  it('has months of its subscription by the clock, and its payments within hours of real time, each in order', () => {
    expect(clocked.length).toBeGreaterThan(3);
    const monthsOf = (events: readonly StripeEvent[]): number =>
      Math.max(0, ...events.map(({ created }) => created - (events[0]?.created ?? 0))) / (30 * 86_400);
    for (const life of clocked) {
      expect(
        monthsOf(objectsOf(life, 'payment_intent', 'charge', 'refund', 'dispute', 'test_helpers.test_clock')),
      ).toBeLessThan(1 / 10);
      const charges = objectsOf(life, 'charge').filter(({ type }) => type === 'charge.succeeded');
      expect(charges.map(({ data: { object } }) => object['created'])).toEqual(charges.map(({ created }) => created));
    }
    expect(Math.max(...clocked.map((life) => monthsOf(objectsOf(life, 'subscription'))))).toBeGreaterThan(2);
  });

  it('names the clock on objects that run on it, and nowhere else', () => {
    for (const life of all) {
      const [clock] = objectsOf(life, 'test_helpers.test_clock').map(({ data: { object } }) => object.id);
      for (const {
        data: { object },
      } of objectsOf(life, ...GO_BY_IT))
        expect(object['test_clock']).toBe(clock ?? null);
    }
    expect(
      new Set(clocked.flatMap((life) => objectsOf(life, ...GO_BY_IT).map(({ data: { object } }) => object.object))),
    ).toEqual(new Set(GO_BY_IT));
  });

  it('has none when it is live', () => {
    expect(
      simulate({ seed: 42, subscriptions: 60, apiVersion: 'mixed', livemode: true }).events.filter(
        ({ stripeEvent: { type } }) => type.startsWith('test_helpers'),
      ),
    ).toEqual([]);
  });
});

describe('Shapes', () => {
  it("have no field that Stripe's own examples do not have", () => {
    const surplus = new Set(
      eventsOf(42, '2026-03-25.dahlia')
        .map(({ stripeEvent }) => stripeEvent.data.object)
        .filter(({ object }) => !WITHOUT_EXAMPLE.includes(object))
        .flatMap((told) => {
          const known = [...Object.keys(exampleResource(told.object)), ...(BESIDE_EXAMPLES[told.object] ?? [])];
          return Object.keys(told)
            .filter((field) => !known.includes(field))
            .map((field) => `${told.object}.${field}`);
        }),
    );
    expect([...surplus]).toEqual([]);
  });

  it.each(API_VERSIONS)('say their API version and have the size of real ones (%s)', (apiVersion) => {
    const events = eventsOf(42, apiVersion);
    expect(events.every(({ stripeEvent }) => stripeEvent.api_version === apiVersion)).toBe(true);
    for (const type of ['customer.subscription.updated', 'invoice.paid']) {
      const sizes = events
        .filter(({ stripeEvent }) => stripeEvent.type === type)
        .map(({ stripeEvent }) => JSON.stringify(stripeEvent, null, 2).length);
      expect(Math.min(...sizes)).toBeGreaterThan(3000);
      expect(sizes.sort((a, b) => a - b)[Math.floor(sizes.length / 2)]).toBeLessThan(9000);
    }
  });

  it('before basil: the period on the subscription, the subscription on the invoice, the invoice on charge and intent', () => {
    const events = eventsOf(42, '2020-08-27');
    const [subscription] = objectsOfType(events, 'customer.subscription.created');
    expect(subscription?.['current_period_end']).toEqual(expect.any(Number));
    expect(subscription?.['items']).toHaveProperty('data.0.id');
    expect(subscription?.['items']).not.toHaveProperty('data.0.current_period_end');
    const invoice = objectsOfType(events, 'invoice.paid').find(({ subscription: of }) => of !== null);
    expect(invoice).toMatchObject({ subscription: expect.stringMatching(/^sub_/), paid: true });
    expect(invoice?.['lines']).toHaveProperty('data.0.price.id', expect.any(String));
    expect(invoice).not.toHaveProperty('parent');
    for (const type of ['charge.succeeded', 'payment_intent.succeeded'])
      expect(objectsOfType(events, type)[0]).toHaveProperty('invoice');
    expect(objectsOfType(events, 'invoice_payment.paid')).toEqual([]);
  });

  it.each(['2025-03-31.basil', '2026-03-25.dahlia'] as const)(
    'since basil: the period on the items, the parent on the invoice, a payment that ties (%s)',
    (apiVersion) => {
      const events = eventsOf(42, apiVersion);
      const [subscription] = objectsOfType(events, 'customer.subscription.created');
      expect(subscription).not.toHaveProperty('current_period_end');
      expect(subscription).not.toHaveProperty('discount');
      expect(subscription?.['items']).toHaveProperty('data.0.current_period_end');
      const invoice = objectsOfType(events, 'invoice.paid').find(({ parent }) => parent !== null);
      expect(invoice).toMatchObject({
        parent: { subscription_details: { subscription: expect.stringMatching(/^sub_/) } },
      });
      for (const gone of ['subscription', 'charge', 'payment_intent', 'paid', 'tax'])
        expect(invoice).not.toHaveProperty(gone);
      for (const type of ['charge.succeeded', 'payment_intent.succeeded'])
        expect(objectsOfType(events, type)[0]).not.toHaveProperty('invoice');
      const [payment] = objectsOfType(events, 'invoice_payment.paid');
      expect(payment).toMatchObject({
        invoice: expect.stringMatching(/^in_/),
        payment: { payment_intent: expect.stringMatching(/^pi_/) },
      });
    },
  );
});
