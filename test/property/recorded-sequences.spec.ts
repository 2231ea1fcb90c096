import { describe, expect, it } from '@jest/globals';
import { projections } from '../../projections/index.js';
import type { Fact } from '../../projections/projection.js';
import { foldObjects, rowsOfAll } from '../../src/folding/fold-objects.js';
import type { Json } from '../../src/events/json.js';
import { kindOf } from '../../src/events/normalise.js';
import { route } from '../../src/events/route.js';
import { asStripeEvent } from '../../src/events/stripe-event.js';
import { recordedSequences, type RecordedSequence } from '../fixtures/recorded-events.js';
import { factFrom } from '../support/facts.js';

/** The true final state of each sequence: some fields of every row in these tables. */
const ends: Readonly<Record<string, Readonly<Record<string, readonly object[]>>>> = {
  'hookdeck-checkout-2022': {
    customers: [
      {
        id: 'cus_NSPHp4fOlXGw8P',
        currency: 'usd',
        default_payment_method: null,
        is_deleted: false,
        stripe_event_type: 'customer.updated',
      },
    ],
    invoices: [
      {
        id: 'in_1MhUT5E0b6fckueSfPlY05Fw',
        status: 'paid',
        subscription: 'sub_1MhUT5E0b6fckueSYAo1LoiF',
        total_minor: 0,
        paid_at: '2023-03-03T08:59:59.000Z',
      },
    ],
    subscriptions: [],
  },
  'hookdeck-trial-2022': {
    subscriptions: [{ id: 'sub_1MhUZrE0b6fckueSZfQ2Ytz6', status: 'trialing', trial_end: '2023-04-02T09:06:59.000Z' }],
  },
  'supabase-sub-created-deleted-2021': {
    subscriptions: [
      { id: 'sub_JdIzvfy6o5GZRd', status: 'canceled', stripe_event_type: 'customer.subscription.deleted' },
    ],
  },
  'supabase-product-2021': {},
  'opencollective-review': { links: [{ object: 'review', target_kind: 'payment' }] },
};

type Streams = readonly (readonly [stream: string, facts: readonly Fact[]])[];

function streamsOf(events: readonly Json[]): Streams {
  const streams = new Map<string, Fact[]>();
  for (const event of events.filter((body) => kindOf(asStripeEvent(body)) !== 'other')) {
    const { stream } = route(event, 'hash');
    streams.set(stream, [...(streams.get(stream) ?? []), factFrom(event)]);
  }
  return [...streams].sort(([a], [b]) => (a < b ? -1 : 1));
}

function rowsAfter(streams: Streams): Record<string, unknown[]> {
  const rows: Record<string, unknown[]> = Object.fromEntries(
    projections.flatMap(({ tables }) => Object.keys(tables).map((table) => [table, []])),
  );
  for (const [, facts] of streams) {
    for (const projection of projections) {
      for (const [table, own] of Object.entries(rowsOfAll(projection, foldObjects(projection, facts))))
        rows[table]?.push(...own);
    }
  }
  return rows;
}

/**
 * Every order of arrival that a fold can distinguish. Folds see one stream at a time, so the interleaving of streams
 * does not matter.
 */
function ordersOf([first, ...rest]: Streams): Streams[] {
  if (first === undefined) return [[]];
  const [stream, facts] = first;
  const others = ordersOf(rest);
  return permutations(facts).flatMap((permuted) => others.map((other) => [[stream, permuted] as const, ...other]));
}

function permutations<T>(items: readonly T[]): T[][] {
  return items.length < 2
    ? [[...items]]
    : items.flatMap((item, at) =>
        permutations([...items.slice(0, at), ...items.slice(at + 1)]).map((rest) => [item, ...rest]),
      );
}

describe('a recorded sequence, in every order of arrival', () => {
  const sequences = recordedSequences()
    .filter(({ order }) => order !== 'none')
    .map((sequence) => [sequence.name, sequence] as const);

  it.each(sequences)('%s ends in the same rows, and the right ones', (name, { events }: RecordedSequence) => {
    const streams = streamsOf(events.map(({ stripeEvent }) => stripeEvent));
    const rows = rowsAfter(streams);
    for (const arrived of ordersOf(streams)) expect(rowsAfter(arrived)).toEqual(rows);
    for (const [table, end] of Object.entries(ends[name] as Readonly<Record<string, readonly object[]>>))
      expect(rows[table]).toEqual(end.map((row) => expect.objectContaining(row)));
  });
});
