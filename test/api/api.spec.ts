import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { ADMIN_TOKEN, deliver, read, READ_TOKEN } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { SHARES_STORE } from '../support/servers.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

type Page = { data: { id: string; status: string; customer: string }[]; nextCursor: string | null };
type History = {
  data: {
    number: number;
    stripeEventId: string;
    type: string;
    revision: string;
    changes: unknown;
    object: unknown;
    ambiguous: boolean;
  }[];
  nextAfter: number | null;
};
type Problem = { code: string; status: number; title: string; detail: string; type: string };

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());
const send = async (...events: unknown[]): Promise<string> => {
  let position = '';
  for (const event of events) ({ position } = (await deliver(ledger.url, JSON.stringify(event))).body);
  return position;
};

describe('GET /subscriptions/:id', () => {
  it('returns what was just written when asked for its position', async () => {
    const id = randomId('sub');
    const event = subscriptionEvent(id, { type: 'customer.subscription.created' });
    const position = await send(event);
    expect(await read(ledger.url, `/subscriptions/${id}?minPosition=${position}&waitMs=20000`)).toMatchObject({
      status: 200,
      body: {
        id,
        status: 'active',
        customer: `cus_of_${id}`,
        currency: 'eur',
        items: [
          {
            price: 'price_monthly',
            quantity: 1,
            unitAmountMinor: 1900,
            currency: 'eur',
            interval: 'month',
            intervalCount: 1,
          },
        ],
        periodEnd: '2026-02-01T00:00:00.000Z',
        pauseCollection: null,
        changedBy: {
          stripeEventId: event.id,
          type: 'customer.subscription.created',
          created: '2026-01-01T00:00:00.000Z',
          apiVersion: '2025-03-31.basil',
        },
      },
    });
  });

  it('answers within the limit that a position is not reached yet', async () => {
    const answer = await read<Problem>(ledger.url, '/subscriptions/sub_x?minPosition=9000000000000000000&waitMs=50');
    expect(answer).toMatchObject({ status: 503, body: { code: 'position_not_reached' } });
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('answers 404 as problem details for an unknown subscription', async () => {
    const answer = await read<Problem>(ledger.url, '/subscriptions/sub_unknown');
    expect(answer).toMatchObject({
      status: 404,
      body: { code: 'not_found', status: 404, type: 'urn:subscription-ledger:problem:not_found' },
    });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });
});

describe('GET /subscriptions/:id/events', () => {
  it('lists the events in logical order with what each changed, in any order of arrival', async () => {
    const id = randomId('sub');
    const created = subscriptionEvent(id, { type: 'customer.subscription.created', object: { status: 'incomplete' } });
    const active = subscriptionEvent(id, { created: START + 1, previous: { status: 'incomplete' } });
    const deleted = subscriptionEvent(id, {
      type: 'customer.subscription.deleted',
      created: START + 2,
      object: { status: 'canceled' },
    });
    await send(deleted, active, created);
    const { body } = await read<History>(ledger.url, `/subscriptions/${id}/events`);
    expect(body.nextAfter).toBeNull();
    expect(
      body.data.map(({ number, stripeEventId, revision, changes }) => ({ number, stripeEventId, revision, changes })),
    ).toEqual([
      { number: 1, stripeEventId: created.id, revision: '2', changes: null },
      {
        number: 2,
        stripeEventId: active.id,
        revision: '1',
        changes: [{ path: 'status', from: 'incomplete', to: 'active' }],
      },
      {
        number: 3,
        stripeEventId: deleted.id,
        revision: '0',
        changes: [{ path: 'status', from: 'active', to: 'canceled' }],
      },
    ]);
    expect(body.data[0]).toMatchObject({ object: { kind: 'subscription', id }, ambiguous: false });
  });

  it('comes in pages', async () => {
    const id = randomId('sub');
    await send(...[0, 1, 2].map((second) => subscriptionEvent(id, { created: START + second })));
    const first = await read<History>(ledger.url, `/subscriptions/${id}/events?limit=2`);
    expect(first.body.data.map(({ number }) => number)).toEqual([1, 2]);
    const second = await read<History>(ledger.url, `/subscriptions/${id}/events?limit=2&after=${first.body.nextAfter}`);
    expect(second.body).toMatchObject({ data: [{ number: 3 }], nextAfter: null });
  });
});

describe('lists of subscriptions', () => {
  it('are those of a customer, filtered by status, page after page without a gap', async () => {
    const customer = randomId('cus');
    const ids = Array.from({ length: 5 }, () => randomId('sub')).sort();
    const position = await send(
      ...ids.map((id, at) => subscriptionEvent(id, { object: { customer, status: at === 4 ? 'canceled' : 'active' } })),
    );
    const all: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { body: Page } = await read<Page>(
        ledger.url,
        `/customers/${customer}/subscriptions?limit=2&minPosition=${position}${cursor === null ? '' : `&cursor=${cursor}`}`,
      );
      expect(page.body.data.length).toBeLessThanOrEqual(2);
      all.push(...page.body.data.map(({ id }) => id));
      cursor = page.body.nextCursor;
    } while (cursor !== null);
    expect(all).toEqual(ids.reverse());
    const canceled = await read<Page>(ledger.url, `/subscriptions?customer=${customer}&status=canceled&livemode=false`);
    expect(canceled.body).toMatchObject({ data: [{ id: ids[0], status: 'canceled' }], nextCursor: null });
  });

  it.each(['limit=0', 'limit=many', 'minPosition=-1', 'livemode=perhaps'])(
    'refuse %s and explain what it should be',
    async (query) => {
      expect(await read<Problem>(ledger.url, `/subscriptions?${query}`)).toMatchObject({
        status: 400,
        body: { code: 'bad_query', detail: expect.stringContaining(query.split('=')[0] ?? '') },
      });
    },
  );
});

describe('the door', () => {
  it.each([
    '/subscriptions',
    '/subscriptions/sub_1',
    '/subscriptions/sub_1/events',
    '/customers/cus_1/subscriptions',
    '/projections',
    '/metrics',
  ])('%s wants a token', async (path) => {
    for (const authorization of ['', 'Bearer wrong', `Basic ${READ_TOKEN}`, `Bearer ${READ_TOKEN}x`]) {
      const response = await request(ledger.url).get(path).set('authorization', authorization);
      expect(response.status).toBe(401);
      expect(response.body).toMatchObject({ code: 'unauthenticated' });
      expect(response.headers['www-authenticate']).toBe('Bearer');
    }
  });

  it('lets a token with several scopes in', async () => {
    expect((await read(ledger.url, '/projections', ADMIN_TOKEN)).status).toBe(200);
  });

  it('does not let a token in that lacks the scope', async () => {
    const locked = await startLedger({ environment: { API_TOKENS: 'app:access=a-token-for-access-calls-only' } });
    try {
      expect(await read<Problem>(locked.url, '/subscriptions', 'a-token-for-access-calls-only')).toMatchObject({
        status: 403,
        body: { code: 'scope_missing' },
      });
    } finally {
      await locked.stop();
    }
  });
});

describe('operations', () => {
  it('has an index at the root, and explains where a token of a scope comes from', async () => {
    const index = (await (await fetch(ledger.url)).json()) as { reads: string[] };
    expect(index).toMatchObject({ name: 'subscription-ledger', webhook: '/webhooks/stripe' });
    for (const path of index.reads.filter((path) => path !== '/v1/access'))
      expect((await read(ledger.url, path)).status).toBe(200);
    expect(await read(ledger.url, '/v1/parked')).toMatchObject({
      status: 403,
      body: { detail: expect.stringMatching(/"adminToken" in secrets\.json/) },
    });
  });

  it('reports position and distance of each projection', async () => {
    const position = await send(subscriptionEvent(randomId('sub')));
    await read(ledger.url, `/subscriptions?minPosition=${position}`);
    const { body } = await read<{ data: unknown[] }>(ledger.url, '/projections');
    expect(body.data).toContainEqual({
      name: 'subscriptions',
      version: expect.any(Number),
      generation: 1,
      state: 'live',
      shown: true,
      moving: expect.any(Boolean),
      position: expect.stringMatching(/^\d+$/),
      logPosition: expect.stringMatching(/^\d+$/),
      caughtUp: expect.any(Boolean),
      behind: expect.stringMatching(/^\d+$/),
      lagSeconds: expect.any(Number),
      parkedStreams: SHARES_STORE ? expect.any(Number) : 0,
      derived: null,
    });
    expect(body.data).toContainEqual(
      expect.objectContaining({
        name: 'journal',
        shown: true,
        position: expect.stringMatching(/^\d+$/),
        derived: {
          standsOn: expect.arrayContaining([expect.stringMatching(/^invoices_v\d+_g\d+$/)]),
          policy: expect.any(String),
          behindKeys: expect.any(Number),
        },
      }),
    );
  });

  it('is live and ready without a token, and distinguishes intake from reads', async () => {
    expect((await request(ledger.url).get('/health/live')).status).toBe(200);
    const told = await request(ledger.url).get('/health/ready');
    expect(told.body).toMatchObject({ ready: true, intake: { ready: true }, reads: { ready: expect.any(Boolean) } });
    expect(await read(ledger.url, '/health/ready')).toMatchObject({
      status: 200,
      body: {
        roles: ['ingest', 'project', 'api'],
        intake: { ready: true, eventStore: 'ok' },
        reads: { postgres: 'ok' },
      },
    });
  });

  it('tells clients without a token only whether it is ready', async () => {
    const unreachable = { url: 'postgres://ledger:none@127.0.0.1:1/ledger', stop: async () => undefined };
    const away = await startLedger({ database: unreachable });
    for (const path of ['/health/ready', '/health/ready/reads']) {
      for (const authorization of ['', 'Bearer wrong']) {
        const { text } = await request(away.url).get(path).set('authorization', authorization);
        expect(text).not.toMatch(/127\.0\.0\.1|ECONNREFUSED|roles|parked|building|cause|postgres|v1_g1/);
      }
      expect((await read(away.url, path)).body).toMatchObject({
        roles: ['ingest', 'project', 'api'],
        reads: { postgres: 'does not answer' },
      });
    }
    await away.stop();
  });

  it('counts deliveries by outcome for Prometheus', async () => {
    await send(subscriptionEvent(randomId('sub')));
    const response = await request(ledger.url).get('/metrics').set('authorization', `Bearer ${READ_TOKEN}`);
    expect(response.text).toMatch(/ledger_webhook_deliveries_total\{outcome="appended"\} [1-9]/);
  });
});
