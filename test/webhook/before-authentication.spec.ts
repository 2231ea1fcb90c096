import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_TOKEN, deliver, signatureOf } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { metricsOf, outcomesOf, responsesOf } from '../support/metrics.js';
import { RawConnection } from '../support/raw-connection.js';
import { serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

/*
 * What a client without the signing secret can do to the real service on real sockets. A forged header is well-formed
 * and has the current time, so that only the body's signature can reveal it.
 */
const MEBIBYTE = 1_048_576;
const BUDGET = MEBIBYTE;

let eventStore: TestServer;
let database: TestServer;
let ledger: TestLedger;
let hasty: TestLedger;
beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), serviceDatabase()]);
  const start = (environment: Record<string, string>) => startLedger({ eventStore, database, environment });
  ledger = await start({ INTAKE_BODIES_BYTES_MAX: String(BUDGET), REQUEST_TIMEOUT_MS: '600000' });
  hasty = await start({ REQUEST_TIMEOUT_MS: '500', CONNECTIONS_MAX: '8' });
});
const connections: RawConnection[] = [];
afterEach(() => connections.splice(0).forEach((connection) => connection.destroy()));
afterAll(async () => {
  await Promise.all([ledger.stop(), hasty.stop()]);
  await Promise.all([eventStore.stop(), database.stop()]);
});

async function open({ url }: TestLedger): Promise<RawConnection> {
  const connection = await RawConnection.open(url);
  connections.push(connection);
  return connection;
}
const forged = (): string => signatureOf('another body', { secret: 'whsec_none0of0this0service0at0all000' });
const webhook = (connection: RawConnection, headers: Readonly<Record<string, string | number>>) =>
  connection.head('POST', '/webhooks/stripe', { 'stripe-signature': forged(), ...headers });
const held = async ({ url }: TestLedger) => (await metricsOf(url)).get('ledger_http_body_bytes') ?? NaN;
const event = () => JSON.stringify(subscriptionEvent(randomId('sub')));

describe('before its body is read, a delivery is refused', () => {
  it.each([
    ['without a signature', { 'stripe-signature': '' }, 400, 'signature_no_signature'],
    ['with a signature of long ago', { 'stripe-signature': `t=1,v1=${'0'.repeat(64)}` }, 400, 'signature_clock'],
    ['that no append can hold', { 'content-length': MEBIBYTE + 1 }, 413, 'body_too_large'],
  ])('%s', async (_name, headers, status, code) => {
    const connection = await open(ledger);
    await webhook(connection, { 'content-length': MEBIBYTE, ...headers });
    const answer = await connection.answer();
    expect(answer).toMatchObject({ status, body: { code, status } });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.headers.get('connection')).toBe('close');
    await connection.closed();
  });

  it('and a client that sends all of it before it reads sees the answer, rather than a broken connection', async () => {
    const refused = [
      ['signature_no_signature', { 'stripe-signature': '' }],
      ['body_too_large', {}],
    ] as const;
    for (const [code, headers] of refused) {
      const connection = await open(ledger);
      connection.pause();
      await webhook(connection, { 'content-length': 8 * MEBIBYTE, ...headers });
      for (let sent = 0; sent < 128; sent += 1) await connection.send(Buffer.alloc(MEBIBYTE / 16));
      connection.resume();
      expect((await connection.answer()).body.code).toBe(code);
      await connection.closed();
      expect(connection.error).toBeUndefined();
    }
  });

  it('or as soon as a body of unknown length outgrows an append', async () => {
    const connection = await open(ledger);
    await webhook(connection, { 'transfer-encoding': 'chunked' });
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000), Buffer.from('\r\n')]);
    for (let sent = 0; sent < 17; sent += 1) await connection.send(chunk);
    expect(await connection.answer()).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
  });
});

describe('bodies under way', () => {
  it('hold no more than the budget, and those that are long under way make room for a delivery', async () => {
    const slow = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const connection = await open(ledger);
        await webhook(connection, { 'content-length': 100_000 });
        await connection.send(Buffer.alloc(50_000));
        return connection;
      }),
    );
    expect(await held(ledger)).toBeLessThanOrEqual(BUDGET);
    const refused = await Promise.race(slow.map((connection) => connection.answer()));
    expect(refused).toMatchObject({ status: 503, body: { code: 'overloaded' } });
    expect(refused.headers.get('retry-after')).toBe('1');
    const large = JSON.stringify({ ...subscriptionEvent(randomId('sub')), padding: 'x'.repeat(900_000) });
    await until('a large delivery is taken', async () => (await deliver(ledger.url, large)).status === 200);
    expect(await held(ledger)).toBeLessThanOrEqual(BUDGET);
  });

  it('hold what was sent, not what a header promises', async () => {
    const before = await held(ledger);
    for (let promised = 0; promised < 50; promised += 1) {
      const connection = await open(ledger);
      await webhook(connection, { 'content-length': MEBIBYTE });
      await connection.send('{');
    }
    expect(await deliver(ledger.url, event())).toMatchObject({ status: 200 });
    expect((await held(ledger)) - before).toBeLessThanOrEqual(100);
  });

  it('hold little more than their bytes when they come one by one', async () => {
    const connection = await open(ledger);
    await webhook(connection, { 'transfer-encoding': 'chunked' });
    await connection.send('1\r\nx\r\n'.repeat(20_000));
    const bytes = await until('they have come', async () =>
      (await held(ledger)) >= 20_000 ? held(ledger) : undefined,
    );
    expect(bytes).toBeLessThan(80_000);
  });

  it('are let go when their clients go', async () => {
    await until('the others are gone', async () => (await held(ledger)) === 0);
    const { incomplete = 0 } = await outcomesOf(ledger.url);
    const connection = await open(ledger);
    await webhook(connection, { 'content-length': 100_000 });
    await connection.send(Buffer.alloc(50_000));
    await until('some bytes are held', async () => (await held(ledger)) > 0);
    connection.destroy();
    await until('they are let go', async () => (await held(ledger)) === 0);
    expect(await outcomesOf(ledger.url)).toMatchObject({ incomplete: incomplete + 1 });
  });
});

