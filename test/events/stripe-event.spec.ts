import { describe, expect, it } from '@jest/globals';
import { contentHash } from '../../src/events/content-hash.js';
import { orderKeyOf } from '../../src/events/order.js';
import { route } from '../../src/events/route.js';
import { asStripeEvent, UnreadableEvent } from '../../src/events/stripe-event.js';
import { distinctRecordedEvents } from '../fixtures/recorded-events.js';
import { eventAbout } from './stripe-events.js';

const subscription = { id: 'sub_1', object: 'subscription' };

describe('reading a recorded event', () => {
  it('succeeds for every recorded event that is in the stream of an object', () => {
    const routed = distinctRecordedEvents().filter(
      ({ stripeEvent }) => route(stripeEvent, contentHash(stripeEvent)).kind === 'stream',
    );
    expect(routed.length).toBeGreaterThan(260);
    for (const { stripeEvent } of routed)
      expect(orderKeyOf(asStripeEvent(stripeEvent)).objectKey).toMatch(/^[a-z_.]+ ./);
  });

  it('returns the fields that every event has', () => {
    expect(
      asStripeEvent(
        eventAbout(subscription, { account: 'acct_1', data: { previous_attributes: { status: 'trialing' } } }),
      ),
    ).toEqual({
      id: 'evt_1PgafmB7WZ01zgkW',
      type: 'test.updated',
      created: 1_700_000_000,
      api_version: '2026-09-30.endive',
      livemode: false,
      account: 'acct_1',
      data: { object: subscription, previous_attributes: { status: 'trialing' } },
    });
  });

  it('needs no fields that events of 2013 lack, and reads user_id as the account', () => {
    expect(
      asStripeEvent(eventAbout(subscription, { api_version: undefined, livemode: undefined, user_id: 'acct_1' })),
    ).toMatchObject({ api_version: null, livemode: false, account: 'acct_1', data: { previous_attributes: null } });
  });

  it.each([
    ['', 'not an event'],
    ['data', { ...eventAbout(subscription), data: 7 }],
    ['data.object', eventAbout(null)],
    ['id', eventAbout(subscription, { id: 7 })],
    ['type', eventAbout(subscription, { type: undefined })],
    ['created', eventAbout(subscription, { created: '2026-09-30T00:00:00Z' })],
    ['created', eventAbout(subscription, { created: 1.5 })],
    ['api_version', eventAbout(subscription, { api_version: 7 })],
    ['livemode', eventAbout(subscription, { livemode: 'yes' })],
  ])('names the field %j that no fold can do without', (field, data) => {
    expect(() => asStripeEvent(data)).toThrow(UnreadableEvent);
    expect(() => asStripeEvent(data)).toThrow(expect.objectContaining({ code: 'UNREADABLE_EVENT', field }));
  });
});

describe('the object key', () => {
  it.each([
    ['subscription sub_1', subscription],
    ['discount of customer cus_1', { object: 'discount', customer: 'cus_1' }],
    ['invoice of subscription sub_1', { object: 'invoice', subscription: 'sub_1', customer: 'cus_1' }],
    ['balance of the account', { object: 'balance' }],
  ])('is %s', (key, object) => {
    expect(orderKeyOf(asStripeEvent(eventAbout(object))).objectKey).toBe(key);
  });
});
