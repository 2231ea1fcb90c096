import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { eventsOf } from '../support/log.js';
import { newIds, paidAndGivenBack } from '../support/paid-and-given-back.js';
import {
  BASIL,
  charge,
  entitlementSummary,
  invoice,
  OLD,
  paidInvoice,
  stripeEvent,
} from '../support/stripe-objects.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

type Body = Record<string, unknown>;

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
const send = async (event: unknown): Promise<string> =>
  (await deliver(ledger.url, JSON.stringify(event))).body.position;
const get = async <T = Body>(path: string): Promise<T & { status_: number }> => {
  const { status, body } = await read<T>(ledger.url, path);
  return { ...body, status_: status };
};
/** The live answer after each of these events, with its position. */
async function liveAfterEach(events: readonly unknown[], path: string): Promise<{ position: string; body: Body }[]> {
  const seen: { position: string; body: Body }[] = [];
  for (const event of events) {
    const position = await send(event);
    seen.push({ position, body: await get(`${path}?minPosition=${position}&waitMs=20000`) });
  }
  return seen;
}

/** A life that arrives out of order, its first event last. */
function life(sub: string, cus: string) {
  const created = subscriptionEvent(sub, {
    type: 'customer.subscription.created',
    object: { customer: cus, status: 'incomplete' },
  });
  const active = subscriptionEvent(sub, {
    created: START + 10,
    object: { customer: cus },
    previous: { status: 'incomplete' },
  });
  const overdue = subscriptionEvent(sub, {
    created: START + 20,
    object: { customer: cus, status: 'past_due' },
    previous: { status: 'active' },
  });
  const deleted = subscriptionEvent(sub, {
    type: 'customer.subscription.deleted',
    created: START + 30,
    object: { customer: cus, status: 'canceled' },
  });
  return { created, active, overdue, deleted, arrived: [active, deleted, overdue, created] };
}

describe('GET /subscriptions/:id as of a moment', () => {
  it('known then is the live answer of that time, by position, revision and time', async () => {
    const [sub, cus] = [randomId('sub'), randomId('cus')];
    const seen = await liveAfterEach(life(sub, cus).arrived, `/subscriptions/${sub}`);
    const recorded = await eventsOf(ledger.eventstoreUrl, `subscription-${sub}`);
    for (const [revision, { position, body }] of seen.entries()) {
      expect(await get(`/subscriptions/${sub}?knownAt=${position}`)).toEqual({
        ...body,
        asOf: { trueAt: null, knownAt: position, revision: null, position },
      });
      expect(await get(`/subscriptions/${sub}?revision=${revision}`)).toEqual({
        ...body,
        asOf: { trueAt: null, knownAt: null, revision: String(revision), position },
      });
      const { recordedAt } = recorded[revision] as (typeof recorded)[number];
      const lastThen = recorded.filter((event) => event.recordedAt <= recordedAt).length - 1;
      expect(await get(`/subscriptions/${sub}?knownAt=${recordedAt.toISOString()}`)).toMatchObject({
        ...seen[lastThen]?.body,
      });
    }
  });

  it('true then is what Stripe would have returned, though it was known later, and both axes combine', async () => {
    const [sub, cus] = [randomId('sub'), randomId('cus')];
    const { created, active, overdue, deleted, arrived } = life(sub, cus);
    const positions: string[] = [];
    for (const event of arrived) positions.push(await send(event));
    for (const [seconds, status, event] of [
      [9, 'incomplete', created],
      [10, 'active', active],
      [29, 'past_due', overdue],
      [3_600, 'canceled', deleted],
    ] as const) {
      expect(await get(`/subscriptions/${sub}?trueAt=${iso(START + seconds)}`)).toMatchObject({
        status,
        changedBy: { stripeEventId: event.id },
        asOf: { trueAt: iso(START + seconds) },
      });
    }
    expect(await get(`/subscriptions/${sub}?trueAt=${iso(START + 29)}&knownAt=${positions[1]}`)).toMatchObject({
      status: 'active',
    });
    expect(
      await get(
        `/subscriptions/${sub}?trueAt=${new Date().toISOString()}&knownAt=${positions[3]}&minPosition=${positions[3]}`,
      ),
    ).toMatchObject({ ...(await get(`/subscriptions/${sub}`)) });
  });

  it('distinguishes that nothing was known then from that nothing is known at all', async () => {
    const [sub, cus] = [randomId('sub'), randomId('cus')];
    const position = await send(life(sub, cus).active);
    for (const then of [`trueAt=${iso(START)}`, `knownAt=${BigInt(position) - 1n}`, 'knownAt=2020-01-01T00:00:00Z']) {
      expect(await get(`/subscriptions/${sub}?${then}`)).toMatchObject({ status_: 404, code: 'not_known_then' });
    }
    expect(await get(`/subscriptions/sub_unknown?trueAt=${iso(START)}`)).toMatchObject({
      status_: 404,
      code: 'not_found',
    });
  });

  it('names the event that cannot be read', async () => {
    const [sub, cus] = [randomId('sub'), randomId('cus')];
    await send(life(sub, cus).active);
    await send(subscriptionEvent(sub, { created: START + 86_400, object: { customer: null } }));
    expect(await get(`/subscriptions/${sub}?knownAt=${'9'.repeat(18)}`)).toMatchObject({
      status_: 422,
      code: 'past_unreadable',
      detail: expect.stringContaining(`subscription-${sub}@1`),
    });
    expect(await get(`/subscriptions/${sub}?revision=0`)).toMatchObject({ status: 'active' });
  });

  it.each(['trueAt=yesterday', 'knownAt=-1', 'knownAt=2026-01-01', 'revision=last', 'asof=1'])(
    'refuses %s and explains what it should be',
    async (query) => {
      expect(await get(`/subscriptions/sub_1?${query}`)).toMatchObject({
        status_: 400,
        code: 'bad_query',
        detail: expect.stringContaining(query.split('=')[0] ?? ''),
      });
    },
  );
});

