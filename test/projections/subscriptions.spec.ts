import { describe, expect, it } from '@jest/globals';
import { subscriptions } from '../../projections/subscriptions.js';
import { rowsAfter } from '../support/facts.js';
import { START, subscriptionEvent } from '../support/subscription-events.js';

const created = subscriptionEvent('sub_1', {
  eventId: 'evt_created',
  type: 'customer.subscription.created',
  object: { status: 'incomplete' },
});
const activated = subscriptionEvent('sub_1', {
  eventId: 'evt_activated',
  created: START + 2,
  previous: { status: 'incomplete' },
});
const deleted = subscriptionEvent('sub_1', {
  eventId: 'evt_deleted',
  type: 'customer.subscription.deleted',
  created: START + 9,
  object: { status: 'canceled', canceled_at: START + 9, ended_at: START + 9 },
});
const only = (...bodies: unknown[]) => {
  const rows = rowsAfter(subscriptions, bodies);
  expect(rows).toHaveLength(1);
  return rows[0];
};

describe('subscriptions', () => {
  it('has no row before the first event', () => {
    expect(rowsAfter(subscriptions, [])).toEqual([]);
  });

  it('has the whole snapshot of the first event, and its name', () => {
    expect(only(created)).toEqual({
      billing_cycle_anchor: null,
      metadata: {},
      pending_update_expires_at: null,
      id: 'sub_1',
      customer: 'cus_of_sub_1',
      status: 'incomplete',
      status_since: '2026-01-01T00:00:00.000Z',
      status_event: 'evt_created',
      previous_status: null,
      created_at: '2026-01-01T00:00:00.000Z',
      currency: 'eur',
      items: [
        expect.objectContaining({
          id: 'si_of_sub_1',
          price: 'price_monthly',
          product: 'prod_one',
          quantity: 1,
          interval: 'month',
          intervalCount: 1,
          unitAmountMinor: 1900,
          currency: 'eur',
          periodStart: '2026-01-01T00:00:00.000Z',
          periodEnd: '2026-02-01T00:00:00.000Z',
        }),
      ],
      has_all_items: true,
      period_start: '2026-01-01T00:00:00.000Z',
      period_end: '2026-02-01T00:00:00.000Z',
      trial_start: null,
      trial_end: null,
      started_at: '2026-01-01T00:00:00.000Z',
      cancel_at: null,
      cancel_at_period_end: false,
      canceled_at: null,
      ended_at: null,
      cancellation_reason: null,
      pause_collection: null,
      collection_method: 'charge_automatically',
      default_payment_method: null,
      trial_end_behavior: null,
      discounts: [],
      latest_invoice: null,
      schedule: null,
      test_clock: null,
      livemode: false,
      account: null,
      stripe_event_id: 'evt_created',
      stripe_event_type: 'customer.subscription.created',
      stripe_event_created: '2026-01-01T00:00:00.000Z',
      api_version: '2025-03-31.basil',
    });
  });

  it('begins with whichever event there is, since an endpoint may be added in the middle of a life', () => {
    expect(only(activated)).toMatchObject({ status: 'active', stripe_event_id: 'evt_activated' });
  });

  it('follows an update, whichever arrived first', () => {
    expect(only(activated, created)).toMatchObject({ status: 'active', stripe_event_id: 'evt_activated' });
    expect(only(created, activated)).toMatchObject({ status: 'active', stripe_event_id: 'evt_activated' });
  });

  it('reads the status from the snapshot, never from the name of the type', () => {
    const paused = subscriptionEvent('sub_1', {
      type: 'customer.subscription.resumed',
      created: START + 1,
      object: { status: 'paused' },
    });
    expect(only(created, paused)).toMatchObject({ status: 'paused' });
  });

  it('passes on an unknown status', () => {
    expect(
      only(created, subscriptionEvent('sub_1', { created: START + 1, object: { status: 'hibernating' } })),
    ).toMatchObject({ status: 'hibernating' });
  });

  it('keeps a deleted subscription as a canceled one', () => {
    expect(only(created, activated, deleted)).toMatchObject({
      status: 'canceled',
      canceled_at: '2026-01-01T00:00:09.000Z',
      ended_at: '2026-01-01T00:00:09.000Z',
      stripe_event_id: 'evt_deleted',
    });
  });

  it.each(['canceled', 'incomplete_expired'])('never revives a subscription that is %s', (status) => {
    const final = subscriptionEvent('sub_1', { eventId: 'evt_final', created: START + 5, object: { status } });
    const stale = subscriptionEvent('sub_1', {
      eventId: 'evt_stale',
      created: START + 60,
      object: { status: 'active' },
    });
    expect(only(created, final, stale)).toMatchObject({ status, stripe_event_id: 'evt_final' });
  });

  it('follows what still changes of a canceled subscription', () => {
    const annotated = subscriptionEvent('sub_1', {
      eventId: 'evt_later',
      created: START + 60,
      object: { ...deleted.data.object, latest_invoice: 'in_last' },
    });
    expect(only(deleted, annotated)).toMatchObject({
      status: 'canceled',
      latest_invoice: 'in_last',
      stripe_event_id: 'evt_later',
    });
  });

  it('orders the events of one second by their content, in any order of arrival', () => {
    const one = subscriptionEvent('sub_1', {
      eventId: 'evt_z',
      created: START + 1,
      object: { status: 'past_due' },
      previous: { status: 'incomplete' },
    });
    const two = subscriptionEvent('sub_1', {
      eventId: 'evt_a',
      created: START + 1,
      object: { status: 'active' },
      previous: { status: 'past_due' },
    });
    for (const events of [
      [created, one, two],
      [two, one, created],
      [one, created, two],
    ]) {
      expect(only(...events)).toMatchObject({ status: 'active', stripe_event_id: 'evt_a' });
    }
  });

  it('names the event that set the current status, whatever else changes, in any order of arrival', () => {
    const annotated = subscriptionEvent('sub_1', {
      eventId: 'evt_annotated',
      created: START + 5,
      object: { latest_invoice: 'in_2' },
    });
    const overdue = subscriptionEvent('sub_1', {
      eventId: 'evt_overdue',
      created: START + 7,
      object: { status: 'past_due' },
      previous: { status: 'active' },
    });
    expect(only(annotated, activated, created)).toMatchObject({
      status: 'active',
      status_since: '2026-01-01T00:00:02.000Z',
      status_event: 'evt_activated',
      previous_status: 'incomplete',
      stripe_event_id: 'evt_annotated',
    });
    expect(only(created, activated, annotated, overdue)).toMatchObject({
      status: 'past_due',
      status_event: 'evt_overdue',
      previous_status: 'active',
    });
    expect(only(overdue, deleted, annotated)).toMatchObject({
      status: 'canceled',
      status_since: '2026-01-01T00:00:09.000Z',
      status_event: 'evt_deleted',
      previous_status: 'past_due',
    });
  });

  it('carries pause_collection, cancel fields and trial as they come and go', () => {
    const marked = subscriptionEvent('sub_1', {
      created: START + 1,
      object: {
        cancel_at_period_end: true,
        cancel_at: START + 100,
        trial_start: START,
        trial_end: START + 50,
        pause_collection: { behavior: 'void', resumes_at: START + 70 },
      },
    });
    expect(only(created, marked)).toMatchObject({
      cancel_at_period_end: true,
      cancel_at: '2026-01-01T00:01:40.000Z',
      trial_end: '2026-01-01T00:00:50.000Z',
      pause_collection: { behavior: 'void', resumesAt: '2026-01-01T00:01:10.000Z' },
    });
    expect(only(created, marked, subscriptionEvent('sub_1', { created: START + 2 }))).toMatchObject({
      cancel_at_period_end: false,
      cancel_at: null,
      trial_end: null,
      pause_collection: null,
    });
  });
});
