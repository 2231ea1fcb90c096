import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'node:http';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { ADMIN_TOKEN, deliver, read, READ_TOKEN } from '../support/delivery.js';
import { appendedEvent } from '../support/log.js';
import { RawConnection } from '../support/raw-connection.js';
import { serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

/** One token's default limits, from `src/api/limits.ts` and `docs/http-api.md`. */
const WAITS_PER_TOKEN = 500;
const LIVE_MAX = 60;
const OTHER_TOKEN = 'another-token-that-may-read';
const EVENTS = 1_500;

let eventStore: TestServer;
let database: TestServer;
let service: ServiceProcess;
let sub: string;
let position: string;
const agent = new Agent({ maxSockets: Infinity });

beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), serviceDatabase()]);
  const tokens = `read=${READ_TOKEN},read=${OTHER_TOKEN},read+admin=${ADMIN_TOKEN}`;
  service = await startServiceProcess(
    { eventstoreUrl: eventStore.url, databaseUrl: database.url },
    { API_TOKENS: tokens, LIVE_READERS_MAX: String(LIVE_MAX) },
  );
  sub = randomId('sub');
  const store = connectEventStore(eventStore.url);
  const events = Array.from({ length: EVENTS }, (_, at) =>
    appendedEvent(subscriptionEvent(sub, { created: START + at })),
  );
  for (let from = 0; from < EVENTS; from += 300)
    await store.appends.appendToStream(`subscription-${sub}`, events.slice(from, from + 300));
  await store.close();
  position = (await deliver(service.url, JSON.stringify(subscriptionEvent(sub, { created: START + EVENTS })))).body
    .position;
  await until(
    'the read models are that far',
    async () => (await read(service.url, `/subscriptions/${sub}?minPosition=${position}&waitMs=5000`)).status === 200,
    60_000,
  );
}, 120_000);
afterAll(async () => {
  agent.destroy();
  await service.stop();
  await Promise.all([eventStore.stop(), database.stop()]);
});

type Reply = Readonly<{ status: number; code: string | undefined; retryAfter: string | undefined }>;
/** A request on a separate connection that can be aborted. */
type Call = Readonly<{ reply: Promise<Reply | 'left'>; leave: () => void }>;

function call(path: string, { token = READ_TOKEN, method = 'GET' } = {}): Call {
  const { port } = new URL(service.url);
  const outgoing = request({
    port,
    host: '127.0.0.1',
    path,
    method,
    agent,
    headers: { authorization: `Bearer ${token}` },
  });
  const reply = new Promise<Reply | 'left'>((resolve) => {
    outgoing.on('error', () => resolve('left'));
    outgoing.on('response', (incoming) => {
      const answer = { status: incoming.statusCode ?? 0, retryAfter: incoming.headers['retry-after'] };
      if (incoming.headers['content-type']?.includes('event-stream') === true)
        return resolve({ ...answer, code: undefined });
      let body = '';
      incoming
        .setEncoding('utf8')
        .on('data', (chunk: string) => {
          body += chunk;
        })
        .on('end', () =>
          resolve({ ...answer, code: answer.status < 400 ? undefined : (JSON.parse(body) as { code: string }).code }),
        );
    });
  });
  outgoing.end();
  return { reply, leave: () => outgoing.destroy() };
}

const calls = (count: number, path: string): Call[] => Array.from({ length: count }, () => call(path));
const leaveAll = (made: readonly Call[]): void => made.forEach(({ leave }) => leave());
const other = async (path: string): Promise<number> => (await read(service.url, path, OTHER_TOKEN)).status;