/** A limit for hundreds of folded answers on a busy machine. */
const WITH_OTHERS_MS = 120_000;

describe('an invoice and its payment as of a moment', () => {
  it.each(
    [OLD, BASIL].flatMap((apiVersion) =>
      ['as they happened', 'in reverse'].map((arrival) => [apiVersion, arrival] as const),
    ),
  )(
    'known then are the live answers of that time, with related objects, of %s when the events come %s',
    async (apiVersion, arrival) => {
      const ids = newIds();
      const events = paidAndGivenBack(ids, apiVersion);
      const seen: { position: string; answers: Body[] }[] = [];
      const paths = [`/invoices/${ids.inv}`, `/payments/${ids.pi}`, `/payments/${ids.ch}`];
      for (const event of arrival === 'in reverse' ? events.toReversed() : events) {
        const position = await send(event);
        seen.push({
          position,
          answers: await Promise.all(paths.map((path) => get(`${path}?minPosition=${position}&waitMs=20000`))),
        });
      }
      for (const { position, answers } of seen) {
        const then = await Promise.all(paths.map((path) => get(`${path}?knownAt=${position}`)));
        for (const [at, answer] of answers.entries()) {
          if (answer['status_'] === 404) expect(then[at]).toMatchObject({ status_: 404, code: 'not_known_then' });
          else
            expect(then[at]).toEqual({
              ...answer,
              asOf: { trueAt: null, knownAt: position, revision: null, position: expect.any(String) },
            });
        }
      }
      expect(seen.flatMap(({ answers }) => answers.map(({ status_ }) => status_))).toContain(404);
      expect(seen.at(-1)?.answers.map(({ status_ }) => status_)).toEqual([200, 200, 200]);
    },
    WITH_OTHERS_MS,
  );

  it('true then are what Stripe would have returned, though it was known later, and both axes combine', async () => {
    const ids = newIds();
    const events = [
      stripeEvent(
        'invoice.finalized',
        invoice(ids.inv, BASIL, { customer: ids.cus, subscription: ids.sub, status: 'open' }),
        { after: -10 },
      ),
      ...paidAndGivenBack(ids, BASIL),
    ];
    const positions: string[] = [];
    for (const event of events.toReversed()) positions.push(await send(event));
    const known = `minPosition=${positions.at(-1)}&waitMs=20000`;
    expect(await get(`/invoices/${ids.inv}?trueAt=${iso(START - 1)}&${known}`)).toMatchObject({
      status: 'open',
      amountPaidMinor: 0,
      payments: [],
      asOf: { trueAt: iso(START - 1) },
    });
    expect(await get(`/invoices/${ids.inv}?trueAt=${iso(START)}`)).toMatchObject({
      status: 'paid',
      amountPaidMinor: 1900,
      payments: [],
    });
    expect(await get(`/invoices/${ids.inv}?trueAt=${iso(START + 30)}`)).toMatchObject({
      status: 'paid',
      payments: [{ id: ids.pi, charges: [{ id: ids.ch }], refunds: [], disputes: [] }],
    });
    // The charge itself is not known by then; its intent names it.
    expect(await get(`/payments/${ids.ch}?trueAt=${iso(START + 19)}`)).toMatchObject({ id: ids.pi, charges: [] });
    expect(await get(`/payments/${ids.ch}?trueAt=${iso(START + 9)}`)).toMatchObject({
      status_: 404,
      code: 'not_known_then',
    });
    expect(await get(`/payments/${ids.pi}?trueAt=${iso(START + 19)}`)).toMatchObject({
      status_: 200,
      id: ids.pi,
      charges: [],
      amountRefundedMinor: null,
      invoices: [],
    });
    expect(await get(`/payments/${ids.pi}?trueAt=${iso(START + 40)}`)).toMatchObject({
      refunds: [{ id: ids.re, creditNotes: [] }],
      disputes: [],
    });
    expect(await get(`/payments/${ids.pi}?trueAt=${iso(START + 60)}`)).toMatchObject({
      refunds: [{ id: ids.re, creditNotes: [ids.cn] }],
      invoices: [{ id: ids.inv, status: 'paid', subscription: ids.sub }],
    });
    // Only the link to its invoice was known by then.
    expect(await get(`/payments/${ids.pi}?trueAt=${iso(START + 40)}&knownAt=${positions.at(-5)}`)).toMatchObject({
      id: ids.pi,
      paymentIntent: null,
      charges: [],
    });
    expect(await get(`/invoices/${ids.inv}?trueAt=${iso(START + 3_600)}`)).toMatchObject({
      ...(await get(`/invoices/${ids.inv}`)),
    });
  });

  it('include an invoice and a charge without a customer', async () => {
    const { inv, ch } = newIds();
    await send(stripeEvent('invoice.created', invoice(inv, BASIL, { customer: null, subscription: null })));
    const position = await send(stripeEvent('charge.succeeded', charge(ch, BASIL, { customer: null })));
    expect(await get(`/invoices/${inv}?knownAt=${position}&waitMs=20000`)).toMatchObject({
      id: inv,
      status: 'draft',
      payments: [],
    });
    expect(await get(`/payments/${ch}?knownAt=${position}`)).toMatchObject({
      id: ch,
      status: 'succeeded',
      invoices: [],
      asOf: { position },
    });
  });

  it.each(['/invoices/in_unknown', '/payments/pi_unknown'])('say of %s that nothing is known at all', async (path) => {
    expect(await get(`${path}?trueAt=${iso(START)}`)).toMatchObject({ status_: 404, code: 'not_found' });
  });

  it('name the event that cannot be read, and accept no revision, since they cover several streams', async () => {
    const ch = randomId('ch');
    await send(stripeEvent('charge.succeeded', charge(ch, BASIL, { amount: 'much' })));
    expect(await get(`/payments/${ch}?trueAt=${iso(START)}`)).toMatchObject({
      status_: 422,
      code: 'past_unreadable',
      detail: expect.stringContaining(`charge-${ch}@0`),
    });
    expect(await get(`/payments/${ch}?revision=0`)).toMatchObject({ status_: 400, code: 'bad_query' });
    expect(await get('/invoices/in_1?revision=0')).toMatchObject({ status_: 400, code: 'bad_query' });
  });
});

