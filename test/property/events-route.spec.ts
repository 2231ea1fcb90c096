import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contentHash } from '../../src/events/content-hash.js';
import { isRealId } from '../../src/events/identity.js';
import type { Json, JsonObject } from '../../src/events/json.js';
import { orderKeyOf } from '../../src/events/order.js';
import { route } from '../../src/events/route.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { eventAbout } from '../events/stripe-events.js';
import { distinctRecordedEvents } from '../fixtures/recorded-events.js';
import { lives } from '../../simulator/simulator.js';

const json = fc
  .jsonValue({ maxDepth: 4, stringUnit: 'binary' })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json);
const id = fc.stringMatching(/^[A-Za-z0-9]{1,14}$/);
const apiVersion = fc.constantFrom(undefined, '2013-08-13', '2020-08-27', '2025-03-31.basil', '2026-09-30.endive');

/** Bodies that resemble events to varying degrees, so that every branch is covered. */
const body = fc.oneof(
  json,
  fc.record(
    {
      id: json,
      object: fc.constantFrom('event', 'v2.core.event', 7),
      type: fc.oneof(json, fc.constant('a.b')),
      data: json,
      account: json,
    },
    { requiredKeys: [] },
  ),
  fc
    .record(
      {
        object: fc.oneof(json, fc.constantFrom('invoice', 'plan', 'discount', 'balance', 'dispute')),
        id: json,
        subscription: json,
        customer: json,
        parent: json,
        charge: json,
      },
      { requiredKeys: [] },
    )
    .map((object) => eventAbout(object as JsonObject)),
) as fc.Arbitrary<Json>;

/** The fields of an invoice or invoice item that never change, and those that can differ in every event about it. */
const billed = fc.record({
  object: fc.constantFrom('invoice', 'invoiceitem'),
  id: id.map((text) => `in_${text}`),
  subscription: fc.option(id.map((text) => `sub_${text}`)),
});
const other = fc.record({
  object: fc.constantFrom('charge', 'subscription', 'plan', 'price', 'coupon', 'checkout.session', 'foo'),
  id,
  account: fc.constantFrom(undefined, 'acct_1', 'acct_2'),
  livemode: fc.boolean(),
});
const changing = fc.record({ status: json, customer: json, lines: json, metadata: json });

function rendered(
  { object, id: own, subscription }: { object: string; id: string; subscription: string | null },
  form: 'before' | 'expanded' | 'basil',
): JsonObject {
  if (form === 'basil')
    return {
      object,
      id: own,
      parent: subscription === null ? null : { type: 'subscription_details', subscription_details: { subscription } },
    };
  return {
    object,
    id: own,
    subscription:
      form === 'expanded' && subscription !== null ? { id: subscription, object: 'subscription' } : subscription,
  };
}

/** The object that an event is about, with its account and mode; null when the event does not name one. */
function nameOf(stripeEvent: Json): string | null {
  const { account, user_id, livemode, data } = stripeEvent as {
    account?: string;
    user_id?: string;
    livemode?: boolean;
    data?: { object?: { object?: string; id?: string } };
  };
  return typeof data?.object?.id === 'string'
    ? [account ?? user_id, livemode, data.object.object, data.object.id].join(' ')
    : null;
}

const streamOf = (stripeEvent: Json): string => route(stripeEvent, contentHash(stripeEvent)).stream;

