import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RunBudget } from '../../src/stripe-api/budget.js';
import { Rates } from '../../src/stripe-api/rates.js';
import type { Refusal } from '../../src/stripe-api/refusals.js';
import { resourceOf, type Resource } from '../../src/stripe-api/resources.js';
import { StripeApi, type RequestReport, type StripeApiOptions } from '../../src/stripe-api/stripe-api.js';

const KEY = 'rk_test_51secretsecretsecret';
const VERSION = '2026-03-25.dahlia';
const subscriptions = resourceOf('subscription') as Resource;

type Answer = Readonly<{ status?: number; body: string; headers?: Readonly<Record<string, string>>; cutAt?: number }>;
type Script = (request: IncomingMessage, count: number) => Answer;

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** A server with scripted answers, and a client for it. */
async function stripe(script: Script, options: Partial<StripeApiOptions> = {}) {
  const requests: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request);
    send(response, script(request, requests.length));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const reports: RequestReport[] = [];
  const api = new StripeApi({
    key: KEY,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    apiVersion: VERSION,
    rates: new Rates({ perSecond: 1_000 }),
    budget: new RunBudget(1_000),
    pauseMs: 1,
    triesMax: 3,
    onRequest: (report) => reports.push(report),
    ...options,
  });
  open.push(() => {
    api.close();
    server.close();
    server.closeAllConnections();
  });
  return { api, requests, reports };
}

function send(response: ServerResponse, { status = 200, body, headers = {}, cutAt }: Answer): void {
  const bytes = Buffer.from(body);
  response.sendDate = false;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    date: 'Sat, 28 Nov 2026 13:31:24 GMT',
    'request-id': 'req_1',
    'stripe-version': VERSION,
    ...headers,
  });
  if (cutAt === undefined) response.end(bytes);
  else response.write(bytes.subarray(0, cutAt), () => response.destroy());
}

const error = (fields: object): string => JSON.stringify({ error: { type: 'invalid_request_error', ...fields } });
const subscription = (id: string): string => `{ "id": "${id}", "object": "subscription",\n  "created": 1796038283 }`;
const list = (ids: readonly string[], hasMore: boolean): string =>
  `{"object":"list","url":"/v1/subscriptions","has_more":${hasMore},"data":[${ids.map(subscription).join(',')}]}`;

describe('an object', () => {
  it('is given byte for byte, with the seconds of Stripe’s clock', async () => {
    const body =
      '{\n  "id": "sub_1",\n  "object": "subscription", "created": 1, "tax": 1.0, "n": 12345678901234567890\n}';
    const { api, requests } = await stripe(() => ({ body }));
    const found = await api.retrieve(subscriptions, 'sub_1', { account: 'acct_9' });
    if (found.kind !== 'found') throw new Error(found.message);
    expect(found.item).toMatchObject({ id: 'sub_1', object: 'subscription', created: 1, deleted: false });
    expect(found.item.bytes.toString()).toBe(body);
    const second = Date.parse('2026-11-28T13:31:24Z') / 1_000;
    expect(found).toMatchObject({ answered: second, requestId: 'req_1', apiVersion: VERSION });
    // However long it took, the request cannot have begun after its answer.
    expect(found.asked).toBeLessThanOrEqual(second);
    const [request] = requests;
    expect(request?.url).toBe('/v1/subscriptions/sub_1');
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'stripe-account': 'acct_9',
      'stripe-version': VERSION,
    });
  });

  it('that was deleted is reported as such', async () => {
    const { api } = await stripe(() => ({ body: '{"id":"cus_1","object":"customer","deleted":true}' }));
    const found = await api.retrieve(resourceOf('customer') as Resource, 'cus_1');
    expect(found).toMatchObject({ kind: 'found', item: { deleted: true, created: null } });
  });

  it('is requested by an id that can name nothing else', async () => {
    const { api, requests } = await stripe(({ url }) => ({ status: 404, body: error({ message: String(url) }) }));
    for (const id of ['', '.', '..']) expect(await api.retrieve(subscriptions, id)).toMatchObject({ code: 'bad_id' });
    expect(requests).toHaveLength(0);
    await api.retrieve(subscriptions, '../customers?x=1#');
    expect(requests[0]?.url).toBe('/v1/subscriptions/..%2Fcustomers%3Fx%3D1%23');
  });

  it('that is another than was asked for is refused', async () => {
    const { api } = await stripe(() => ({ body: subscription('sub_2') }));
    expect(await api.retrieve(subscriptions, 'sub_1')).toMatchObject({ kind: 'refused', code: 'unreadable' });
  });
});