describe('a customer’s lists as of a moment', () => {
  it('have the invoices as they were, filtered and page after page', async () => {
    const [sub, cus] = [randomId('sub'), randomId('cus')];
    const [second, first] = [randomId('in'), randomId('in')].sort() as [string, string];
    const open = (id: string, subscription: string | null) =>
      stripeEvent('invoice.finalized', invoice(id, BASIL, { customer: cus, subscription, status: 'open' }), {
        after: 10,
      });
    const settled = stripeEvent(
      'invoice.paid',
      invoice(first, BASIL, { ...paidInvoice, customer: cus, subscription: sub }),
      { after: 20 },
    );
    let position = '';
    for (const event of [settled, open(second, null), open(first, sub)]) position = await send(event);
    const list = (query: string) =>
      get<{ data: { id: string; status: string }[]; nextCursor: string | null }>(
        `/customers/${cus}/invoices?minPosition=${position}&waitMs=20000&${query}`,
      );
    const found = async (query: string) => (await list(query)).data.map(({ id, status }) => [id, status]);
    expect(await found('')).toEqual([
      [first, 'paid'],
      [second, 'open'],
    ]);
    expect(await found(`trueAt=${iso(START + 19)}`)).toEqual([
      [first, 'open'],
      [second, 'open'],
    ]);
    expect(await found(`trueAt=${iso(START + 20)}&status=open`)).toEqual([[second, 'open']]);
    expect(await found(`trueAt=${iso(START + 9)}`)).toEqual([]);
    const page = await list(`trueAt=${iso(START + 20)}&limit=1`);
    expect(page).toMatchObject({ data: [{ id: first }], asOf: { trueAt: iso(START + 20), position } });
    expect(await found(`trueAt=${iso(START + 20)}&cursor=${page.nextCursor}`)).toEqual([[second, 'open']]);
    const { asOf: _, ...then } = (await list(`knownAt=${position}`)) as Body;
    expect(then).toEqual(await list(''));
  });

  it('have the subscriptions that were the customer’s then', async () => {
    const [sub, before, after] = [randomId('sub'), randomId('cus'), randomId('cus')];
    await send(subscriptionEvent(sub, { object: { customer: before } }));
    const position = await send(subscriptionEvent(sub, { created: START + 10, object: { customer: after } }));
    const owned = async (cus: string, query: string) =>
      (
        await get<{ data: { id: string }[] }>(
          `/customers/${cus}/subscriptions?minPosition=${position}&waitMs=20000&${query}`,
        )
      ).data.map(({ id }) => id);
    expect([await owned(before, ''), await owned(after, '')]).toEqual([[], [sub]]);
    expect([await owned(before, `trueAt=${iso(START)}`), await owned(after, `trueAt=${iso(START)}`)]).toEqual([
      [sub],
      [],
    ]);
  });

  it('wait until the read models know of all streams up to the position that is asked about', async () => {
    expect(await get(`/customers/cus_1/invoices?knownAt=${'9'.repeat(18)}&waitMs=50`)).toMatchObject({
      status_: 503,
      code: 'position_not_reached',
    });
  });
});

