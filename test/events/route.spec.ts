import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { contentHash } from '../../src/events/content-hash.js';
import { eventIdOf, quarantineIdOf } from '../../src/events/event-id.js';
import { field, isJsonObject, type Json, type JsonObject } from '../../src/events/json.js';
import { route, routeRefused } from '../../src/events/route.js';
import { distinctRecordedEvents, recordedEvents } from '../fixtures/recorded-events.js';
import { basil, before, routingTable, subscriptionParent } from './routing-table.js';
import { eventAbout } from './stripe-events.js';

const routeOf = (body: Json) => route(body, contentHash(body));
/** The stream of an event or, in brackets, the reason for its quarantine. */
const placeOf = (body: Json): string => {
  const routed = routeOf(body);
  return routed.kind === 'stream' ? routed.stream : `[${routed.reason}]`;
};

describe('routing by the payload alone', () => {
  const rows = routingTable.flatMap(([types, object, stream]) =>
    types.split(' ').flatMap((type, _, [first]) => {
      const full = type.startsWith('.')
        ? `${(first as string).slice(0, (first as string).lastIndexOf('.'))}${type}`
        : type;
      return [
        [full, before, object.before, stream],
        [full, basil, object.basil, stream],
      ] as const;
    }),
  );

  it.each(rows)('takes %s of %s, %j, to %s', (type, apiVersion, object, stream) => {
    const body = eventAbout(object, { type, api_version: apiVersion });
    expect(routeOf(body)).toEqual({
      kind: 'stream',
      stream,
      eventId: eventIdOf('evt_1PgafmB7WZ01zgkW', apiVersion),
      stripeEventId: 'evt_1PgafmB7WZ01zgkW',
      type,
    });
  });

  it.each<readonly [what: string, object: JsonObject, stream: string]>([
    [
      'an invoice of no subscription',
      { id: 'in_1', object: 'invoice', subscription: null, lines: { data: [{ subscription: 'sub_1' }] } },
      'invoice-in_1',
    ],
    [
      'an invoice of a quote',
      {
        id: 'in_1',
        object: 'invoice',
        parent: { type: 'quote_details', quote_details: { quote: 'qt_1' }, subscription_details: null },
      },
      'invoice-in_1',
    ],
    [
      'an invoice without a parent, whose lines name a subscription',
      {
        id: 'in_1',
        object: 'invoice',
        parent: null,
        lines: { data: [{ parent: { subscription_item_details: { subscription: 'sub_1' } } }] },
      },
      'invoice-in_1',
    ],
    ['an upcoming invoice of no subscription', { object: 'invoice', customer: 'cus_1' }, 'customer-cus_1'],
    [
      'an upcoming invoice of 2025 whose id is none',
      { id: 'upcoming_in_1', object: 'invoice', parent: subscriptionParent },
      'subscription-sub_1',
    ],
    [
      'an upcoming invoice of 2025 of no subscription',
      { id: 'upcoming_in_1', object: 'invoice', parent: null, customer: 'cus_1' },
      'customer-cus_1',
    ],
    ['a customer’s cash balance', { object: 'cash_balance', customer: 'cus_1' }, 'customer-cus_1'],
    [
      'an invoice with the subscription expanded',
      { id: 'in_1', object: 'invoice', subscription: { id: 'sub_1', object: 'subscription' } },
      'subscription-sub_1',
    ],
    [
      'an invoice that holds metadata of its subscription beside its id',
      { id: 'in_1', object: 'invoice', subscription: 'sub_1', subscription_details: { metadata: {} } },
      'subscription-sub_1',
    ],
    ['a deleted customer as the API answers it', { id: 'cus_1', object: 'customer', deleted: true }, 'customer-cus_1'],
    ['a deleted invoice as the API answers it', { id: 'in_1', object: 'invoice', deleted: true }, 'invoice-in_1'],
    ['a dispute of 2013, which has no id', { object: 'dispute', charge: 'ch_1' }, 'charge-ch_1'],
    ['an object unknown to us', { id: 'foo_1', object: 'foo' }, 'foo-foo_1'],
  ])('takes %s, %j, to %s', (_, object, stream) => {
    expect(placeOf(eventAbout(object))).toBe(stream);
  });

  it('keys by account and mode what users name, so that two accounts share no stream', () => {
    const plan = { id: 'gold', object: 'plan' };
    expect(placeOf(eventAbout(plan, { account: 'acct_1', livemode: true }))).toBe('plan-acct_1-live-gold');
    expect(placeOf(eventAbout(plan, { user_id: 'acct_1' }))).toBe('plan-acct_1-test-gold');
    expect(placeOf(eventAbout(plan, { account: 'acct-1' }))).toBe('[no_real_id]');
    expect(
      placeOf(eventAbout({ id: 'card_payments', object: 'capability', account: 'acct_1' }, { account: 'acct_1' })),
    ).toBe('capability-acct_1-test-card_payments');
    expect(placeOf(eventAbout({ object: 'balance' }, { account: 'acct_1' }))).toBe('account-acct_1');
  });

  it('does not key by account what Stripe names', () => {
    expect(placeOf(eventAbout({ id: 'sub_1', object: 'subscription' }, { account: 'acct_1', livemode: true }))).toBe(
      'subscription-sub_1',
    );
  });
});