describe('what does not come in time is cut off with 408', () => {
  it('a body', async () => {
    const connection = await open(hasty);
    await webhook(connection, { 'content-length': 100 });
    await connection.send('{');
    const answer = await connection.answer();
    expect(answer).toMatchObject({ status: 408, body: { code: 'request_timeout' } });
    expect(answer.headers.get('connection')).toBe('close');
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    await connection.closed();
    expect(await outcomesOf(hasty.url)).toMatchObject({ timeout: 1 });
    expect(await responsesOf(hasty.url, 'route="/webhooks/stripe",method="POST",status="408"')).toBe(1);
  });

  it('a body that comes byte by byte', async () => {
    const connection = await open(hasty);
    await webhook(connection, { 'content-length': 100_000 });
    const answered = until('an answer', async () => {
      await connection.send('x');
      return connection.isClosed;
    });
    expect(await connection.answer()).toMatchObject({ status: 408 });
    await answered;
  });

  it('headers', async () => {
    const connection = await open(hasty);
    await connection.send('POST /webhooks/stripe HTTP/1.1\r\nhost: ledger\r\n');
    const answer = await connection.answer();
    expect(answer).toMatchObject({ status: 408, body: { code: 'request_timeout' } });
    expect(answer.headers.get('connection')).toBe('close');
    await connection.closed();
  });
});

describe('what is no HTTP is answered with a problem, and the connection closed', () => {
  it.each([
    ['garbage', 'garbage\r\n\r\n', 400, 'malformed_request'],
    ['two lengths', 'POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', 400, 'malformed_request'],
    ['headers without end', `GET / HTTP/1.1\r\nhost: l\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ])('%s', async (_name, text, status, code) => {
    const connection = await open(ledger);
    await connection.send(text);
    const answer = await connection.answer();
    expect(answer).toMatchObject({ status, body: { status, code } });
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.headers.get('connection')).toBe('close');
    await connection.closed();
    expect(await responsesOf(ledger.url, `route="none",method="none",status="${status}"`)).toBeGreaterThan(0);
  });

  it('a broken chunk in a body', async () => {
    const connection = await open(ledger);
    await webhook(connection, { 'transfer-encoding': 'chunked' });
    await connection.send('5\r\nhello\r\nnonsense\r\n');
    expect(await connection.answer()).toMatchObject({ status: 400, body: { code: 'malformed_request' } });
    await connection.closed();
  });
});

describe('a body for any other route is never held', () => {
  it.each([
    ['POST', '/parked/replay', 401],
    ['POST', '/parked/subscriptions/subscription-sub_1/replay', 401],
    ['POST', '/nowhere', 404],
    ['POST', '/%ff', 400],
    ['POST', `/parked/x/${'y'.repeat(700)}/replay`, 414],
    ['PUT', '/webhooks/stripe', 404],
    ['GET', '/webhooks/stripe', 404],
    ['GET', '/health/live', 200],
  ])('%s %s', async (method, path, status) => {
    const connection = await open(ledger);
    await connection.head(method, path, { 'content-length': 64 * MEBIBYTE, 'content-type': 'application/json' });
    await connection.send(Buffer.alloc(300_000));
    const answer = await connection.answer();
    expect(answer.status).toBe(status);
    expect(answer.headers.get('connection')).toBe('close');
    expect(await held(ledger)).toBe(0);
    await connection.closed();
  });

  it('and a small one does no harm', async () => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' };
    const answer = await fetch(`${ledger.url}/parked/replay`, { method: 'POST', headers, body: '{}' });
    expect(answer.status).toBe(202);
  });
});

it('a signed delivery is accepted whatever its content type', async () => {
  for (const type of ['', 'text', 'application/x-www-form-urlencoded', '?;=', 'application/json; charset="']) {
    const body = event();
    const connection = await open(ledger);
    const length = { 'content-length': Buffer.byteLength(body) };
    await webhook(connection, { ...length, 'stripe-signature': signatureOf(body), 'content-type': type });
    await connection.send(body);
    expect(await connection.answer()).toMatchObject({ status: 200, body: { outcome: 'appended' } });
  }
});

it.each([
  ['no host', 'GET /health/live HTTP/1.1\r\n\r\n', 400, 'malformed_request'],
  ['an expectation that nobody knows', 'GET /none HTTP/1.1\r\nhost: ledger\r\nexpect: more\r\n\r\n', 404, 'not_found'],
])('a request with %s is answered as any other', async (_name, text, status, code) => {
  const connection = await open(ledger);
  await connection.send(text);
  const answer = await connection.answer();
  expect(answer).toMatchObject({ status, body: { code } });
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

it('connections beyond the limit are closed at once, and counted', async () => {
  const opened = await Promise.all(Array.from({ length: 20 }, () => open(hasty)));
  await until('some are closed', async () => opened.filter(({ isClosed }) => isClosed).length >= 12);
  opened.forEach((connection) => connection.destroy());
  const metrics = await until('there is room again', () => metricsOf(hasty.url).catch(() => null));
  expect(metrics.get('ledger_http_connections_dropped_total')).toBeGreaterThanOrEqual(12);
});