describe('lists of invoices and payments as of a moment', () => {
  /** Two paid invoices of one customer's subscription, and every list's answer after each event. */
  const paths = ({ cus, sub, inv }: ReturnType<typeof newIds>): string[] => [
    `/invoices?customer=${cus}`,
    `/invoices?subscription=${sub}&status=paid`,
    `/payments?customer=${cus}`,
    `/payments?customer=${cus}&status=succeeded`,
    `/payments?subscription=${sub}`,
    `/payments?invoice=${inv}`,
    `/payments?invoice=${inv}&subscription=sub_other`,
  ];

  it.each([OLD, BASIL])(
    'known then are what was answered then, by each of whose they are, of %s',
    async (apiVersion) => {
      const one = newIds();
      const other = { ...newIds(), cus: one.cus, sub: one.sub };
      const events = [...paidAndGivenBack(one, apiVersion), ...paidAndGivenBack(other, apiVersion)].sort((a, b) =>
        a.id < b.id ? -1 : 1,
      );
      const seen: { position: string; answers: Body[] }[] = [];
      for (const event of events) {
        const position = await send(event);
        seen.push({
          position,
          answers: await Promise.all(paths(one).map((path) => get(`${path}&minPosition=${position}&waitMs=20000`))),
        });
      }
      for (const { position, answers } of seen) {
        const then = await Promise.all(paths(one).map((path) => get(`${path}&knownAt=${position}`)));
        for (const [at, answer] of answers.entries())
          expect(then[at]).toEqual({ ...answer, asOf: expect.objectContaining({ knownAt: position }) });
      }
      expect(seen.at(-1)?.answers.map(({ data }) => (data as unknown[]).length)).toEqual([2, 2, 2, 2, 2, 1, 0]);
    },
    WITH_OTHERS_MS,
  );

  it('true then are filtered by when they were made, and page after page', async () => {
    const one = newIds();
    const other = { ...newIds(), cus: one.cus, sub: one.sub };
    let position = '';
    for (const event of [...paidAndGivenBack(one, BASIL), ...paidAndGivenBack(other, BASIL)].toReversed())
      position = await send(event);
    const ask = (path: string) =>
      get<{ data: { id: string }[]; nextCursor: string | null }>(
        `${path}&minPosition=${position}&waitMs=20000&trueAt=${iso(START + 10)}`,
      );
    expect((await ask(`/payments?customer=${one.cus}`)).data.map(({ id }) => id)).toEqual(
      [one.pi, other.pi].sort().reverse(),
    );
    expect((await ask(`/payments?subscription=${one.sub}`)).data).toEqual([]);
    for (const list of ['invoices', 'payments']) {
      const first = await ask(`/${list}?customer=${one.cus}&limit=1`);
      const second = await ask(`/${list}?customer=${one.cus}&limit=1&cursor=${first.nextCursor}`);
      expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(
        (list === 'invoices' ? [one.inv, other.inv] : [one.pi, other.pi]).sort().reverse(),
      );
      expect(second.nextCursor).toBeNull();
    }
    expect(
      (await ask(`/invoices?subscription=${one.sub}&createdSince=${iso(START)}&createdUntil=${iso(START)}`)).data,
    ).toHaveLength(2);
    for (const bound of [`createdSince=${iso(START + 1)}`, `createdUntil=${iso(START - 1)}`])
      expect((await ask(`/invoices?subscription=${one.sub}&${bound}`)).data).toEqual([]);
  });

  it.each(['/invoices', '/payments'])('are refused for %s of everybody', async (path) => {
    expect(await get(`${path}?trueAt=${iso(START)}`)).toMatchObject({
      status_: 400,
      code: 'bad_query',
      detail: expect.stringContaining('needs one customer or one subscription'),
    });
  });
});

