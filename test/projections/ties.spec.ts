import { describe, expect, it } from '@jest/globals';
import { invoices } from '../../projections/invoices.js';
import type { AnyProjection } from '../../projections/projection.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { rowsAfter } from '../support/facts.js';
import { BASIL, invoice, OLD, paidInvoice, stripeEvent } from '../support/stripe-objects.js';
import { START, subscriptionEvent } from '../support/subscription-events.js';

type Fields = Record<string, unknown>;

/** The amounts of an invoice for a free period. */
const nothing = { subtotal: 0, total: 0, amount_due: 0, amount_paid: 0, amount_remaining: 0 };

/**
 * An event of the subscription; `previous` holds the values before. Events of one test share their second unless `at`
 * differs.
 */
const told = (
  eventId: string,
  type: string,
  { object, previous, at = 0 }: { object: Fields; previous?: Fields; at?: number },
) =>
  subscriptionEvent('sub_1', {
    eventId,
    type: `customer.subscription.${type}`,
    created: START + at,
    object,
    ...(previous === undefined ? {} : { previous }),
  });
const invoiceTold = (
  id: string,
  type: string,
  { fields, after = 0, previous }: { fields: Fields; after?: number; previous?: Fields },
) =>
  stripeEvent(`invoice.${type}`, invoice('in_1', BASIL, fields), {
    id,
    after,
    ...(previous === undefined ? {} : { previous }),
  });

const end = { canceled_at: START, ended_at: START };
const active = { status: 'active' };
const pastDue = { status: 'past_due' };
const trial = { status: 'trialing', trial_start: START - 9, trial_end: START + 600 };

function ordersOf<T>(items: readonly T[]): T[][] {
  return items.length < 2
    ? [[...items]]
    : items.flatMap((item, at) =>
        ordersOf([...items.slice(0, at), ...items.slice(at + 1)]).map((rest) => [item, ...rest]),
      );
}

/**
 * Kinds of ties that users of Stripe reported, and that the ordering rule resolves. Each has one or more cases with
 * event ids against the true order, and the true final row.
 */
type Kind =
  | 'an update before the creation'
  | 'several events of one second'
  | 'snapshots rendered late'
  | 'late events after the end'
  | 'expiry of what was incomplete'
  | 'cancellation'
  | 'the end of dunning'
  | 'the end of a trial'
  | 'pauses'
  | 'a value that goes there and back in one second'
  | 'two possible paths'
  | 'a missing link'
  | 'no known start'
  | 'an hour of a test clock';
type Tie = readonly [title: string, events: readonly unknown[], row: Fields, of?: AnyProjection];