describe('quarantine', () => {
  it('takes bodies for different that differ in nothing but an id that is none', () => {
    const ids: readonly Json[] = [
      null,
      1,
      2,
      true,
      ['evt_1'],
      { id: 'evt_1' },
      'evt_\u0000',
      'evt_\u0001',
      '\ud800',
      'x'.repeat(256),
      'y'.repeat(256),
    ];
    const streams = ids.map((id) => routeOf({ ...eventAbout({ id: 'sub_1', object: 'subscription' }), id }).stream);
    expect(new Set(streams).size).toBe(ids.length);
  });

  const subscription = { id: 'sub_1', object: 'subscription' };

  it.each<readonly [what: string, body: Json, reason: string]>([
    ['null', null, 'not_an_event'],
    ['a list of events', [eventAbout(subscription)], 'not_an_event'],
    ['an object that is no event', { ...subscription }, 'not_an_event'],
    ['an event without a type', eventAbout(subscription, { type: undefined }), 'not_an_event'],
    [
      'an event whose type EventStoreDB would keep for itself',
      eventAbout(subscription, { type: '$metadata' }),
      'not_an_event',
    ],
    ['an event whose type has line breaks', eventAbout(subscription, { type: 'a\nb' }), 'not_an_event'],
    ['an EventBridge envelope', { id: '1', 'detail-type': 'x', detail: eventAbout(subscription) }, 'envelope'],
    ['an Event Grid envelope', { specversion: '1.0', id: '1', type: 'x', data: eventAbout(subscription) }, 'envelope'],
    [
      'a thin event',
      { id: 'evt_test_1', object: 'v2.core.event', type: 'v1.customer.updated', related_object: { id: 'cus_1' } },
      'thin_event',
    ],
    ['an event about nothing', eventAbout(null), 'not_an_event'],
    ['an event whose second is a text', eventAbout(subscription, { created: '1518896523' }), 'not_an_event'],
    ['an event whose second is in milliseconds', eventAbout(subscription, { created: 1.7e12 + 0.5 }), 'not_an_event'],
    ['an event without a second', eventAbout(subscription, { created: undefined }), 'not_an_event'],
    ['an event whose API version is a number', eventAbout(subscription, { api_version: 2020 }), 'not_an_event'],
    ['an event whose mode is a text', eventAbout(subscription, { livemode: 'false' }), 'not_an_event'],
    ['an event whose account is a number', eventAbout(subscription, { account: 7 }), 'not_an_event'],
    ['an event whose account no row can hold', eventAbout(subscription, { account: 'a'.repeat(700) }), 'not_an_event'],
    [
      'an event whose former values are a list',
      eventAbout(subscription, { data: { previous_attributes: ['status'] } }),
      'not_an_event',
    ],
    ['an event whose id is a number', eventAbout(subscription, { id: 7 }), 'not_an_event'],
    [
      'a subscription that has no id, but a customer',
      eventAbout({ object: 'subscription', customer: 'cus_1' }),
      'no_real_id',
    ],
    ['an event about an object of no kind', eventAbout({ id: 'sub_1' }), 'no_object'],
    ['an object whose kind no stream name may begin with', eventAbout({ id: 'x', object: '$all' }), 'no_object'],
    [
      'an event with a type of the ledger',
      eventAbout(subscription, { type: 'ledger.subscription.observed' }),
      'reserved_type',
    ],
    ['an event with such a type in capitals', eventAbout(subscription, { type: 'Ledger.covered' }), 'reserved_type'],
    [
      'an object that would land among the runs of the ledger',
      eventAbout({ id: 'run-1', object: 'ledger' }),
      'no_object',
    ],
    ['an object that would land among the quarantined', eventAbout({ id: 'x', object: 'quarantine' }), 'no_object'],
    ['an object that would land among operations', eventAbout({ id: 'op_1', object: 'operations' }), 'no_object'],
    ['an object that would land among decisions', eventAbout({ id: 'cus_1', object: 'access' }), 'no_object'],
    ['an object that would land among places of pushes', eventAbout({ id: 'app', object: 'outbox' }), 'no_object'],
    ['an object that would name the log', eventAbout({ id: 'log', object: 'ledger' }), 'no_object'],
    ['an event without an id', eventAbout(subscription, { id: undefined }), 'not_an_event'],
    ['a dashboard test event', eventAbout(subscription, { id: 'evt_00000000000000' }), 'no_real_id'],
    ['an object with an id of zeros', eventAbout({ id: 'sub_00000000000000', object: 'subscription' }), 'no_real_id'],
    [
      'an invoice whose subscription has an id of zeros',
      eventAbout({ id: 'in_1', object: 'invoice', subscription: 'sub_00000000000000' }),
      'no_real_id',
    ],
    [
      'an invoice with an id of zeros',
      eventAbout({ id: 'in_00000000000000', object: 'invoice', subscription: 'sub_1' }),
      'no_real_id',
    ],
    ['an id cut short', eventAbout({ id: 'pm_1M9HtjJDP...', object: 'payment_method' }), 'no_real_id'],
    ['an id with a control character', eventAbout({ id: 'sub_\u0007', object: 'subscription' }), 'no_real_id'],
    ['an id with a lone surrogate', eventAbout({ id: 'gold\ud800', object: 'coupon' }), 'no_real_id'],
    ['an id longer than any of Stripe', eventAbout({ id: 'x'.repeat(256), object: 'subscription' }), 'no_real_id'],
    ['an id that is a number', eventAbout({ id: 7, object: 'subscription' }), 'no_real_id'],
    ['an object with neither id nor owner', eventAbout({ object: 'foo', integer: 42 }), 'no_real_id'],
  ])('takes %s', (_, body, reason) => {
    const routed = routeOf(body);
    expect(routed).toMatchObject({ kind: 'quarantine', reason, stream: `quarantine-${routed.eventId}` });
    expect(routed.eventId).toBe(quarantineIdOf(isJsonObject(body) ? field(body, 'id') : null, contentHash(body)));
  });

  it('keeps apart test events that share the id of zeros', () => {
    const places = ['active', 'canceled'].map(
      (status) =>
        routeOf(eventAbout({ id: 'sub_00000000000000', object: 'subscription', status }, { id: 'evt_00000000000000' }))
          .stream,
    );
    expect(new Set(places).size).toBe(2);
  });

  it('names an id or a type only when it can be stored', () => {
    expect(routeOf({ id: 'a\u0000', type: 7 })).toMatchObject({ stripeEventId: null, type: 'unknown' });
    expect(routeOf({ id: 'evt_1', type: 'ping' })).toMatchObject({ stripeEventId: 'evt_1', type: 'ping' });
  });

  it('takes an event that conflicts with a recorded one, each content to a stream of its own', () => {
    const [one, other] = ['active', 'canceled']
      .map((status) => eventAbout({ ...subscription, status }))
      .map((body) => routeRefused(body, contentHash(body), 'conflict'));
    expect(one).toMatchObject({
      kind: 'quarantine',
      reason: 'conflict',
      stripeEventId: 'evt_1PgafmB7WZ01zgkW',
      type: 'test.updated',
    });
    expect(one?.stream).not.toBe(other?.stream);
    expect(one?.eventId).not.toBe(eventIdOf('evt_1PgafmB7WZ01zgkW', '2026-09-30.endive'));
  });
});

describe('every recorded event', () => {
  const golden = readFileSync(new URL('./recorded-routes.tsv', import.meta.url), 'utf8');

  it('goes where the table of recorded routes puts it', () => {
    const recorded = recordedEvents();
    const lines = distinctRecordedEvents().map(
      ({ file, stripeEvent }, i) => `${file}\t${placeOf(recorded[i]?.stripeEvent as Json)}\t${placeOf(stripeEvent)}`,
    );
    expect(`file\tas recorded\twith distinct ids\n${lines.join('\n')}\n`).toBe(golden);
  });
});
