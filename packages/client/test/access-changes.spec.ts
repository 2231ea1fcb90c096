/** Nothing that another sender or server puts in place of a ledger's change is reported as a change. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { createLedger, LedgerProblem, UnverifiedChange, verifyAccessChange, type AccessChange } from '../src/index.js';

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
const changeAt = (position: number, more: object = {}): AccessChange => ({
  ...({ id: `id-${position}`, type: 'customer.access_changed', position: String(position) } as const),
  ...{
    customer: 'cus_1',
    reference: null,
    revision: position,
    before: { granted: true, products: [], entitlements: [] },
  },
  now: { granted: false } as AccessChange['now'],
  because: { kind: 'time' },
  decidedAt: new Date().toISOString(),
  ...more,
});
const CHANGE = changeAt(1);

/** A request as the ledger sends it. */
function signed(body: string, { secret = SECRET, at = new Date(), id = CHANGE.id } = {}) {
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    },
  };
}
const BODY = JSON.stringify(CHANGE);
const { headers: HEADERS } = signed(BODY);
const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);

describe('verifyAccessChange', () => {
  it('returns what the ledger signed, from text or bytes, from headers of Node or of fetch', () => {
    for (const body of [BODY, Buffer.from(BODY), new TextEncoder().encode(BODY)])
      for (const headers of [HEADERS, new Headers(HEADERS)])
        expect(verifyAccessChange(body, headers, SECRET)).toEqual(CHANGE);
  });

  it('takes any of several secrets, and any of several signatures, while a secret is rolled', () => {
    expect(verifyAccessChange(BODY, HEADERS, [OTHER, SECRET])).toEqual(CHANGE);
    const both = `${signed(BODY, { secret: OTHER }).headers['webhook-signature']} ${HEADERS['webhook-signature']}`;
    expect(verifyAccessChange(BODY, { ...HEADERS, 'webhook-signature': both }, SECRET)).toEqual(CHANGE);
  });

  const granted = JSON.stringify({ ...CHANGE, now: { granted: true } });
  it.each([
    ['another secret', signed(BODY, { secret: OTHER })],
    ['another body', { body: granted, headers: HEADERS }],
    ['a body with a byte more', { body: `${BODY} `, headers: HEADERS }],
    ['bytes that are no UTF-8', { body: Buffer.from([0xff, 0xfe]), headers: HEADERS }],
    ['an old request', signed(BODY, { at: minutesAgo(6) })],
    ['a request of the future', signed(BODY, { at: minutesAgo(-6) })],
    ['another time than the signed one', { body: BODY, headers: { ...HEADERS, 'webhook-timestamp': '1' } }],
    ['another id than the signed one', { body: BODY, headers: { ...HEADERS, 'webhook-id': 'id-2' } }],
    ['an id that is signed but not the change', signed(BODY, { id: 'id-2' })],
    ['no headers', { body: BODY, headers: {} }],
    ['an empty signature', { body: BODY, headers: { ...HEADERS, 'webhook-signature': '' } }],
    ['a signature of another kind', { body: BODY, headers: { ...HEADERS, 'webhook-signature': 'v1a,AAAA' } }],
    ['a header that came twice', { body: BODY, headers: { ...HEADERS, 'webhook-id': [CHANGE.id, CHANGE.id] } }],
    ['nothing', signed('')],
    ['no JSON', signed('granted')],
    ['null', signed('null')],
    ['another type', signed(JSON.stringify({ ...CHANGE, type: 'customer.deleted' }))],
    ['a yes that is a text', signed(JSON.stringify({ ...CHANGE, now: { granted: 'true' } }))],
    ['no revision', signed(JSON.stringify({ ...CHANGE, revision: undefined }))],
    ['a revision that is a text', signed(JSON.stringify({ ...CHANGE, revision: '1' }))],
  ])('throws for %s', (_, { body, headers }) => {
    expect(() => verifyAccessChange(body, headers, SECRET)).toThrow(UnverifiedChange);
  });

  it.each([
    [undefined],
    [''],
    ['whsec_'],
    ['whsec_c2hvcnQ='],
    ['a secret that is long enough, but no base64'],
    [[]],
    [[SECRET, '']],
  ])('throws a TypeError for the secret %p, so that nothing is taken without one', (secret) => {
    expect(() => verifyAccessChange(BODY, HEADERS, secret as string)).toThrow(TypeError);
  });

  it('throws a TypeError for a body that is parsed already, and says what to do', () => {
    expect(() => verifyAccessChange(CHANGE as never, HEADERS, SECRET)).toThrow(/express\.raw/);
  });
});

