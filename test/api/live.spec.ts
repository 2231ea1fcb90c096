import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, read, READ_TOKEN } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { connectLive, type LiveClient } from '../support/live-client.js';
import { metricsOf } from '../support/metrics.js';
import { RawConnection } from '../support/raw-connection.js';
import { query } from '../support/read-models.js';
import { serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { customer, stripeEvent } from '../support/stripe-objects.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

let eventStore: TestServer;
let database: TestServer;
let ledger: TestLedger;
beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), serviceDatabase()]);
  ledger = await startLedger({ eventStore, database });
  await send(subscriptionEvent(randomId('sub')));
});
afterAll(async () => {
  await ledger.stop();
  await Promise.all([eventStore.stop(), database.stop()]);
});

const send = async (...events: unknown[]): Promise<string> => {
  let position = '';
  for (const event of events) ({ position } = (await deliver(ledger.url, JSON.stringify(event))).body);
  expect((await read(ledger.url, `/subscriptions?minPosition=${position}&waitMs=20000`)).status).toBe(200);
  return position;
};
const hasStatus =
  (status: string) =>
  ({ data }: LiveClient['events'][number]): boolean =>
    data['status'] === status;

describe('GET /subscriptions/:id/live', () => {
  it('sends the current row on connecting, and each later one, as the read API answers it', async () => {
    const id = randomId('sub');
    await send(subscriptionEvent(id, { object: { status: 'trialing' } }));
    const client = await connectLive(ledger.url, `/subscriptions/${id}/live`);
    await client.told('the current row', hasStatus('trialing'));
    const position = await send(subscriptionEvent(id, { created: START + 1 }));
    const { event, data, id: eventId } = await client.told('the next row', hasStatus('active'));
    expect({ event, data }).toEqual({
      event: 'subscription',
      data: (await read(ledger.url, `/subscriptions/${id}`)).body,
    });
    expect(BigInt(eventId)).toBeGreaterThanOrEqual(BigInt(position));
    client.close();
  });

  it('sends the current row to a client that resumes, whatever it saw last', async () => {
    const id = randomId('sub');
    const position = await send(subscriptionEvent(id));
    const client = await connectLive(ledger.url, `/subscriptions/${id}/live`, { 'last-event-id': position });
    await client.told('the current row', hasStatus('active'));
    client.close();
  });

  it('reports that there is none yet, and sends the row when it comes', async () => {
    const id = randomId('sub');
    const client = await connectLive(ledger.url, `/subscriptions/${id}/live`);
    expect(await client.told('that there is none', () => true)).toMatchObject({ event: 'none', data: { id } });
    await send(subscriptionEvent(id));
    await client.told('the row', hasStatus('active'));
    client.close();
  });

  it('sends nothing to a client whose subscription did not change', async () => {
    const [id, other] = [randomId('sub'), randomId('sub')];
    await send(subscriptionEvent(id), subscriptionEvent(other));
    const [client, busy] = [
      await connectLive(ledger.url, `/subscriptions/${id}/live`),
      await connectLive(ledger.url, `/subscriptions/${other}/live`),
    ];
    await send(subscriptionEvent(other, { created: START + 1, object: { status: 'past_due' } }));
    await busy.told('the change of the other', hasStatus('past_due'));
    expect(client.events).toHaveLength(1);
    client.close();
    busy.close();
  });

  it('works in a standby process while another projects', async () => {
    const id = randomId('sub');
    const standby = await startLedger({ eventStore, database });
    const client = await connectLive(
      standby.url,
      `/subscriptions/${id}/live?minPosition=${await send(subscriptionEvent(id))}`,
    );
    await client.told('the row', hasStatus('active'));
    await send(subscriptionEvent(id, { created: START + 1, object: { status: 'past_due' } }));
    await client.told('the next row', hasStatus('past_due'));
    client.close();
    await standby.stop();
  });

  it('sends changes without a new position, as after a replay', async () => {
    const id = randomId('sub');
    await send(subscriptionEvent(id));
    const client = await connectLive(ledger.url, `/subscriptions/${id}/live`);
    await client.told('the current row', hasStatus('active'));
    await query(database.url, `update ledger.subscriptions set status = 'mended' where id = $1`, [id]);
    await client.told('the mended row', hasStatus('mended'));
    client.close();
  });
});

describe('GET /customers/:id/live', () => {
  it('sends a customer with the subscriptions, whichever of them changes', async () => {
    const [cus, two, one] = [randomId('cus'), ...[randomId('sub'), randomId('sub')].sort()] as [string, string, string];
    await send(subscriptionEvent(one, { object: { customer: cus } }));
    const client = await connectLive(ledger.url, `/customers/${cus}/live`);
    await client.told('the subscription alone', ({ data }) => data['customer'] === null);
    await send(stripeEvent('customer.created', customer(cus)));
    await send(subscriptionEvent(two, { object: { customer: cus, status: 'trialing' } }));
    expect(
      await client.told('both', ({ data }) => (data['subscriptions'] as { data: unknown[] }).data.length === 2),
    ).toMatchObject({
      event: 'customer',
      data: {
        id: cus,
        customer: { email: 'ada@example.com' },
        subscriptions: {
          data: [
            { id: one, status: 'active' },
            { id: two, status: 'trialing' },
          ],
          nextCursor: null,
        },
      },
    });
    client.close();
  });
});

describe('live connections', () => {
  it('want a token', async () => {
    const client = await connectLive(ledger.url, '/subscriptions/sub_1/live', { authorization: 'Bearer wrong' });
    expect(client.status).toBe(401);
    client.close();
  });

  it('are bounded in number, and one that goes makes room', async () => {
    const small = await startLedger({ eventStore, database, environment: { LIVE_READERS_MAX: '1' } });
    const first = await connectLive(small.url, '/subscriptions/sub_1/live');
    expect(await read(small.url, '/subscriptions/sub_1/live')).toMatchObject({
      status: 503,
      body: { code: 'too_many_live' },
    });
    first.close();
    const next = await until('there is room again', async () => {
      const client = await connectLive(small.url, '/subscriptions/sub_1/live');
      return client.status === 200 && client;
    });
    next.close();
    await small.stop();
  });

  it('make room also where several were asked for on one connection, of which only the first is answered', async () => {
    const small = await startLedger({ eventStore, database, environment: { LIVE_READERS_MAX: '4' } });
    const connection = await RawConnection.open(small.url);
    for (const id of ['sub_1', 'sub_2'])
      await connection.head('GET', `/subscriptions/${id}/live`, { authorization: `Bearer ${READ_TOKEN}` });
    const readers = async () => (await metricsOf(small.url)).get('ledger_live_readers');
    await until('both follow', async () => (await readers()) === 2);
    connection.destroy();
    await until('none follows', async () => (await readers()) === 0);
    await small.stop();
  });

  it('are ended, not broken, when the service stops', async () => {
    const other = await startLedger({ eventStore, database });
    const clients = [
      await connectLive(other.url, '/subscriptions/sub_1/live'),
      await connectLive(other.url, '/customers/cus_1/live'),
    ];
    await other.stop();
    expect(await Promise.all(clients.map(({ ended }) => ended))).toEqual(['ended', 'ended']);
  });

  it('are refused while Postgres is unavailable, like every read', async () => {
    const unreachable = { url: 'postgres://ledger:none@127.0.0.1:1/ledger', stop: async () => undefined };
    const other = await startLedger({ eventStore, database: unreachable });
    expect(await read(other.url, '/subscriptions/sub_1/live')).toMatchObject({
      status: 503,
      body: { code: 'read_models_unavailable' },
    });
    await other.stop();
  });
});
