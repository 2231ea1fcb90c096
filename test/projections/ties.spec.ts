import { describe, expect, it } from '@jest/globals';
import { invoices } from '../../projections/invoices.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { rowsAfter } from '../support/facts.js';
import { BASIL, invoice, paidInvoice, stripeEvent } from '../support/stripe-objects.js';
import { START, subscriptionEvent } from '../support/subscription-events.js';

type Fields = Record<string, unknown>;

/** An event of the subscription: `previous` says what `object` was before. Those of one test share their second unless `at` says another. */
const told = (eventId: string, type: string, { object, previous, at = 0 }: { object: Fields; previous?: Fields; at?: number }) =>
  subscriptionEvent('sub_1', { eventId, type: `customer.subscription.${type}`, created: START + at, object, ...(previous === undefined ? {} : { previous }) });
const invoiceTold = (id: string, type: string, { fields, after = 0, previous }: { fields: Fields; after?: number; previous?: Fields }) =>
  stripeEvent(`invoice.${type}`, invoice('in_1', BASIL, fields), { id, after, ...(previous === undefined ? {} : { previous }) });

const end = { canceled_at: START, ended_at: START };
const trial = { status: 'trialing', trial_start: START - 9, trial_end: START + 600 };

function ordersOf<T>(items: readonly T[]): T[][] {
  return items.length < 2 ? [[...items]] : items.flatMap((item, at) => ordersOf([...items.slice(0, at), ...items.slice(at + 1)]).map((rest) => [item, ...rest]));
}

/** Ties that users of Stripe reported, event ids against the true order, and the row that they truly end in. */
const ties: readonly (readonly [title: string, events: readonly unknown[], row: Fields])[] = [
  ['active does not fall back to incomplete, when the creation comes behind the update', [
    told('evt_9', 'created', { object: { status: 'incomplete' } }), told('evt_1', 'updated', { object: { status: 'active' }, previous: { status: 'incomplete' } }),
  ], { status: 'active', stripe_event_id: 'evt_1' }],
  ['a reminder of the trial’s end does not win over the update of its second', [
    told('evt_1', 'updated', { object: { status: 'active', trial_end: START }, previous: { status: 'trialing', trial_end: START + 600 } }), told('evt_9', 'trial_will_end', { object: { status: 'trialing', trial_end: START + 600 } }),
  ], { status: 'active', trial_end: '2026-01-01T00:00:00.000Z', stripe_event_id: 'evt_1' }],
  ['three updates of one second end where their values before lead, with the smallest id last', [
    told('evt_3', 'updated', { object: { metadata: { n: '1' } }, previous: { metadata: { n: '0' } } }), told('evt_2', 'updated', { object: { status: 'past_due', metadata: { n: '1' } }, previous: { status: 'active' } }),
    told('evt_1', 'updated', { object: { status: 'active', metadata: { n: '2' } }, previous: { status: 'past_due', metadata: { n: '1' } } }),
  ], { status: 'active', stripe_event_id: 'evt_1' }],
  ['a creation rendered late, as active already, changes nothing of what follows', [
    told('evt_9', 'created', { object: { status: 'active' } }), told('evt_5', 'updated', { object: { status: 'active' }, previous: { status: 'incomplete' } }), told('evt_1', 'updated', { object: { status: 'active', latest_invoice: 'in_2' }, previous: { latest_invoice: null } }),
  ], { status: 'active', latest_invoice: 'in_2', stripe_event_id: 'evt_1' }],
  ['a stale update of a later second does not revive what was deleted', [
    told('evt_5', 'deleted', { object: { status: 'canceled', ...end } }), told('evt_9', 'updated', { object: { status: 'active' }, at: 5 }), told('evt_1', 'updated', { object: { status: 'past_due' }, at: 6 }),
  ], { status: 'canceled', ended_at: '2026-01-01T00:00:00.000Z', stripe_event_id: 'evt_5' }],
  ['a stale update of the deletion’s own second does not revive it', [
    told('evt_1', 'deleted', { object: { status: 'canceled', ...end } }), told('evt_9', 'updated', { object: { status: 'active' }, previous: { status: 'past_due' } }),
  ], { status: 'canceled', stripe_event_id: 'evt_1' }],
  ['an incomplete subscription expires by an update, and stays so', [
    told('evt_9', 'created', { object: { status: 'incomplete' }, at: -5 }), told('evt_5', 'updated', { object: { status: 'incomplete_expired', canceled_at: START }, previous: { status: 'incomplete', canceled_at: null } }), told('evt_1', 'updated', { object: { status: 'active' }, at: 9 }),
  ], { status: 'incomplete_expired', cancel_at: null, canceled_at: '2026-01-01T00:00:00.000Z', stripe_event_id: 'evt_5' }],
  ['an immediate cancellation is a deletion without an update', [
    told('evt_9', 'created', { object: { status: 'active' } }), told('evt_1', 'deleted', { object: { status: 'canceled', ...end } }),
  ], { status: 'canceled', stripe_event_id: 'evt_1' }],
  ['a cancellation at the period’s end, and its undoing, end with no cancellation', [
    told('evt_2', 'updated', { object: { cancel_at_period_end: true, cancel_at: START + 99 }, previous: { cancel_at_period_end: false, cancel_at: null } }),
    told('evt_1', 'updated', { object: { cancel_at_period_end: false, cancel_at: null }, previous: { cancel_at_period_end: true, cancel_at: START + 99 } }),
    told('evt_9', 'updated', { object: { status: 'active' }, previous: { status: 'trialing' }, at: -1 }),
  ], { status: 'active', cancel_at_period_end: false, cancel_at: null, stripe_event_id: 'evt_1' }],
  ...[['canceled', 'deleted'], ['unpaid', 'updated'], ['past_due', 'updated']].map(([status, type]) => [`dunning that ends in ${status} stands behind the last failure`, [
    told('evt_9', 'updated', { object: { status: 'past_due', latest_invoice: 'in_1' }, previous: { status: 'active' } }),
    told('evt_1', String(type), { object: { status, latest_invoice: 'in_1', cancel_at: START + 1 }, ...(type === 'updated' ? { previous: { status: 'past_due', cancel_at: null } } : {}) }),
  ], { status, stripe_event_id: 'evt_1' }] as const),
  ...[['paused', 'without a payment method pauses'], ['active', 'is invoiced and goes on'], ['canceled', 'without a payment method cancels']].map(([status, what]) => [`a trial that ends ${what}, though its reminder comes in the same second`, [
    told('evt_9', 'trial_will_end', { object: trial }),
    ...(status === 'canceled' ? [told('evt_1', 'deleted', { object: { ...trial, status, ...end } })] : [told('evt_1', 'updated', { object: { ...trial, status }, previous: { status: 'trialing' } })]),
  ], { status, stripe_event_id: 'evt_1' }] as const),
  ['collection that is paused and goes on in one second leaves the status active', [
    told('evt_2', 'updated', { object: { pause_collection: { behavior: 'void', resumes_at: null } }, previous: { pause_collection: null } }), told('evt_1', 'updated', { object: { pause_collection: null }, previous: { pause_collection: { behavior: 'void', resumes_at: null } } }),
    told('evt_9', 'updated', { object: { status: 'active' }, previous: { status: 'trialing' }, at: -1 }),
  ], { status: 'active', pause_collection: null, stripe_event_id: 'evt_1' }],
  ['a status that is paused and resumed in one second ends as active, beside the events that only tell of it', [
    told('evt_8', 'updated', { object: { status: 'paused' }, previous: { status: 'active' } }), told('evt_7', 'paused', { object: { status: 'paused' } }),
    told('evt_2', 'updated', { object: { status: 'active', cancel_at: START + 7 }, previous: { status: 'paused', cancel_at: null } }), told('evt_1', 'resumed', { object: { status: 'active', cancel_at: START + 7 } }),
  ], { status: 'active', cancel_at: '2026-01-01T00:00:07.000Z', stripe_event_id: 'evt_1' }],
];

