import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { appendedEvent } from '../support/log.js';
import { deliveredSeed } from '../support/seeds.js';
import type { StripeObject } from '../../simulator/json.js';
import { seededRandom } from '../../simulator/random.js';
import { lives, type SimulatedEvent, type SimulatedLife } from '../../simulator/simulator.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

type Entry = {
  number: number;
  stripeEventId: string;
  created: string;
  stream: string;
  late: boolean;
  transition: unknown;
};
type Page = { data: Entry[]; nextAfter: number | null };

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const send = async (events: readonly unknown[]): Promise<string> => {
  let position = '';
  for (const event of events) ({ position } = (await deliver(ledger.url, JSON.stringify(event))).body);
  return position;
};
const timeline = async (sub: string, query = ''): Promise<Entry[]> => {
  const { status, body } = await read<Page>(ledger.url, `/subscriptions/${sub}/events?limit=200${query}`);
  expect({ status, body }).toMatchObject({ status: 200 });
  return body.data;
};

describe('the timeline of a subscription', () => {
  it('lists each transition of its status in logical order, and that nothing revives a final status', async () => {
    const sub = randomId('sub');
    const at = (seconds: number, status: string) =>
      subscriptionEvent(sub, { created: START + seconds, object: { status } });
    await send([at(30, 'canceled'), at(40, 'active'), at(20, 'active'), at(10, 'active'), at(0, 'incomplete')]);
    expect((await timeline(sub)).map(({ transition }) => transition)).toEqual([
      { from: null, to: 'incomplete' },
      { from: 'incomplete', to: 'active' },
      null,
      { from: 'active', to: 'canceled' },
      null,
    ]);
  });

  it('marks the events that came after one of a later second', async () => {
    const sub = randomId('sub');
    const at = (seconds: number) => subscriptionEvent(sub, { created: START + seconds });
    await send([at(5), at(0), at(5), at(9), at(7)]);
    expect((await timeline(sub)).map(({ created, late }) => [Date.parse(created) / 1000 - START, late])).toEqual([
      [0, true],
      [5, false],
      [5, false],
      [7, true],
      [9, false],
    ]);
  });

  it('names the event that cannot be read', async () => {
    const sub = randomId('sub');
    await send([subscriptionEvent(sub)]);
    // Intake no longer accepts such an envelope; older logs contain them.
    const store = connectEventStore(ledger.eventstoreUrl);
    const unreadable = appendedEvent({ ...subscriptionEvent(sub), created: 'soon' } as never);
    await store.appends.appendToStream(`subscription-${sub}`, unreadable, { expectedRevision: 0n });
    await store.close();
    expect(await read(ledger.url, `/subscriptions/${sub}/events`)).toMatchObject({
      status: 422,
      body: { code: 'past_unreadable', detail: expect.stringContaining(`subscription-${sub}@1`) },
    });
  });
});

/** Kinds of objects that belong to the subscription of a simulated life; the others belong to the customer. */
const OF_SUBSCRIPTION = [
  'subscription',
  'invoice',
  'invoiceitem',
  'invoice_payment',
  'charge',
  'payment_intent',
  'refund',
  'dispute',
  'credit_note',
  'checkout.session',
  'discount',
  'subscription_schedule',
];
const IS_MONEY = ['charge', 'payment_intent', 'refund', 'dispute'];

/** Since basil, events link a payment to its invoice only after the payment. */
function belongs({ stripeEvent }: SimulatedEvent, { events }: SimulatedLife): boolean {
  const { object } = stripeEvent.data;
  if (!IS_MONEY.includes(object.object) || stripeEvent.api_version < '2025-03-31.basil')
    return OF_SUBSCRIPTION.includes(object.object);
  const paid = events
    .map((event) => event.stripeEvent.data.object)
    .filter((told) => told.object === 'invoice_payment')
    .map((told) => (told['payment'] as StripeObject)['payment_intent']);
  return paid.includes(object.object === 'payment_intent' ? object.id : object['payment_intent']);
}

describe('the timeline with linked objects', () => {
  it.each([
    ['2020-08-27', deliveredSeed(1)],
    ['2025-03-31.basil', deliveredSeed(2)],
  ] as const)(
    'has everything that belongs to the subscription, and nothing else, in the order it happened, in %s (seed %i)',
    async (apiVersion, seed) => {
      const all = [...lives({ seed, subscriptions: 2, apiVersion, several: false })];
      const random = seededRandom(1, 'arrival');
      const arrived = all
        .flatMap(({ events }) => events)
        .map((event) => ({ event, at: random.integer(0, 1_000_000) }))
        .sort((a, b) => a.at - b.at)
        .map(({ event }) => event.stripeEvent);
      const position = await send(arrived);
      for (const one of all) {
        const id = String(one.stripeSubscriptions[0]?.id);
        const entries = await timeline(id, `&include=linked&minPosition=${position}&waitMs=30000`);
        const expected = one.events.filter((event) => belongs(event, one)).map(({ stripeEvent }) => stripeEvent);
        expect(entries.map(({ stripeEventId }) => stripeEventId).sort()).toEqual(expected.map(({ id }) => id).sort());
        expect(entries.map(({ created }) => Date.parse(created) / 1000)).toEqual(
          expected.map(({ created }) => created),
        );
        const own = await timeline(id);
        expect(
          entries.filter(({ stream }) => stream === `subscription-${id}`).map(({ stripeEventId }) => stripeEventId),
        ).toEqual(own.map(({ stripeEventId }) => stripeEventId));
      }
    },
  );

  it('refuses to include unknown kinds', async () => {
    expect(await read(ledger.url, '/subscriptions/sub_1/events?include=all')).toMatchObject({
      status: 400,
      body: { code: 'bad_query' },
    });
  });
});
