import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Agent, request } from 'node:http';
import { ADMIN_TOKEN, deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';

type Answer = Readonly<{ status: number; code: string | undefined; detail: string | undefined }>;

let ledger: TestLedger;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });
beforeAll(async () => {
  ledger = await startLedger();
  const { body } = await deliver(ledger.url, JSON.stringify(subscriptionEvent(randomId('sub'))));
  await read(ledger.url, `/subscriptions?minPosition=${body.position}&waitMs=20000`);
});
afterAll(async () => {
  agent.destroy();
  await ledger.stop();
});

/** Uses node:http, which sends a path unchanged. */
const ask = (path: string, method = 'GET'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(ledger.url);
    const outgoing = request(
      { port, host: '127.0.0.1', path, method, agent, headers: { authorization: `Bearer ${ADMIN_TOKEN}` } },
      (incoming) => {
        let body = '';
        incoming
          .setEncoding('utf8')
          .on('data', (chunk: string) => {
            body += chunk;
            // Live updates do not end by themselves.
            if (incoming.headers['content-type']?.includes('event-stream') === true) incoming.destroy();
          })
          .on('close', () => {
            const problem =
              method !== 'HEAD' && incoming.headers['content-type']?.includes('problem+json') === true
                ? (JSON.parse(body) as { code: string; detail: string })
                : undefined;
            resolve({ status: incoming.statusCode ?? 0, code: problem?.code, detail: problem?.detail });
          });
      },
    );
    outgoing.on('error', reject).end();
  });

const base64url = (text: string): string => Buffer.from(text).toString('base64url');
const LISTS = [
  '/subscriptions',
  '/invoices',
  '/payments',
  '/refunds',
  '/disputes',
  '/customers',
  '/churn-risk',
  '/parked',
];
const OBJECTS = [
  '/subscriptions/ID',
  '/subscriptions/ID/events',
  '/subscriptions/ID/live',
  '/customers/ID',
  '/customers/ID/live',
  '/customers/ID/access',
  '/customers/ID/invoices',
  '/customers/ID/subscriptions',
  '/invoices/ID',
  '/payments/ID',
  '/refunds/ID',
  '/disputes/ID',
  '/parked/ID/ID',
  '/parked/subscriptions/ID',
];
const TIMES = [
  '0000-01-01T00:00:00Z',
  '-000001-01-01T00:00:00Z',
  '1969-12-31T23:59:59Z',
  '9999-12-31T23:59:59-23:59',
  `2026-01-01T00:00:00.${'9'.repeat(300)}Z`,
  '2026-02-30T00:00:00Z',
  '2026-01-01T00:00:60Z',
  '2026-01-01',
  'now',
  'infinity',
];
const NUMBERS = ['0x10', '1e2', '1.0', '+5', ' 5', '5 ', '', '-1', '٣', '9'.repeat(30), 'NaN', 'Infinity', '0b11'];