/** Events that are complete except for one or two envelope fields. */
const envelope = fc
  .record(
    {
      id: fc.oneof(json, fc.constant('evt_1')),
      type: fc.oneof(json, fc.constant('a.b')),
      created: fc.oneof(json, fc.integer(), fc.double(), fc.constantFrom('1518896523', 1e15)),
      api_version: json,
      livemode: json,
      account: fc.oneof(json, fc.constant('語'.repeat(255))),
      user_id: json,
      data: fc.record({ previous_attributes: json }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  )
  .chain((odd) =>
    fc
      .subarray(Object.entries(odd), { maxLength: 2 })
      .map((some) => eventAbout(subscription, Object.fromEntries(some))),
  );
const subscription = { id: 'sub_1', object: 'subscription', customer: 'cus_1', status: 'active' };

describe('routing of any body', () => {
  it('admits nothing to an object’s stream whose envelope a projection cannot read', () => {
    let streamed = 0;
    fc.assert(
      fc.property(fc.oneof(body, envelope), (value) => {
        if (route(value, contentHash(value)).kind === 'quarantine') return;
        streamed += 1;
        const { account, id: eventId } = asStripeEvent(value);
        expect(orderKeyOf(asStripeEvent(value)).eventId).toBe(eventId);
        expect(Buffer.byteLength(account ?? '')).toBeLessThanOrEqual(600);
      }),
      { numRuns: 5_000 },
    );
    expect(streamed).toBeGreaterThan(100);
  });

  it('never throws, and names a stream that EventStoreDB can hold', () => {
    fc.assert(
      fc.property(body, (value) => {
        const { stream, eventId, type } = route(value, contentHash(value));
        expect(stream).toMatch(/^[a-z][^\p{Cc}\p{Cs}]{1,400}$/iu);
        expect(eventId).toMatch(/^[0-9a-f-]{36}$/);
        expect(type).toMatch(/^[a-z][!-~]{0,199}$/i);
      }),
      { numRuns: 2_000 },
    );
  });

  it('puts two events about one invoice or invoice item into one stream, in any API version and state', () => {
    const form = fc.constantFrom('before' as const, 'expanded' as const, 'basil' as const);
    const event = fc.record({ form, changing, apiVersion, id });
    fc.assert(
      fc.property(billed, event, event, (object, ...events) => {
        const [one, another] = events.map((each) =>
          streamOf(
            eventAbout(
              { ...each.changing, ...rendered(object, each.form) },
              { id: `evt_${each.id}`, api_version: each.apiVersion },
            ),
          ),
        );
        expect(one).toBe(another);
        expect(one).toBe(
          object.subscription === null ? `${object.object}-${object.id}` : `subscription-${object.subscription}`,
        );
      }),
    );
  });

  it('puts two events about one other object into one stream', () => {
    const event = fc.record({ changing, apiVersion, id });
    fc.assert(
      fc.property(other, event, event, ({ object, id: own, ...envelope }, ...events) => {
        const [one, another] = events.map((each) =>
          streamOf(
            eventAbout(
              { ...each.changing, object, id: own },
              { ...envelope, id: `evt_${each.id}`, api_version: each.apiVersion },
            ),
          ),
        );
        expect(one).toBe(another);
      }),
    );
  });

  it('puts all recorded and all simulated events about one object into one stream', () => {
    const simulated = [...lives({ seed: 1, subscriptions: 40, apiVersion: 'mixed' })].flatMap(({ events }) =>
      events.map(({ stripeEvent }) => stripeEvent as unknown as Json),
    );
    const streams = new Map<string, Set<string>>();
    for (const stripeEvent of [...distinctRecordedEvents().map((recorded) => recorded.stripeEvent), ...simulated]) {
      const name = nameOf(stripeEvent);
      if (name !== null && isRealId(name.split(' ').at(-1) as string))
        streams.set(name, (streams.get(name) ?? new Set()).add(streamOf(stripeEvent)));
    }
    expect(streams.size).toBeGreaterThan(500);
    expect([...streams].filter(([, all]) => all.size > 1).map(([name, all]) => [name, ...all])).toEqual([]);
  });

  it('puts events about two objects that users named into two streams', () => {
    const named = other.filter(({ object }) => object === 'plan' || object === 'coupon');
    fc.assert(
      fc.property(named, named, (a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b));
        const [one, another] = [a, b].map(({ object, id: own, ...envelope }) =>
          streamOf(eventAbout({ object, id: own }, envelope)),
        );
        expect(one).not.toBe(another);
      }),
    );
  });
});