/** The number of replies of each kind. */
async function kindsOf(made: readonly Call[]): Promise<Record<string, number>> {
  const kinds: Record<string, number> = {};
  for (const reply of await Promise.all(made.map((one) => one.reply))) {
    const kind = reply === 'left' ? 'left' : `${reply.status} ${reply.code ?? ''}`.trim();
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}

async function metric(name: string): Promise<number> {
  const text = await (
    await fetch(`${service.url}/metrics`, { headers: { authorization: `Bearer ${OTHER_TOKEN}` } })
  ).text();
  return [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\d+)$`, 'gm'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  );
}

/** The acceptable replies to the token that sends too much. On a slow machine its turn may not come in time. */
const FAIR: readonly string[] = ['200', 'left', '429 too_many_requests', '503 read_models_busy', '503 past_busy'];
const WAIT_FOR_EVER = `minPosition=9000000000000000000&waitMs=30000`;
const PAST = (): string => `/subscriptions/${sub}?trueAt=2026-01-01T00:10:00Z`;

describe('one token', () => {
  it('that waits with all its share leaves places to others, and gives its own back when its clients leave', async () => {
    const waiting = calls(WAITS_PER_TOKEN + 20, `/subscriptions?${WAIT_FOR_EVER}`);
    const refused: (Reply | 'left')[] = [];
    for (const { reply } of waiting) void reply.then((one) => refused.push(one));
    await until('those beyond the share are refused', async () => refused.length === 20);
    expect(refused[0]).toEqual({ status: 429, code: 'too_many_requests', retryAfter: '1' });
    expect(await other(`/subscriptions/${sub}?minPosition=${position}`)).toBe(200);
    expect((await read(service.url, `/subscriptions/${sub}?minPosition=${position}`)).status).toBe(429);
    leaveAll(waiting);
    await until(
      'there are places again',
      async () => (await read(service.url, `/subscriptions/${sub}?minPosition=${position}`)).status === 200,
      5_000,
    );
    expect(await kindsOf(waiting)).toEqual({ left: WAITS_PER_TOKEN, '429 too_many_requests': 20 });
  });

  it('that waits with all its share on one connection gives it back when that closes', async () => {
    const connection = await RawConnection.open(service.url);
    const request = `GET /subscriptions?${WAIT_FOR_EVER} HTTP/1.1\r\nhost: ledger\r\nauthorization: Bearer ${READ_TOKEN}\r\n\r\n`;
    // The slots of the connections aborted by the previous test are released one by one, and each request holds one.
    await until(
      'all wait',
      async () => {
        await connection.send(request.repeat(WAITS_PER_TOKEN / 10));
        return (await read(service.url, `/subscriptions/${sub}?minPosition=${position}`)).status === 429;
      },
      5_000,
    );
    connection.destroy();
    // The first request alone would release one slot.
    const some = () =>
      Promise.all(
        Array.from({ length: 20 }, () => read(service.url, '/subscriptions?minPosition=9000000000000000000&waitMs=1')),
      );
    await until('there are places again', async () => (await some()).every(({ status }) => status === 503), 5_000);
  });

  it('that asks about the past over and over has one answer folded at a time, and none when it has left', async () => {
    const before = await metric('ledger_past_outcomes_total');
    const asking = calls(120, PAST());
    expect(await other(PAST())).toBe(200);
    leaveAll(asking);
    const kinds = await kindsOf(asking);
    expect(Object.keys(kinds).filter((kind) => !FAIR.includes(kind))).toEqual([]);
    expect(kinds['429 too_many_requests']).toBeGreaterThan(0);
    expect(await other(PAST())).toBe(200);
    // Two answers of the other token; of this one the answered requests, the one that was being folded when all were
    // aborted, and the one whose answer was in flight.
    expect((await metric('ledger_past_outcomes_total')) - before).toBeLessThanOrEqual(2 + (kinds['200'] ?? 0) + 2);
  });

  it('that lists over and over waits for itself', async () => {
    const listing = calls(400, '/subscriptions?limit=200');
    expect(await other('/subscriptions?limit=200')).toBe(200);
    const kinds = await kindsOf(listing);
    expect(Object.keys(kinds).filter((kind) => !FAIR.includes(kind))).toEqual([]);
    expect(kinds['200']).toBeGreaterThan(0);
  });

  it('that follows with all its share leaves connections to others', async () => {
    const following = calls(LIVE_MAX, `/subscriptions/${sub}/live`);
    expect(await kindsOf(following)).toEqual({ 200: LIVE_MAX / 2, '429 too_many_requests': LIVE_MAX / 2 });
    const one = call(`/subscriptions/${sub}/live`, { token: OTHER_TOKEN });
    expect(await one.reply).toMatchObject({ status: 200 });
    leaveAll([...following, one]);
    await until('all have left', async () => (await metric('ledger_live_readers')) === 0);
  });

  it('that asks for the head of live updates is answered at once, and follows nothing', async () => {
    const heads = Array.from({ length: LIVE_MAX }, () =>
      call(`/customers/cus_1/live?${WAIT_FOR_EVER}`, { method: 'HEAD' }),
    );
    expect(await kindsOf(heads)).toEqual({ 200: LIVE_MAX });
    expect(await metric('ledger_live_readers')).toBe(0);
  });

  it('that does all of it at once stops neither other tokens nor intake', async () => {
    const before = await metric('ledger_past_outcomes_total');
    const storm = [
      `/subscriptions?${WAIT_FOR_EVER}`,
      PAST(),
      `/subscriptions/${sub}/events?limit=1`,
      '/subscriptions?limit=200',
      '/payments?limit=200',
      `/subscriptions/${sub}/live`,
    ].flatMap((path) => calls(150, path));
    for (let round = 1; round <= 10; round += 1) {
      const id = randomId('sub');
      const delivered = await deliver(service.url, JSON.stringify(subscriptionEvent(id)));
      expect(delivered.status).toBe(200);
      expect(await other(`/subscriptions/${sub}?minPosition=${position}`)).toBe(200);
      expect(await other(`/customers/cus_of_${sub}`)).toBe(200);
      expect(await other(`/subscriptions/${sub}/events?limit=1`)).toBe(200);
    }
    leaveAll(storm);
    expect(Object.keys(await kindsOf(storm)).filter((kind) => !FAIR.includes(kind))).toEqual([]);
    // Everything was folded in threads, including these ten answers.
    expect((await metric('ledger_past_outcomes_total')) - before).toBeGreaterThanOrEqual(10);
  }, 60_000);
});
