import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import type { LoggerService } from '@nestjs/common';
import { DeliveryLines } from '../../src/webhook/delivery-lines.js';
import { textOf } from '../../src/webhook/sender.js';
import { RepeatedLines } from '../../src/webhook/repeated-lines.js';
import { deliver, READ_TOKEN, signatureOf } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { metricsOf, outcomesOf, responsesOf } from '../support/metrics.js';
import { RawConnection } from '../support/raw-connection.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

/* What is refused is counted and logged, by whichever layer it was refused. */
const lines: { level: 'warn' | 'error'; text: string }[] = [];
const keep =
  (level: 'warn' | 'error') =>
  (...parts: unknown[]) =>
    void lines.push({ level, text: parts.map(String).join(' ') });
const logger: LoggerService = { log: () => undefined, warn: keep('warn'), error: keep('error') };

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger({ logger });
  await until('reads are ready', async () => (await fetch(`${ledger.url}/health/ready/reads`)).status === 200);
});
afterAll(() => ledger.stop());
beforeEach(() => {
  lines.length = 0;
});

const padded = (bytes: number) => JSON.stringify({ ...subscriptionEvent(randomId('sub')), padding: 'x'.repeat(bytes) });
const event = () => JSON.stringify(subscriptionEvent(randomId('sub')));
const roomForMetadata = () => 1_048_576 - Buffer.byteLength(padded(0)) - 100;
const longAgo = (body: string) => signatureOf(body, { timestamp: 1_700_000_000 });
const other = () => signatureOf('another body');
const authorization = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('a refused delivery is counted, and the log explains what to check', () => {
  it.each([
    ['a body beyond the limit', padded(1_048_576), undefined, 'over_limit', 'error', /APPEND_BYTES_MAX.*not checked/],
    ['a body that no append holds', padded(roomForMetadata()), undefined, 'too_large', 'error', /A customer.*APPEND/],
    ['no signature', event(), '', 'bad_signature', 'warn', /header is missing/],
    ['an old signature', event(), longAgo('x'), 'bad_signature', 'warn', /clock/],
    ['another signature', event(), other(), 'bad_signature', 'warn', /secret/],
    ['no JSON', '{', undefined, 'unreadable', 'warn', /not valid JSON/],
  ])('%s', async (_name, body, signature, outcome, level, text) => {
    const before = (await outcomesOf(ledger.url))[outcome] ?? 0;
    for (let sent = 0; sent < 20; sent += 1) expect((await deliver(ledger.url, body, signature)).status).not.toBe(200);
    expect((await outcomesOf(ledger.url))[outcome]).toBe(before + 20);
    const first = lines.filter((line) => !/ \(\d+ more in /.test(line.text));
    expect(first).toEqual([{ level, text: expect.stringMatching(text) }]);
    for (const line of lines) expect(line.text).not.toMatch(/whsec_|[0-9a-f]{64}/);
  });

  it('and every answer of the webhook is a delivery with an outcome', async () => {
    for (let sent = 0; sent < 3; sent += 1) await deliver(ledger.url, event());
    const metrics = await metricsOf(ledger.url);
    const sum = (start: string) =>
      [...metrics].reduce((total, [name, value]) => (name.startsWith(start) ? total + value : total), 0);
    const deliveries = sum('ledger_webhook_deliveries_total{');
    expect(deliveries).toBe(sum('ledger_http_responses_total{route="/webhooks/stripe"'));
    expect(deliveries).toBeGreaterThan(100);
  });
});

describe('the log records of a refused delivery', () => {
  const oneLine = () => lines.find((line) => !/ \(\d+ more in /.test(line.text))?.text;

  it('who sent it, when it was signed, which body it had, and which secrets were tried', async () => {
    const own = await startLedger({ logger });
    try {
      const body = event();
      await deliver(own.url, body, other());
      const sha = createHash('sha256').update(body).digest('hex').slice(0, 8);
      expect(oneLine()).toMatch(
        new RegExp(
          `No configured secret matches.* Tried: tests\\. \\(From 127\\.0\\.0\\.1, signed \\d s ago, body ${body.length} bytes with SHA-256 ${sha}…`,
        ),
      );
    } finally {
      await own.stop();
    }
  });

  it('how old an old signature is, though its body was not read', () => {
    const sender = { remoteAddress: '10.0.0.3', signature: 't=1700000000,v1=00', body: null };
    expect(textOf(sender, new Date(1_700_003_999_000))).toBe(' (From 10.0.0.3, signed 3,999 s ago.)');
    expect(textOf({ ...sender, signature: 'v1=00' }, new Date())).toContain('without a signing time');
  });

  it('of one in quarantine, its event and endpoint, and why', async () => {
    const own = await startLedger({ logger });
    try {
      const thin = { id: 'evt_thin', object: 'v2.core.event', type: 'v1.billing.meter.error_report_triggered' };
      expect(await deliver(own.url, JSON.stringify(thin))).toMatchObject({ body: { outcome: 'quarantined' } });
      expect(lines).toEqual([
        {
          level: 'warn',
          text: expect.stringMatching(
            /In quarantine, as quarantine-.*: v1\.billing\S+ .*endpoint "tests": it is a v2 event/,
          ),
        },
      ]);
    } finally {
      await own.stop();
    }
  });
});

describe('deliveries that are shown', () => {
  it('have a line each, and in a storm a count', () => {
    jest.useFakeTimers();
    try {
      const written: string[] = [];
      const shown = new DeliveryLines((text) => written.push(text));
      for (let sent = 0; sent < 12; sent += 1) shown.add('appended', () => `line ${sent}`);
      shown.add('duplicate', () => 'one more');
      expect(written.splice(0)).toEqual(Array.from({ length: 10 }, (_, at) => `line ${at}`));
      jest.advanceTimersByTime(1_000);
      expect(written.splice(0)).toEqual(['… and in the same second 2 appended, 1 duplicate']);
      shown.add('appended', () => 'the next');
      expect(written).toEqual(['the next']);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('answers are counted by route, method and status', () => {
  it.each([
    ['a guessed token', '/subscriptions/sub_1', 'guessed-0123456789', '/v1/subscriptions/:id', 401],
    ['a token without the scope', '/parked', READ_TOKEN, '/v1/parked', 403],
    ['an id that nobody knows', '/subscriptions/sub_none', READ_TOKEN, '/v1/subscriptions/:id', 404],
    ['a route that does not exist', '/admin', READ_TOKEN, 'none', 404],
    ['an address that cannot be read', '/subscriptions/%ff', READ_TOKEN, 'none', 400],
    ['a success', '/health/live', READ_TOKEN, '/health/live', 200],
  ])('%s', async (_name, path, token, route, status) => {
    const labels = `route="${route}",method="GET",status="${status}"`;
    const before = await responsesOf(ledger.url, labels);
    for (let asked = 0; asked < 3; asked += 1) await fetch(`${ledger.url}${path}`, authorization(token));
    expect(await responsesOf(ledger.url, labels)).toBe(before + 3);
  });

  it('with no address in a label', async () => {
    for (let asked = 0; asked < 50; asked += 1) await fetch(`${ledger.url}/${randomId('guess')}`);
    expect([...(await metricsOf(ledger.url)).keys()].filter((name) => name.includes('guess'))).toEqual([]);
  });
});

it('a delivery that comes while the service stops is answered 503, one in progress is accepted', async () => {
  const stopped = await startLedger();
  const connection = await RawConnection.open(stopped.url);
  const [first, second] = [event(), event()];
  const send = (body: string) => {
    const headers = { 'stripe-signature': signatureOf(body), 'content-length': Buffer.byteLength(body) };
    return connection.head('POST', '/webhooks/stripe', headers);
  };
  await send(first);
  await connection.send(first.slice(0, 10));
  expect((await fetch(`${stopped.url}/health/live`)).status).toBe(200);
  const stopping = stopped.stop();
  await connection.send(first.slice(10));
  await send(second);
  await connection.send(second);
  expect(await connection.answer()).toMatchObject({ status: 200, body: { outcome: 'appended' } });
  const refused = await connection.answer();
  expect(refused).toMatchObject({ status: 503, body: { code: 'stopping' } });
  expect(refused.headers.get('retry-after')).toBe('2');
  connection.destroy();
  await stopping;
});

describe('a line that repeats', () => {
  it('is written at once, then with the number of repetitions, and again at once after a quiet time', () => {
    jest.useFakeTimers();
    try {
      const repeated = new RepeatedLines(10_000);
      const written: string[] = [];
      const write = (key: string) => repeated.write(key, (more) => written.push(key + more));
      for (let times = 0; times < 5; times += 1) write('a');
      write('b');
      expect(written.splice(0)).toEqual(['a', 'b']);
      jest.advanceTimersByTime(10_000);
      expect(written.splice(0)).toEqual(['a (4 more in 10 s)']);
      write('a');
      jest.advanceTimersByTime(10_000);
      expect(written.splice(0)).toEqual(['a (1 more in 10 s)']);
      jest.advanceTimersByTime(10_000);
      write('a');
      expect(written.splice(0)).toEqual(['a']);
    } finally {
      jest.useRealTimers();
    }
  });
});
