/** The feed of decisions as its readers see it: pages, waits, and streams that are followed, cut and resumed. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { record } from '../../src/access-changes/change-log.js';
import type { AccessChange, Decision } from '../../src/access-changes/change.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { read, READ_TOKEN } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { connectLive } from '../support/live-client.js';
import { preparedDatabase, ownEventStore, type TestServer } from '../support/servers.js';
import { randomId } from '../support/subscription-events.js';
import { until } from '../support/until.js';

const ACCESS_TOKEN = 'a-token-that-may-ask-for-access';
type Page = { data: AccessChange[]; nextAfter: string | null };

let eventStore: TestServer;
let database: TestServer;
let ledger: TestLedger;
let store: EventStore;
beforeAll(async () => {
  [eventStore, database] = [await ownEventStore(), await preparedDatabase()];
  ledger = await startLedger({
    eventStore,
    database,
    environment: { API_TOKENS: `read=${READ_TOKEN},app:access=${ACCESS_TOKEN}` },
  });
  store = connectEventStore(ledger.eventstoreUrl);
});
afterAll(async () => {
  await store.close();
  await ledger.stop();
  await Promise.all([eventStore.stop(), database.stop()]);
});

const revisions = new Map<string, number>();
/** Records a decision about a customer, padded by `bytes`. Resolves with its position. */
async function decide(customer: string, bytes = 0): Promise<string> {
  const revision = (revisions.get(customer) ?? -1) + 1;
  revisions.set(customer, revision);
  const decision: Decision = {
    customer,
    reference: null,
    revision,
    before: { granted: revision % 2 === 1, products: [], entitlements: [] },
    now: {
      granted: revision % 2 === 0,
      products: bytes === 0 ? [] : ['x'.repeat(bytes)],
      entitlements: [],
      until: null,
      reason: { rule: 'active' },
      isComplete: true,
      unseenSubscriptions: [],
    } as unknown as Decision['now'],
    because: { kind: 'time' },
    decidedAt: new Date().toISOString(),
  };
  const written = await record(store, decision, 'change');
  expect(written.kind).toBe('written');
  return String((written as { position: bigint }).position);
}
/** Does not check against docs/openapi.json, since these decisions have fewer fields than real ones. */
async function pageOf(query: string, token = ACCESS_TOKEN): Promise<Page> {
  const headers = { authorization: `Bearer ${token}` };
  return (await (await fetch(`${ledger.url}/v1/access-changes?${query}`, { headers })).json()) as Page;
}
const end = async (): Promise<string> => (await pageOf('limit=200')).nextAfter ?? '0';
const ownOf = ({ data }: Page, customer: string): number[] =>
  data.flatMap((change) => (change.customer === customer ? [change.revision] : []));