describe('GET /customers/:id/access as of a moment', () => {
  it('answers as of that time', async () => {
    const [sub, cus] = [randomId('sub'), randomId('cus')];
    const { arrived, overdue } = life(sub, cus);
    const positions: string[] = [];
    for (const event of arrived) positions.push(await send(event));
    const ask = (query: string) =>
      get(`/customers/${cus}/access?minPosition=${positions.at(-1)}&waitMs=20000&product=prod_one&${query}`);
    expect(await ask(`trueAt=${iso(START + 5)}`)).toMatchObject({
      granted: false,
      at: iso(START + 5),
      reason: { rule: 'no_grace', status: 'incomplete' },
    });
    expect(await ask(`trueAt=${iso(START + 15)}`)).toMatchObject({
      granted: true,
      reason: { rule: 'active' },
      asOf: { position: positions.at(-1) },
    });
    expect(await ask(`trueAt=${iso(START + 29)}`)).toMatchObject({
      granted: true,
      reason: { rule: 'grace', statusEvent: overdue.id },
      until: iso(START + 20 + 7 * 86_400),
    });
    expect(await ask(`trueAt=${iso(START + 29)}&knownAt=${positions[1]}`)).toMatchObject({
      granted: true,
      reason: { rule: 'active' },
    });
    expect(await ask(`trueAt=${iso(START - 1)}`)).toMatchObject({ status_: 404, code: 'not_known_then' });
    const { asOf: _, ...then } = await ask(`trueAt=${new Date().toISOString()}`);
    expect({ ...then, at: null }).toEqual({ ...(await ask('')), at: null });
  });

  it('knows the entitlements of then', async () => {
    const cus = randomId('cus');
    const summary = (keys: string[], after: number) =>
      stripeEvent('entitlements.active_entitlement_summary.updated', entitlementSummary(cus, keys), { after });
    await send(summary(['exports'], 60));
    const position = await send(summary(['reports'], 0));
    const keys = async (seconds: number) =>
      (await get(`/customers/${cus}/access?trueAt=${iso(START + seconds)}&knownAt=${position}&waitMs=20000`))[
        'entitlements'
      ];
    expect([await keys(0), await keys(60)]).toEqual([['reports'], ['exports']]);
  });

  it('evaluates the policy at the time at which things were known', async () => {
    const cus = randomId('cus');
    const position = await send(subscriptionEvent(randomId('sub'), { object: { customer: cus } }));
    const time = new Date(Date.now() + 60_000).toISOString();
    expect(await get(`/customers/${cus}/access?minPosition=${position}&waitMs=20000&knownAt=${time}`)).toMatchObject({
      at: time,
    });
  });
});