describe('a tie that users of Stripe met, in every order of arrival', () => {
  it.each(ties)('%s', (_, events, row) => {
    for (const arrived of ordersOf(events)) expect(rowsAfter(subscriptions, arrived)).toEqual([expect.objectContaining(row)]);
  });

  it('an invoice whose creation was rendered late, as paid already, is paid', () => {
    const events = [
      invoiceTold('evt_9', 'created', { fields: paidInvoice }), invoiceTold('evt_8', 'finalized', { fields: paidInvoice }),
      invoiceTold('evt_2', 'updated', { fields: paidInvoice, previous: { status: 'open', amount_paid: 0, amount_remaining: 1900 } }), invoiceTold('evt_1', 'paid', { fields: paidInvoice }),
    ];
    for (const arrived of ordersOf(events)) expect(rowsAfter(invoices, arrived)).toEqual([expect.objectContaining({ status: 'paid', amount_paid_minor: 1900 })]);
  });

  it('an invoice of a Checkout is not opened again by events that were made earlier and sent later', () => {
    const events = [invoiceTold('evt_1', 'paid', { fields: paidInvoice, after: 1 }), invoiceTold('evt_2', 'finalized', { fields: { status: 'open' }, after: 2 }), invoiceTold('evt_3', 'created', { fields: { status: 'draft' }, after: 0 })];
    for (const arrived of ordersOf(events)) expect(rowsAfter(invoices, arrived)).toEqual([expect.objectContaining({ status: 'paid', stripe_event_id: 'evt_1' })]);
  });

  it('an hour that a test clock ran through at once, an event every ten seconds, ends with its last', () => {
    const hour = Array.from({ length: 360 }, (_, second) => told(`evt_${9_999 - second}`, 'updated', { object: { latest_invoice: `in_${second}`, test_clock: 'clock_1' }, at: 1_000_000_000 + 10 * second, ...(second === 0 ? {} : { previous: { latest_invoice: `in_${second - 1}` } }) }));
    for (const arrived of [hour, [...hour].reverse(), [...hour.slice(180), ...hour.slice(0, 180)]]) expect(rowsAfter(subscriptions, arrived)).toEqual([expect.objectContaining({ latest_invoice: 'in_359', test_clock: 'clock_1' })]);
  });
});