describe('accessChanges', () => {
  let server: Server;
  let asked: string[] = [];
  let answers: RequestListener[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      // No further changes: it waits, as the ledger does.
      answers.shift()?.(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const page = (data: unknown, nextAfter: unknown): RequestListener => json(200, { data, nextAfter });
  const json =
    (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener =>
    (_, response) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  const problem = (status: number, code: string, headers?: Record<string, string>) =>
    json(status, { type: `urn:${code}`, title: code, status, detail: code, code }, headers);

  /** Follows the feed until it has yielded a number of changes, or has failed a number of times. */
  async function follow(from: RequestListener[], { after = null as string | null, changes = 1, failures = 1 } = {}) {
    [asked, answers] = [[], from];
    const { port } = server.address() as AddressInfo;
    const ledger = createLedger({ url: `http://127.0.0.1:${port}`, token: 'a-token', timeoutMs: 200 });
    const over = new AbortController();
    const told: string[] = [];
    const failed: string[] = [];
    const feed = ledger.accessChanges({
      after,
      signal: over.signal,
      waitMs: 10_000,
      failed: (error) => {
        if (failed.push(error.name) === failures) over.abort();
      },
    });
    for await (const { position } of feed) if (told.push(position) === changes) break;
    return { told, failed };
  }

  it('tells each change in its order, page after page, and goes on after the last', async () => {
    const pages = [page([changeAt(3), changeAt(5)], '5'), page([], '9'), page([changeAt(12)], '12')];
    expect(await follow(pages, { after: '2', changes: 3 })).toEqual({ told: ['3', '5', '12'], failed: [] });
    expect(asked.map((url) => new URL(url, 'http://x').searchParams.get('after'))).toEqual(['2', '5', '9']);
  });

  it('waits longer than the time limit of a question when it asked the ledger to wait', async () => {
    const late: RequestListener = (request, response) =>
      void setTimeout(() => page([changeAt(1)], '1')(request, response), 400);
    expect(await follow([late])).toEqual({ told: ['1'], failed: [] });
  });

  it.each([
    ['a page of HTML', ((_, response) => response.end('<html>')) as RequestListener],
    ['no object', json(200, true)],
    ['no list', page({}, '4')],
    ['no place', page([changeAt(4)], undefined)],
    ['the place null where there was one', page([], null)],
    ['a place of before', page([changeAt(1)], '1')],
    ['a change without a yes or no', page([changeAt(4), changeAt(5, { now: {} })], '5')],
    ['a failure of something between', ((_, response) => response.writeHead(502).end()) as RequestListener],
    ['a cut connection', ((request) => request.socket.destroy()) as RequestListener],
    ['a redirect', ((_, response) => response.writeHead(302, { location: '/' }).end()) as RequestListener],
    ['that it is busy', problem(503, 'read_models_busy', { 'retry-after': '1' })],
  ])('tells nothing where %s is answered, and says so', async (_, answer) => {
    const { told, failed } = await follow([answer], { after: '3' });
    expect([told, failed.length]).toEqual([[], 1]);
  });

  it('asks again for the same after a failure', async () => {
    const answers = [page([changeAt(4, { now: {} })], '4'), page([changeAt(4)], '4')];
    expect(await follow(answers, { after: '3', failures: 2 })).toMatchObject({ told: ['4'] });
    expect(new Set(asked).size).toBe(1);
  });

  it.each([
    [401, 'unauthenticated'],
    [403, 'forbidden'],
    [400, 'bad_query'],
  ])('throws when the ledger refuses for good: %i', async (status, code) => {
    await expect(follow([problem(status, code)])).rejects.toMatchObject({ name: 'LedgerProblem', code });
    await expect(follow([problem(status, code)])).rejects.toBeInstanceOf(LedgerProblem);
  });

  it('does not take a place that is missing for none', () => {
    const ledger = createLedger({ url: 'http://127.0.0.1:1', token: 'a' });
    for (const after of [undefined, '', 'abc', '-1', 7])
      expect(() => ledger.accessChanges({ after: after as string })).toThrow(TypeError);
  });

  it('ends when the signal aborts, while it waits', async () => {
    [asked, answers] = [[], []];
    const over = new AbortController();
    const { port } = server.address() as AddressInfo;
    const ledger = createLedger({ url: `http://127.0.0.1:${port}`, token: 'a' });
    const next = ledger.accessChanges({ after: null, signal: over.signal }).next();
    await once(server, 'request');
    over.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });
});
