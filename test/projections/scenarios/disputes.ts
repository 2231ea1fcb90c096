import { recordedEvent } from '../../fixtures/recorded-events.js';
import { BASIL, DAHLIA, dispute, OLD, stripeEvent, withdrawal } from '../../support/stripe-objects.js';
import type { Scenario } from './scenario.js';

const created = (apiVersion: string) =>
  stripeEvent('charge.dispute.created', dispute('dp_1', { payment_intent: 'pi_1' }), { id: 'evt_created', apiVersion });
const later = (type: string, after: number, fields: object) =>
  stripeEvent(`charge.dispute.${type}`, dispute('dp_1', { ...fields }), { id: `evt_${type}`, after });
const reinstatement = { ...withdrawal, id: 'txn_back', amount: 1900, fee: 0, net: 1900 };

export const disputesScenarios: readonly Scenario[] = [
  ...[OLD, DAHLIA].map((apiVersion) => ({
    title: `has the whole dispute of ${apiVersion}`,
    given: [],
    when: created(apiVersion),
    then: {
      disputes: [
        {
          id: 'dp_1',
          status: 'needs_response',
          is_inquiry: false,
          reason: 'fraudulent',
          amount_minor: 1900,
          currency: 'eur',
          charge: 'ch_1',
          payment_intent: 'pi_1',
          evidence_due_by: '2026-01-09T02:26:40.000Z',
          created_at: '2026-01-01T00:00:00.000Z',
          livemode: false,
          account: null,
          stripe_event_id: 'evt_created',
          stripe_event_type: 'charge.dispute.created',
          stripe_event_created: '2026-01-01T00:00:00.000Z',
          api_version: apiVersion,
        },
      ],
      dispute_movements: [],
    },
  })),
  {
    title: 'reads a dispute of 2013, which its charge names',
    given: [],
    when: recordedEvent('stripe-mock-data-2013-08-13/charge.dispute.closed.json').stripeEvent,
    then: { disputes: [{ id: 'ch_00000000000000', charge: 'ch_00000000000000', status: 'won' }] },
  },
  {
    title: 'counts a movement once, in however many events it shows',
    given: [created(BASIL), later('funds_withdrawn', 5, { balance_transactions: [withdrawal] })],
    when: later('funds_reinstated', 90, { status: 'won', balance_transactions: [withdrawal, reinstatement] }),
    then: {
      disputes: [{ status: 'won' }],
      dispute_movements: [
        {
          dispute: 'dp_1',
          id: 'txn_withdrawn',
          amount_minor: -1900,
          fee_minor: 1500,
          net_minor: -3400,
          currency: 'eur',
          stripe_event_id: 'evt_funds_withdrawn',
        },
        {
          dispute: 'dp_1',
          id: 'txn_back',
          amount_minor: 1900,
          fee_minor: 0,
          net_minor: 1900,
          currency: 'eur',
          stripe_event_id: 'evt_funds_reinstated',
        },
      ],
    },
  },
  {
    title: 'reads a dispute of 2015, which has an id',
    given: [],
    when: recordedEvent('stripe-mock-data-2015-10-01/charge.dispute.created.json').stripeEvent,
    then: { disputes: [{ id: 'dp_00000000000000', api_version: '2015-10-01' }], dispute_movements: [] },
  },
  {
    title: 'books the withdrawal that a creation of 2026 shows, once, though the closing shows it too',
    given: [
      stripeEvent('charge.dispute.created', dispute('dp_1', { balance_transactions: [withdrawal] }), {
        id: 'evt_created',
        apiVersion: '2026-04-22.dahlia',
      }),
    ],
    when: stripeEvent(
      'charge.dispute.closed',
      dispute('dp_1', { status: 'lost', balance_transactions: [withdrawal] }),
      { id: 'evt_closed', after: 60, apiVersion: '2026-04-22.dahlia', previous: { status: 'needs_response' } },
    ),
    then: {
      disputes: [{ status: 'lost', stripe_event_id: 'evt_closed' }],
      dispute_movements: [{ id: 'txn_withdrawn', stripe_event_id: 'evt_created' }],
    },
  },
  {
    title: 'ends with one that was prevented, which clover knows',
    given: [
      stripeEvent('charge.dispute.created', dispute('dp_1', { status: 'prevented' }), {
        apiVersion: '2025-09-30.clover',
      }),
    ],
    when: stripeEvent('charge.dispute.updated', dispute('dp_1'), { after: 9, apiVersion: '2025-09-30.clover' }),
    then: 'unchanged',
  },
  {
    title: 'says of one that was prevented that it is, and that it moved no money',
    given: [],
    when: stripeEvent('charge.dispute.created', dispute('dp_1', { status: 'prevented' }), {
      apiVersion: '2025-09-30.clover',
    }),
    then: { disputes: [{ status: 'prevented', is_inquiry: false }], dispute_movements: [] },
  },
  ...[
    ['appeal_needs_response', 'won'],
    ['appeal_under_review', 'lost'],
  ].flatMap(([appeal, decided]) => [
    {
      title: `opens again a dispute that was ${decided}, when it is ${appeal} in endive`,
      given: [later('closed', 5, { status: decided })],
      when: later('updated', 9, { status: appeal }),
      then: { disputes: [{ status: appeal }] },
    },
    {
      title: `and decides it again after it was ${appeal}`,
      given: [later('updated', 9, { status: appeal })],
      when: later('closed', 20, { status: decided }),
      then: { disputes: [{ status: decided }] },
    },
  ]),
  {
    title: 'follows an inquiry that becomes a dispute',
    given: [later('closed', 5, { status: 'warning_closed' })],
    when: later('updated', 9, { status: 'needs_response' }),
    then: { disputes: [{ status: 'needs_response', is_inquiry: false }] },
  },
  {
    title: 'does not open a lost dispute again because of a stale snapshot',
    given: [later('closed', 5, { status: 'lost' })],
    when: later('updated', 9, { status: 'under_review' }),
    then: 'unchanged',
  },
];