describe('an odd parameter', () => {
  const REFUSED = [
    ...OBJECTS.map((path) => path.replaceAll('ID', 'a%00b')),
    ...['status', 'customer', 'product', 'price', 'account'].map((name) => `/subscriptions?${name}=a%00b`),
    ...['currency', 'customer'].map((name) => `/churn-risk?${name}=%00`),
    ...['email=%00', 'account=%00'].map((query) => `/customers?${query}`),
    ...LISTS.flatMap((list) => [
      `${list}?cursor=AA`,
      `${list}?cursor=${base64url('a\0b')}`,
      ...NUMBERS.map((limit) => `${list}?limit=${encodeURIComponent(limit)}`),
    ]),
    `/parked?cursor=${base64url(JSON.stringify(['a\0', 'b']))}`,
    `/parked?cursor=${base64url('["\\ud800","b"]')}`,
    `/parked?cursor=${base64url('[1]')}`,
    ...TIMES.flatMap((time) => [
      `/invoices?createdSince=${encodeURIComponent(time)}`,
      `/churn-risk?since=${encodeURIComponent(time)}`,
      `/subscriptions/sub_1?trueAt=${encodeURIComponent(time)}`,
    ]),
    ...NUMBERS.flatMap((number) => [
      `/subscriptions/sub_1?waitMs=${encodeURIComponent(number)}`,
      `/subscriptions/sub_1/events?after=${encodeURIComponent(number)}`,
      `/churn-risk?currency=eur&minAmountMinor=${encodeURIComponent(number)}`,
    ]),
    '/subscriptions?status=a&status=b',
    '/subscriptions?__proto__=a',
    '/parked?nothing=there',
  ];

  it.each(REFUSED)('is refused with an explanation of what it should be: %j', async (path) => {
    const answer = await ask(path);
    expect(answer).toEqual({ status: 400, code: 'bad_query', detail: expect.stringMatching(/^\w[\w.]*: \S/) });
    // The library's messages speak of types, which mean nothing in a URL.
    expect(answer.detail).not.toMatch(/Invalid|Unrecognized|received/);
  });

  it.each([
    ['/invoices?limit=1&limit=2', 'limit: must be one value, not several'],
    ['/parked?nothing=there', 'nothing: is unknown here'],
    ['/subscriptions?livemode=maybe', 'livemode: must be one of true, false'],
    ['/closings/june', 'month: must be a month like 2026-01, from 1970 to 9998'],
    ['/find', 'q: is required'],
  ])('is refused in plain words: %s', async (path, detail) => {
    expect((await ask(path)).detail).toBe(detail);
  });

  it.each([
    '2026-01-01T00:00:00+23:59',
    '1970-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '2026-01-01T00:00:00.123456Z',
  ])('is none when it is a time like any other: %s', async (time) => {
    for (const path of ['/invoices?createdUntil=', '/churn-risk?until='])
      expect(await ask(`${path}${encodeURIComponent(time)}`)).toMatchObject({ status: 200 });
    expect(await ask(`/subscriptions/sub_none?trueAt=${encodeURIComponent(time)}`)).toMatchObject({ status: 404 });
  });

  it('never makes the service fail, wherever it is', async () => {
    const odd = fc.oneof(
      fc.constantFrom(
        '%00',
        '%ED%A0%80',
        '%F0%9F%98%80',
        '%FF',
        '%',
        '%zz',
        '%25',
        '..',
        '%2F',
        '',
        '%0A',
        '%22',
        '{}',
        '[]',
        "'--",
        '$1',
        'null',
        'true',
        'constructor',
        '__proto__',
        ...NUMBERS.map(encodeURIComponent),
        ...TIMES.map(encodeURIComponent),
      ),
      fc.string({ unit: 'binary', maxLength: 30 }).map((text) => encodeURIComponent(Buffer.from(text).toString())),
      fc.string({ unit: 'binary', maxLength: 30 }).map((text) => base64url(text)),
      fc.integer({ min: 200, max: 700 }).map((length) => 'x'.repeat(length)),
      fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
    );
    const name = fc.constantFrom(
      'cursor',
      'limit',
      'after',
      'status',
      'customer',
      'product',
      'price',
      'account',
      'livemode',
      'email',
      'createdSince',
      'createdUntil',
      'since',
      'until',
      'currency',
      'minAmountMinor',
      'include',
      'trueAt',
      'knownAt',
      'revision',
      'projection',
      'entitlement',
      'invoice',
      'subscription',
      'charge',
      'paymentIntent',
      'a%00',
    );
    const query = fc
      .array(fc.tuple(name, odd), { maxLength: 3 })
      .map((pairs) => pairs.map(([key, value]) => `&${key}=${value}`).join(''));
    const path = fc
      .tuple(fc.constantFrom(...LISTS, ...OBJECTS, '/projections', '/health/ready', '/metrics', '/nothing'), odd)
      .map(([route, id]) => route.replaceAll('ID', () => id));
    await fc.assert(
      fc.asyncProperty(path, query, fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE'), async (where, what, method) => {
        const { status, code } = await ask(`${where}?waitMs=0${what}`, method);
        expect({ where, what, method, status, code, isFine: status < 500 }).toMatchObject({ isFine: true });
      }),
      { numRuns: 500 },
    );
  }, 120_000);
});