describe('a list', () => {
  it('comes page by page, in the range and with what the resource needs', async () => {
    const pagesOf = [list(['sub_4', 'sub_3'], true), list(['sub_2'], true), list([], false)];
    const { api, requests } = await stripe((_, count) => ({ body: pagesOf[count - 1] as string }));
    const ids: string[][] = [];
    const params = subscriptions.listings[0] ?? {};
    for await (const page of api.pages(subscriptions, { params, created: { gte: 5, lte: 9 }, limit: 2 }))
      ids.push(page.kind === 'page' ? page.items.map(({ id }) => id) : [page.message]);
    expect(ids).toEqual([['sub_4', 'sub_3'], ['sub_2'], []]);
    const queries = requests.map(({ url }) => Object.fromEntries(new URL(String(url), 'http://x').searchParams));
    const common = { status: 'all', limit: '2', 'created[gte]': '5', 'created[lte]': '9' };
    expect(queries).toEqual([common, { ...common, starting_after: 'sub_3' }, { ...common, starting_after: 'sub_2' }]);
  });

  it('that claims to have more, but returns no more, is refused: it would be read forever, or be taken for complete', async () => {
    for (const rest of [[], ['sub_1']]) {
      const { api, requests } = await stripe((_, count) => ({ body: list(count === 1 ? ['sub_1'] : rest, true) }));
      const kinds: string[] = [];
      for await (const page of api.pages(subscriptions)) kinds.push(page.kind === 'page' ? page.kind : page.message);
      expect(kinds).toEqual(['page', expect.stringContaining('the rest of /v1/subscriptions')]);
      expect(requests).toHaveLength(2);
    }
  });

  it('has the bytes of each object', async () => {
    const { api } = await stripe(() => ({ body: list(['sub_2', 'sub_1'], false) }));
    const page = await api.page(subscriptions);
    if (page.kind !== 'page') throw new Error(page.message);
    expect(page.items.map(({ bytes }) => bytes.toString())).toEqual([subscription('sub_2'), subscription('sub_1')]);
    expect(page.cursor).toBe('sub_1');
  });

  it('asks for the tiers of prices', async () => {
    const { api, requests } = await stripe(() => ({ body: list([], false) }));
    await api.page(resourceOf('price') as Resource);
    expect(new URL(String(requests[0]?.url), 'http://x').searchParams.get('expand[0]')).toBe('data.tiers');
  });

  it('of events passes each type, time and version', async () => {
    const event =
      '{"id":"evt_1","object":"event","api_version":"2020-08-27","created":7,"type":"invoice.paid","pending_webhooks":2}';
    const { api, requests } = await stripe(() => ({
      body: `{"object":"list","url":"/v1/events","has_more":false,"data":[${event}]}`,
    }));
    const pages = [];
    for await (const page of api.events({ created: { gte: 1 }, types: ['invoice.paid'] })) pages.push(page);
    expect(pages).toMatchObject([
      { kind: 'page', items: [{ type: 'invoice.paid', created: 7, apiVersion: '2020-08-27', pendingWebhooks: 2 }] },
    ]);
    expect(new URL(String(requests[0]?.url), 'http://x').searchParams.get('types[0]')).toBe('invoice.paid');
  });

  it.each([
    ['is no list', '{"object":"list"}'],
    ['holds no objects', '{"object":"list","has_more":false,"data":[1]}'],
    ['does not say whether it goes on', '{"object":"list","data":[]}'],
    ['is null', 'null'],
  ])('that %s is refused', async (_, body) => {
    const { api } = await stripe(() => ({ body }));
    expect(await api.page(subscriptions)).toMatchObject({ kind: 'refused', code: 'unreadable' });
  });
});

describe('what Stripe refuses', () => {
  const cases: readonly [string, Answer, Partial<Refusal>][] = [
    [
      'a key that is none',
      { status: 401, body: error({ message: `Invalid API Key provided: ${KEY}` }) },
      { kind: 'bad_key' },
    ],
    [
      'a right that the key lacks',
      {
        status: 403,
        body: error({
          message: `The provided key '${KEY}' does not have the required permissions for this endpoint on account 'acct_1'. Having the 'rak_subscription_read' permission would allow this request to continue.`,
        }),
      },
      { kind: 'denied', right: 'rak_subscription_read' },
    ],
    [
      'an account that ended the connection',
      { status: 403, body: error({ code: 'account_invalid', message: 'Application access may have been revoked.' }) },
      { kind: 'not_connected' },
    ],
    [
      'an object that is not there',
      { status: 404, body: error({ code: 'resource_missing', param: 'id', message: "No such subscription: 'sub_1'" }) },
      { kind: 'gone' },
    ],
    [
      'an object of the other mode, which is never called absent',
      {
        status: 404,
        body: error({
          code: 'resource_missing',
          message:
            "No such subscription: 'sub_1'; a similar object exists in live mode, but a test mode key was used to make this request.",
        }),
      },
      { kind: 'other_mode' },
    ],
    [
      'an address that the version does not have, which is never called absent',
      { status: 404, body: error({ message: 'Unrecognized request URL (GET: /v1/subscriptions/sub_1).' }) },
      { kind: 'not_available' },
    ],
    [
      'a cursor whose object is gone',
      { status: 400, body: error({ code: 'resource_missing', param: 'starting_after', message: 'No such' }) },
      { kind: 'cursor_gone' },
    ],
    [
      'a cursor that has aged out',
      { status: 400, body: error({ message: 'The event has aged out of our retention policy.' }) },
      { kind: 'cursor_gone' },
    ],
    [
      'a mistake in the request',
      { status: 400, body: error({ code: 'parameter_unknown', param: 'x', message: 'Received unknown parameter: x' }) },
      { kind: 'refused', status: 400, code: 'parameter_unknown', param: 'x' },
    ],
  ];

  it.each(cases)('is a value: %s', async (_, answer, refusal) => {
    const { api, requests, reports } = await stripe(() => answer);
    const refused = await api.retrieve(subscriptions, 'sub_1');
    expect(refused).toMatchObject(refusal);
    expect(JSON.stringify(refused)).not.toContain('secret');
    expect(requests).toHaveLength(1);
    expect(reports).toEqual([{ resource: 'subscription', outcome: refusal.kind, reason: null }]);
  });

  it('returns the answer for a missing object byte for byte', async () => {
    const body = `${error({ code: 'resource_missing', message: 'No such' })}  \n`;
    const { api } = await stripe(() => ({ status: 404, body }));
    const refused = await api.retrieve(subscriptions, 'sub_1');
    expect(refused.kind === 'gone' && refused.body.toString()).toBe(body);
  });
});

