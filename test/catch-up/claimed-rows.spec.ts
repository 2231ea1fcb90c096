import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { projections } from '../../projections/index.js';
import type { ReadEvent } from '../../src/folding/facts.js';
import type { Group } from '../../src/projector/group.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { nameOfLog } from '../../src/eventstore/log-name.js';
import { Database } from '../../src/read-models/database.js';
import { ensureSchema } from '../../src/read-models/schema.js';
import { deliver, read } from '../support/delivery.js';
import { startLedger } from '../support/ledger.js';
import { appendAndRead, projectorOn, takeCheckpoints } from '../support/projecting.js';
import { query } from '../support/read-models.js';
import { testDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { BASIL, invoice, stripeEvent } from '../support/stripe-objects.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

let eventStore: TestServer;
let store: EventStore;
beforeAll(async () => {
  eventStore = await testEventStore();
  store = connectEventStore(eventStore.url);
});
afterAll(async () => {
  await store.close();
  await eventStore.stop();
});

let server: TestServer;
let database: Database;
beforeEach(async () => {
  server = await testDatabase();
  database = new Database(server.url, { connectionsMax: 4, onIdleError: () => undefined });
});
afterEach(async () => {
  await database.close();
  await server.stop();
});

const CAUSE = /^Two streams claim the row \["in_[^"]+"\] of invoices: it belongs to subscription-/;

describe('a row that two streams claim', () => {
  /**
   * An invoice in its subscription's stream, then without a subscription in a stream of its own; and other rows of both
   * streams.
   */
  function events() {
    const [claimed, other, subscription] = [randomId('in'), randomId('in'), randomId('sub')];
    return {
      claimed,
      other,
      subscription,
      all: {
        'with it': [
          `subscription-${subscription}`,
          stripeEvent('invoice.created', invoice(claimed, BASIL, { subscription }), { after: 5 }),
        ],
        'without it': [
          `invoice-${claimed}`,
          stripeEvent('invoice.updated', invoice(claimed, BASIL, { subscription: null, total: 1 }), { after: 9 }),
        ],
        'another of the invoice': [
          `invoice-${claimed}`,
          stripeEvent('invoice.created', invoice(other, BASIL, { subscription: null }), { after: 2 }),
        ],
        'another of the subscription': [
          `subscription-${subscription}`,
          subscriptionEvent(subscription, { created: START + 9 }),
        ],
      } as const,
    };
  }
  type Name = keyof ReturnType<typeof events>['all'];
  const batches: readonly (readonly Name[])[][] = [
    [['with it', 'without it', 'another of the invoice', 'another of the subscription']],
    [['another of the subscription', 'another of the invoice', 'without it', 'with it']],
    [['with it'], ['without it'], ['another of the invoice'], ['another of the subscription']],
    [['without it'], ['another of the invoice'], ['with it'], ['another of the subscription']],
    [
      ['another of the invoice', 'with it'],
      ['another of the subscription', 'without it'],
    ],
    [['without it'], ['with it', 'another of the subscription'], ['another of the invoice']],
  ];

  it.each(batches.map((one) => [JSON.stringify(one), one] as const))(
    'is that of one of them, which is not parked, and the other keeps its other rows: %s',
    async (_, given) => {
      const { claimed, other, subscription, all } = events();
      await ensureSchema(database, projections);
      let group: Group = {
        logName: await nameOfLog(store, 5_000),
        checkpoints: await takeCheckpoints(database, 'test'),
      };
      const projector = projectorOn(store, database);
      for (const names of given) {
        const batch: ReadEvent[] = [];
        for (const name of names) {
          const [stream, event] = all[name];
          batch.push(await appendAndRead(store, stream, event));
        }
        const to = batch.at(-1) as ReadEvent;
        expect(await projector.apply(batch, { group, to })).toMatchObject({ kind: 'applied' });
        group = { ...group, checkpoints: group.checkpoints.map((checkpoint) => ({ ...checkpoint, at: to })) };
      }
      expect(await projector.workOff(() => group)).toBe('done');
      const rows = await query<{ id: string }>(server.url, 'select id, stream, total_minor from ledger.invoices');
      expect(rows.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
        [
          { id: claimed, stream: `subscription-${subscription}`, total_minor: 1900n },
          { id: other, stream: `invoice-${claimed}`, total_minor: 1900n },
        ].sort((a, b) => (a.id < b.id ? -1 : 1)),
      );
      const parked = await query<{ stream: string; cause: string }>(
        server.url,
        `select stream, cause from ledger.parked_streams where generation like 'invoices%'`,
      );
      expect(parked).toEqual([{ stream: `invoice-${claimed}`, cause: expect.stringMatching(CAUSE) }]);
      expect(await query(server.url, 'select id from ledger.subscriptions')).toEqual([{ id: subscription }]);
    },
  );

  it.each([
    ['with its subscription first', false],
    ['without it first', true],
  ])('stops no other stream, and is reported: delivered %s', async (_, isReversed) => {
    const ledger = await startLedger({ eventStore, database: { url: server.url, stop: async () => undefined } });
    const { claimed, all } = events();
    const given = [all['with it'][1], all['without it'][1]];
    for (const event of isReversed ? given.reverse() : given) await deliver(ledger.url, JSON.stringify(event));
    const id = randomId('sub');
    const { position } = (await deliver(ledger.url, JSON.stringify(subscriptionEvent(id)))).body;
    expect(await read(ledger.url, `/subscriptions/${id}?minPosition=${position}&waitMs=25000`)).toMatchObject({
      status: 200,
    });
    expect((await read(ledger.url, `/invoices/${claimed}`)).body).toMatchObject({
      id: claimed,
      subscription: all['with it'][0].slice('subscription-'.length),
    });
    expect(
      await query(
        server.url,
        `select cause from ledger.parked_streams where stream = $1 and generation like 'invoices%'`,
        [`invoice-${claimed}`],
      ),
    ).toEqual([{ cause: expect.stringMatching(CAUSE) }]);
    await ledger.stop();
  });
});