const ties: Readonly<Record<Kind, readonly Tie[]>> = {
  'an update before the creation': [
    [
      'active does not fall back to incomplete, when the creation comes behind the update',
      [
        told('evt_9', 'created', { object: { status: 'incomplete' } }),
        told('evt_1', 'updated', { object: { status: 'active' }, previous: { status: 'incomplete' } }),
      ],
      { status: 'active', stripe_event_id: 'evt_1' },
    ],
    [
      'a trial that began does not fall back, when the creation comes behind the update, a second earlier',
      [
        told('evt_9', 'created', { object: { status: 'incomplete' }, at: -1 }),
        told('evt_1', 'updated', {
          object: trial,
          previous: { status: 'incomplete', trial_start: null, trial_end: null },
        }),
      ],
      { status: 'trialing', stripe_event_id: 'evt_1' },
    ],
    [
      'an invoice is paid, when its draft comes behind',
      [
        invoiceTold('evt_9', 'created', { fields: { status: 'draft' } }),
        invoiceTold('evt_1', 'paid', { fields: paidInvoice }),
      ],
      { status: 'paid', stripe_event_id: 'evt_1' },
      invoices,
    ],
  ],
  'several events of one second': [
    [
      'a reminder of the trial’s end does not win over the update of its second',
      [
        told('evt_1', 'updated', {
          object: { status: 'active', trial_end: START },
          previous: { status: 'trialing', trial_end: START + 600 },
        }),
        told('evt_9', 'trial_will_end', { object: { status: 'trialing', trial_end: START + 600 } }),
      ],
      { status: 'active', trial_end: '2026-01-01T00:00:00.000Z', stripe_event_id: 'evt_1' },
    ],
    [
      'three updates of one second end where their values before lead, with the smallest id last',
      [
        told('evt_3', 'updated', { object: { metadata: { n: '1' } }, previous: { metadata: { n: '0' } } }),
        told('evt_2', 'updated', {
          object: { status: 'past_due', metadata: { n: '1' } },
          previous: { status: 'active' },
        }),
        told('evt_1', 'updated', {
          object: { status: 'active', metadata: { n: '2' } },
          previous: { status: 'past_due', metadata: { n: '1' } },
        }),
      ],
      { status: 'active', stripe_event_id: 'evt_1' },
    ],
  ],
  'snapshots rendered late': [
    [
      'a creation rendered late, as active already, changes nothing of what follows',
      [
        told('evt_9', 'created', { object: { status: 'active' } }),
        told('evt_5', 'updated', { object: { status: 'active' }, previous: { status: 'incomplete' } }),
        told('evt_1', 'updated', {
          object: { status: 'active', latest_invoice: 'in_2' },
          previous: { latest_invoice: null },
        }),
      ],
      { status: 'active', latest_invoice: 'in_2', stripe_event_id: 'evt_1' },
    ],
    [
      'an invoice whose creation shows it as paid already is paid',
      [
        invoiceTold('evt_9', 'created', { fields: paidInvoice }),
        invoiceTold('evt_8', 'finalized', { fields: paidInvoice }),
        invoiceTold('evt_2', 'updated', {
          fields: paidInvoice,
          previous: { status: 'open', amount_paid: 0, amount_remaining: 1900 },
        }),
        invoiceTold('evt_1', 'paid', { fields: paidInvoice }),
      ],
      { status: 'paid', amount_paid_minor: 1900 },
      invoices,
    ],
    [
      'an invoice of a Checkout is not opened again by events that were made earlier and sent later',
      [
        invoiceTold('evt_3', 'created', { fields: { status: 'draft' }, after: 0 }),
        invoiceTold('evt_1', 'paid', { fields: paidInvoice, after: 1 }),
        invoiceTold('evt_2', 'finalized', { fields: { status: 'open' }, after: 2 }),
      ],
      { status: 'paid', stripe_event_id: 'evt_1' },
      invoices,
    ],
  ],
  'late events after the end': [
    [
      'a stale update of a later second does not revive what was deleted',
      [
        told('evt_5', 'deleted', { object: { status: 'canceled', ...end } }),
        told('evt_9', 'updated', { object: { status: 'active' }, at: 5 }),
        told('evt_1', 'updated', { object: { status: 'past_due' }, at: 6 }),
      ],
      { status: 'canceled', ended_at: '2026-01-01T00:00:00.000Z', stripe_event_id: 'evt_5' },
    ],
    [
      'a stale update of the deletion’s own second does not revive it',
      [
        told('evt_1', 'deleted', { object: { status: 'canceled', ...end } }),
        told('evt_9', 'updated', { object: { status: 'active' }, previous: { status: 'past_due' } }),
      ],
      { status: 'canceled', stripe_event_id: 'evt_1' },
    ],
    ...[subscriptions, invoices].map(
      (of) =>
        [
          'an invoice that is paid behind the end of its subscription is paid, and does not revive it',
          [
            told('evt_9', 'updated', { object: pastDue, previous: active, at: -9 }),
            told('evt_5', 'deleted', { object: { status: 'canceled', ...end } }),
            invoiceTold('evt_1', 'paid', { fields: paidInvoice, after: 5 }),
          ],
          of === invoices
            ? { status: 'paid', stripe_event_id: 'evt_1' }
            : { status: 'canceled', stripe_event_id: 'evt_5' },
          of,
        ] as const,
    ),
  ],
  'expiry of what was incomplete': [
    [
      'an incomplete subscription expires by an update, and stays so',
      [
        told('evt_9', 'created', { object: { status: 'incomplete' }, at: -5 }),
        told('evt_5', 'updated', {
          object: { status: 'incomplete_expired', canceled_at: START },
          previous: { status: 'incomplete', canceled_at: null },
        }),
        told('evt_1', 'updated', { object: { status: 'active' }, at: 9 }),
      ],
      {
        status: 'incomplete_expired',
        cancel_at: null,
        canceled_at: '2026-01-01T00:00:00.000Z',
        stripe_event_id: 'evt_5',
      },
    ],
  ],
  cancellation: [
    [
      'an immediate cancellation is a deletion without an update',
      [
        told('evt_9', 'created', { object: { status: 'active' } }),
        told('evt_1', 'deleted', { object: { status: 'canceled', ...end } }),
      ],
      { status: 'canceled', stripe_event_id: 'evt_1' },
    ],
    [
      'a cancellation at the period’s end, and its undoing, end with no cancellation',
      [
        told('evt_2', 'updated', {
          object: { cancel_at_period_end: true, cancel_at: START + 99 },
          previous: { cancel_at_period_end: false, cancel_at: null },
        }),
        told('evt_1', 'updated', {
          object: { cancel_at_period_end: false, cancel_at: null },
          previous: { cancel_at_period_end: true, cancel_at: START + 99 },
        }),
        told('evt_9', 'updated', { object: { status: 'active' }, previous: { status: 'trialing' }, at: -1 }),
      ],
      { status: 'active', cancel_at_period_end: false, cancel_at: null, stripe_event_id: 'evt_1' },
    ],
    [
      'one at the period’s end is an update and then a deletion, though a test clock brings both in one second',
      [
        told('evt_9', 'updated', {
          object: { cancel_at_period_end: true, cancel_at: START },
          previous: { cancel_at_period_end: false, cancel_at: null },
        }),
        told('evt_1', 'deleted', {
          object: { status: 'canceled', cancel_at_period_end: true, cancel_at: START, ...end },
        }),
      ],
      {
        status: 'canceled',
        cancel_at_period_end: true,
        ended_at: '2026-01-01T00:00:00.000Z',
        stripe_event_id: 'evt_1',
      },
    ],
  ],
  'the end of dunning': [
    ...[
      ['canceled', 'deleted'],
      ['unpaid', 'updated'],
      ['past_due', 'updated'],
    ].map(
      ([status, type]) =>
        [
          `dunning that ends in ${status} stands behind the last failure`,
          [
            told('evt_9', 'updated', {
              object: { status: 'past_due', latest_invoice: 'in_1' },
              previous: { status: 'active' },
            }),
            told('evt_1', String(type), {
              object: { status, latest_invoice: 'in_1', cancel_at: START + 1 },
              ...(type === 'updated' ? { previous: { status: 'past_due', cancel_at: null } } : {}),
            }),
          ],
          { status, stripe_event_id: 'evt_1' },
        ] as const,
    ),
    [
      'a subscription that is paid by hand is past due from the due date of its invoice on',
      [
        told('evt_9', 'updated', {
          object: { latest_invoice: 'in_1', collection_method: 'send_invoice' },
          previous: { latest_invoice: null },
        }),
        told('evt_1', 'updated', {
          object: { ...pastDue, latest_invoice: 'in_1', collection_method: 'send_invoice' },
          previous: active,
        }),
        invoiceTold('evt_0', 'overdue', { fields: { status: 'open', due_date: START } }),
      ],
      { status: 'past_due', collection_method: 'send_invoice', stripe_event_id: 'evt_1' },
    ],
    [
      'an invoice made while unpaid, and closed in the second of its making, stays closed',
      [
        told('evt_9', 'updated', { object: { status: 'unpaid' }, previous: pastDue }),
        stripeEvent(
          'invoice.created',
          invoice('in_1', OLD, { status: null, closed: false, paid: false, attempted: false }),
          { id: 'evt_8', apiVersion: '2018-05-21' },
        ),
        stripeEvent(
          'invoice.updated',
          invoice('in_1', OLD, { status: null, closed: true, paid: false, attempted: false }),
          { id: 'evt_1', apiVersion: '2018-05-21', previous: { closed: false } },
        ),
      ],
      { status: 'open', stripe_event_id: 'evt_1' },
      invoices,
    ],
  ],
  'the end of a trial': [
    ...[
      ['paused', 'without a payment method pauses'],
      ['active', 'is invoiced and goes on'],
      ['canceled', 'without a payment method cancels'],
    ].map(
      ([status, what]) =>
        [
          `a trial that ends ${what}, though its reminder comes in the same second`,
          [
            told('evt_9', 'trial_will_end', { object: trial }),
            ...(status === 'canceled'
              ? [told('evt_1', 'deleted', { object: { ...trial, status, ...end } })]
              : [told('evt_1', 'updated', { object: { ...trial, status }, previous: { status: 'trialing' } })]),
          ],
          { status, stripe_event_id: 'evt_1' },
        ] as const,
    ),
    [
      'a trial that is made shorter, with its reminder at once, and ends, all in the transaction that collects its payment',
      [
        told('evt_9', 'updated', { object: { ...trial, trial_end: START }, previous: { trial_end: START + 600 } }),
        told('evt_5', 'trial_will_end', { object: { ...trial, trial_end: START } }),
        told('evt_1', 'updated', {
          object: { ...trial, ...active, trial_end: START, latest_invoice: 'in_2' },
          previous: { status: 'trialing', latest_invoice: null },
        }),
      ],
      { status: 'active', trial_end: '2026-01-01T00:00:00.000Z', latest_invoice: 'in_2', stripe_event_id: 'evt_1' },
    ],
    [
      'the first invoice of a trial costs nothing, and is paid in the second of its making',
      [
        invoiceTold('evt_9', 'created', { fields: { ...nothing, status: 'draft' } }),
        invoiceTold('evt_8', 'finalized', { fields: { ...nothing, status: 'open' } }),
        invoiceTold('evt_1', 'paid', { fields: { ...paidInvoice, ...nothing } }),
      ],
      { status: 'paid', total_minor: 0, amount_paid_minor: 0, stripe_event_id: 'evt_1' },
      invoices,
    ],
  ],
  pauses: [
    [
      'collection that is paused and goes on in one second leaves the status active',
      [
        told('evt_2', 'updated', {
          object: { pause_collection: { behavior: 'void', resumes_at: null } },
          previous: { pause_collection: null },
        }),
        told('evt_1', 'updated', {
          object: { pause_collection: null },
          previous: { pause_collection: { behavior: 'void', resumes_at: null } },
        }),
        told('evt_9', 'updated', { object: { status: 'active' }, previous: { status: 'trialing' }, at: -1 }),
      ],
      { status: 'active', pause_collection: null, stripe_event_id: 'evt_1' },
    ],
    [
      'a status that is paused and resumed in one second ends as active, beside the events that only tell of it',
      [
        told('evt_8', 'updated', { object: { status: 'paused' }, previous: { status: 'active' } }),
        told('evt_7', 'paused', { object: { status: 'paused' } }),
        told('evt_2', 'updated', {
          object: { status: 'active', cancel_at: START + 7 },
          previous: { status: 'paused', cancel_at: null },
        }),
        told('evt_1', 'resumed', { object: { status: 'active', cancel_at: START + 7 } }),
      ],
      { status: 'active', cancel_at: '2026-01-01T00:00:07.000Z', stripe_event_id: 'evt_1' },
    ],
  ],
  'a value that goes there and back in one second': [
    [
      'a payment that fails and is mended at once leaves the status as it was, from the known start',
      [
        told('evt_9', 'created', { object: active, at: -1 }),
        told('evt_8', 'updated', { object: pastDue, previous: active }),
        told('evt_1', 'updated', { object: active, previous: pastDue }),
      ],
      { status: 'active', previous_status: 'past_due', stripe_event_id: 'evt_1' },
    ],
    [
      'and the same the other way about, when it was past due before',
      [
        told('evt_9', 'updated', { object: pastDue, previous: active, at: -1 }),
        told('evt_8', 'updated', { object: active, previous: pastDue }),
        told('evt_1', 'updated', { object: pastDue, previous: active }),
      ],
      { status: 'past_due', previous_status: 'active', stripe_event_id: 'evt_1' },
    ],
  ],
  'two possible paths': [
    [
      'the one that holds every event is taken, though another begins with a smaller id',
      [
        told('evt_9', 'created', { object: active }),
        told('evt_7', 'updated', { object: { latest_invoice: 'in_1' }, previous: { latest_invoice: null } }),
        told('evt_8', 'updated', { object: { latest_invoice: null }, previous: { latest_invoice: 'in_1' } }),
        told('evt_1', 'updated', { object: { latest_invoice: 'in_2' }, previous: { latest_invoice: null } }),
      ],
      { latest_invoice: 'in_2', stripe_event_id: 'evt_1' },
    ],
    [
      'of two that exclude each other the smaller id goes first, and the other is a guess behind it',
      [
        told('evt_9', 'created', { object: active }),
        told('evt_1', 'updated', { object: { latest_invoice: 'in_1' }, previous: { latest_invoice: null } }),
        told('evt_2', 'updated', { object: { latest_invoice: 'in_2' }, previous: { latest_invoice: null } }),
      ],
      { latest_invoice: 'in_2', stripe_event_id: 'evt_2' },
    ],
  ],
  'a missing link': [
    [
      'what hangs together stays together behind what follows from the start',
      [
        told('evt_9', 'created', { object: active, at: -1 }),
        told('evt_8', 'updated', { object: { latest_invoice: 'in_1' }, previous: { latest_invoice: null } }),
        told('evt_3', 'updated', { object: { latest_invoice: 'in_3' }, previous: { latest_invoice: 'in_2' } }),
        told('evt_1', 'updated', { object: { latest_invoice: 'in_4' }, previous: { latest_invoice: 'in_3' } }),
      ],
      { latest_invoice: 'in_4', stripe_event_id: 'evt_1' },
    ],
    [
      'the further status wins, when the update between has not come',
      [
        told('evt_9', 'created', { object: { status: 'incomplete' } }),
        told('evt_1', 'updated', { object: pastDue, previous: active }),
      ],
      { status: 'past_due', stripe_event_id: 'evt_1' },
    ],
  ],
  'no known start': [
    [
      'a stream that begins in the middle begins where its changes begin',
      [
        told('evt_2', 'updated', { object: pastDue, previous: active }),
        told('evt_1', 'updated', { object: { status: 'unpaid' }, previous: pastDue }),
      ],
      { status: 'unpaid', previous_status: 'past_due', stripe_event_id: 'evt_1' },
    ],
    [
      'snapshots that say of no change go by the life of a subscription',
      [
        told('evt_3', 'pending_update_applied', { object: { status: 'incomplete' } }),
        told('evt_2', 'pending_update_expired', { object: active }),
        told('evt_1', 'trial_will_end', { object: pastDue }),
      ],
      { status: 'past_due', stripe_event_id: 'evt_1' },
    ],
  ],
  'an hour of a test clock': [
    [
      'three changes in each of its first and last seconds end with the last',
      [0, 3_599].flatMap((at) =>
        [1, 2, 3].map((n) =>
          told(`evt_${9 - n}_${at}`, 'updated', {
            object: { latest_invoice: `in_${at + n}`, test_clock: 'clock_1' },
            previous: { latest_invoice: `in_${at + n - 1}` },
            at: 1_000_000_000 + at,
          }),
        ),
      ),
      { latest_invoice: 'in_3602', test_clock: 'clock_1', stripe_event_id: 'evt_6_3599' },
    ],
  ],
};

describe.each(Object.entries(ties))('a tie of %s, in every order of arrival', (_, cases) => {
  it.each(
    cases.map(([title, events, row, of = subscriptions]) => [`${of.name}: ${title}`, { events, row, of }] as const),
  )('%s', (__, { events, row, of }) => {
    for (const arrived of ordersOf(events)) expect(rowsAfter(of, arrived)).toEqual([expect.objectContaining(row)]);
  });
});

describe('an hour that a test clock ran through at once', () => {
  it('ends with its last second, a change in each, in any order of arrival', () => {
    const hour = Array.from({ length: 3_600 }, (_, second) =>
      told(`evt_${9_999 - second}`, 'updated', {
        object: { latest_invoice: `in_${second}`, test_clock: 'clock_1' },
        at: 1_000_000_000 + second,
        ...(second === 0 ? {} : { previous: { latest_invoice: `in_${second - 1}` } }),
      }),
    );
    for (const arrived of [hour, [...hour].reverse(), [...hour.slice(1_800), ...hour.slice(0, 1_800)]])
      expect(rowsAfter(subscriptions, arrived)).toEqual([
        expect.objectContaining({ latest_invoice: 'in_3599', test_clock: 'clock_1' }),
      ]);
  });
});