describe('a fault', () => {
  const fault: readonly [string, Answer, Partial<Refusal>][] = [
    [
      'of Stripe',
      { status: 500, body: error({ type: 'api_error', message: 'sorry' }) },
      { kind: 'away', cause: 'status' },
    ],
    ['of a proxy', { status: 502, body: '<html>bad gateway</html>' }, { kind: 'away', cause: 'cut' }],
    ['that says nothing', { status: 500, body: '{}' }, { kind: 'away', cause: 'cut' }],
    ['of the connection', { body: subscription('sub_1'), cutAt: 0 }, { kind: 'away', cause: 'connection' }],
    ['that cuts an answer', { body: subscription('sub_1'), cutAt: 20 }, { kind: 'away', cause: 'connection' }],
    [
      'that cuts an answer and its length',
      { body: subscription('sub_1').slice(0, 20) },
      { kind: 'away', cause: 'cut' },
    ],
    ['of a clock', { body: subscription('sub_1'), headers: { date: 'now' } }, { kind: 'away', cause: 'cut' }],
    [
      'of the rate',
      {
        status: 429,
        body: error({ message: 'Too many requests' }),
        headers: { 'stripe-rate-limited-reason': 'endpoint-rate', 'retry-after': '0' },
      },
      { kind: 'rate_limited', reason: 'endpoint-rate', retryAfterMs: 0 },
    ],
    [
      'of a lock',
      { status: 429, body: error({ code: 'lock_timeout', message: 'busy' }) },
      { kind: 'rate_limited', reason: 'lock_timeout' },
    ],
  ];
  /** Removes the pauses of seconds after a 429. */
  const impatient = (): Rates =>
    new Rates(
      { perSecond: 1_000 },
      {
        now: (() => {
          let now = 0;
          return () => (now += 100_000);
        })(),
        after: (_, call) => {
          const timer = setImmediate(call);
          return () => clearImmediate(timer);
        },
        random: () => 0,
      },
    );

  it.each(fault)('%s is retried, and reported when it persists', async (_, answer, refusal) => {
    const lasting = await stripe(() => answer, { rates: impatient() });
    expect(await lasting.api.retrieve(subscriptions, 'sub_1')).toMatchObject(refusal);
    expect(lasting.requests).toHaveLength(3);
    const passing = await stripe((__, count) => (count < 3 ? answer : { body: subscription('sub_1') }), {
      rates: impatient(),
    });
    expect(await passing.api.retrieve(subscriptions, 'sub_1')).toMatchObject({ kind: 'found' });
    expect(passing.reports.map(({ outcome }) => outcome)).toEqual([refusal.kind, refusal.kind, 'answered']);
  });

  it('never makes it ask more than the budget', async () => {
    const { api, requests } = await stripe(() => ({ status: 500, body: '{}' }), {
      budget: new RunBudget(2),
      triesMax: 9,
    });
    expect(await api.retrieve(subscriptions, 'sub_1')).toMatchObject({ kind: 'over_budget', until: null });
    expect(requests).toHaveLength(2);
  });

  it('that is no answer at all ends with its time', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { api } = await stripe(() => ({ body: '' }), { url, timeoutMs: 20, triesMax: 1 });
    expect(await api.account()).toMatchObject({ kind: 'away', cause: 'timeout' });
    server.closeAllConnections();
    server.close();
  });

  it('is not waited for when it is stopped', async () => {
    const stop = new AbortController();
    const { api, requests } = await stripe(
      () => {
        setImmediate(() => stop.abort());
        return { status: 500, body: '{}' };
      },
      { signal: stop.signal, pauseMs: 1_000_000 },
    );
    expect(await api.retrieve(subscriptions, 'sub_1')).toMatchObject({ kind: 'stopped' });
    expect(requests).toHaveLength(1);
  });
});

it('knows the account of its key', async () => {
  const { api } = await stripe(() => ({ body: '{"id":"acct_1","object":"account","created":12}' }));
  expect(await api.account()).toMatchObject({ kind: 'account', id: 'acct_1', created: 12 });
});