describe('pages of the feed', () => {
  it('hold every change once, whatever their size, and continue after the last', async () => {
    const customer = randomId('cus');
    let after = await endOfAll();
    for (let count = 0; count < 7; count += 1) await decide(customer);
    const told: number[] = [];
    for (let pages = 0; told.length < 7 && pages < 50; pages += 1) {
      const page = await pageOf(`after=${after}&limit=2`);
      expect(page.data.length).toBeLessThanOrEqual(2);
      told.push(...ownOf(page, customer));
      after = String(page.nextAfter);
    }
    expect(told).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('refuse an invalid position, and clients without the scope', async () => {
    for (const after of ['abc', '-1', '1.5'])
      expect((await read(ledger.url, `/v1/access-changes?after=${after}`)).status).toBe(400);
    expect((await read(ledger.url, '/v1/access-changes?waitMs=30001')).status).toBe(400);
    expect((await read(ledger.url, '/v1/access-changes', 'no-token')).status).toBe(401);
    expect((await read(ledger.url, '/v1/access-changes/held', ACCESS_TOKEN)).status).toBe(403);
  });
});

/** The last position that the feed accepts as `after`. */
async function endOfAll(): Promise<string> {
  let after = await end();
  for (;;) {
    const { nextAfter, data } = await pageOf(`after=${after}&limit=200`);
    if (data.length === 0) return nextAfter ?? after;
    after = nextAfter ?? after;
  }
}

describe('a reader that waits', () => {
  it('is answered when a change comes, many at a time, and continues after it', async () => {
    const customer = randomId('cus');
    const after = await endOfAll();
    const waiting = Array.from({ length: 5 }, () => pageOf(`after=${after}&waitMs=30000`));
    await decide(customer);
    for (const page of await Promise.all(waiting)) {
      expect(ownOf(page, customer)).toEqual([0]);
      expect(page.nextAfter).toBe(page.data.at(-1)?.position);
    }
    const next = pageOf(`after=${await endOfAll()}&waitMs=30000`);
    await decide(customer);
    expect(ownOf(await next, customer)).toEqual([1]);
  });

  it('gets an empty page when its time is over, and loses no change by it', async () => {
    const customer = randomId('cus');
    const page = await pageOf(`after=${await endOfAll()}&waitMs=100`);
    await decide(customer);
    expect(ownOf(page, customer)).toEqual([]);
    expect(ownOf(await pageOf(`after=${page.nextAfter ?? ''}&limit=200`), customer)).toEqual([0]);
  });

  it('that leaves gives its place back', async () => {
    const after = await endOfAll();
    // More requests than one token may have open at a time.
    for (let round = 0; round < 3; round += 1) {
      const leaving = new AbortController();
      const headers = { authorization: `Bearer ${ACCESS_TOKEN}` };
      const asked = Array.from({ length: 20 }, () =>
        fetch(`${ledger.url}/v1/access-changes?after=${after}&waitMs=30000`, { headers, signal: leaving.signal }).then(
          ({ status }) => status,
          () => 0,
        ),
      );
      await pageOf(`after=${after}&waitMs=50`);
      leaving.abort();
      expect(new Set(await Promise.all(asked))).toEqual(new Set([0]));
    }
    const page = await until('there is a place', async () => {
      const answer = await pageOf(`after=${after}&waitMs=10`);
      return Array.isArray(answer.data);
    });
    expect(page).toBe(true);
  });
});

describe('a reader that follows', () => {
  const follow = (headers: Record<string, string> = {}) => connectLive(ledger.url, '/v1/access-changes/live', headers);
  const positionsOf = (events: readonly { data: Record<string, unknown> }[], customer: string): unknown[] =>
    events.flatMap(({ data }) => (data['customer'] === customer ? [data['revision']] : []));

  it('receives each change, and after a cut continues with what it has missed', async () => {
    const customer = randomId('cus');
    const first = await follow();
    const position = await decide(customer);
    const told = await first.told('the first change', ({ data }) => data['customer'] === customer);
    expect([told.event, told.id]).toEqual(['customer.access_changed', position]);
    first.close();
    await decide(customer);
    await decide(customer);
    const second = await follow({ 'last-event-id': told.id });
    await decide(customer);
    await second.told('the last change', ({ data }) => data['customer'] === customer && data['revision'] === 3);
    expect(positionsOf(second.events, customer)).toEqual([1, 2, 3]);
    second.close();
  });

  it('is answered by a problem when Last-Event-ID is none', async () => {
    for (const id of ['abc', '-5', '9'.repeat(30)]) expect((await follow({ 'last-event-id': id })).status).toBe(400);
  });

  it('that does not read delays no one, is sent no more than it accepts, and receives everything once it reads', async () => {
    const customer = randomId('cus');
    const slow = request(`${ledger.url}/v1/access-changes/live`, {
      headers: { authorization: `Bearer ${READ_TOKEN}` },
      agent: false,
    });
    slow.end();
    const [response] = (await once(slow, 'response')) as [IncomingMessage];
    response.pause();
    const quick = await follow();
    // More than the buffers of two sockets hold.
    const count = 40;
    for (let change = 0; change < count; change += 1) await decide(customer, 200_000);
    await quick.told('the last change', ({ data }) => data['customer'] === customer && data['revision'] === count - 1);
    quick.close();
    expect(response.socket.bytesRead).toBeLessThan(count * 200_000);
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    response.resume();
    await until('the slow one has all', async () => text.includes(`"revision":${count - 1},`));
    const revisionsTold = [...text.matchAll(/"revision":(\d+)/g)].map(([, revision]) => Number(revision));
    expect(revisionsTold).toEqual(Array.from({ length: count }, (_, revision) => revision));
    slow.destroy();
  });
});
