import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { customer, entitlementSummary, stripeEvent } from '../support/stripe-objects.js';
import { randomId, subscriptionEvent, subscriptionObject } from '../support/subscription-events.js';

type Body = Record<string, unknown>;

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger({ environment: { ACCESS_GRACE_DAYS: 'past_due=10', REFERENCE_METADATA: 'user_id' } });
});
afterAll(() => ledger.stop());

const DAY_S = 86_400;
const now = Math.floor(Date.now() / 1000);
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
/** A subscription whose thirty-day period began some days ago, with the given state since then. */
const subscribed = (id: string, { daysAgo, type, ...object }: { daysAgo: number; type?: string } & Body) => {
  const [item] = subscriptionObject(id).items.data;
  const items = {
    object: 'list',
    has_more: false,
    data: [{ ...item, current_period_start: now - DAY_S, current_period_end: now + 29 * DAY_S }],
  };
  return subscriptionEvent(id, {
    created: now - daysAgo * DAY_S,
    ...(type === undefined ? {} : { type }),
    object: { items, ...object },
  });
};
const ask = async (cus: string, query: string, events: readonly unknown[]) => {
  let position = '0';
  for (const event of events) ({ position } = (await deliver(ledger.url, JSON.stringify(event))).body);
  const { status, body } = await read<Body>(
    ledger.url,
    `/customers/${cus}/access?${query}&minPosition=${position}&waitMs=20000`,
  );
  return { status, ...body } as Body & { status: number };
};

describe('GET /customers/:id/access', () => {
  it('tells whether, until when and why, in any order of arrival', async () => {
    const [sub, cus] = [randomId('sub'), randomId('cus')];
    const created = subscribed(sub, {
      daysAgo: 9,
      type: 'customer.subscription.created',
      customer: cus,
      status: 'trialing',
    });
    const active = subscribed(sub, { daysAgo: 8, customer: cus });
    const annotated = subscribed(sub, { daysAgo: 7, customer: cus, latest_invoice: 'in_1' });
    expect(await ask(cus, 'product=prod_one', [annotated, active, created])).toMatchObject({
      status: 200,
      customer: cus,
      at: expect.stringMatching(/Z$/),
      granted: true,
      until: iso(now + 32 * DAY_S),
      isComplete: true,
      products: ['prod_one'],
      reason: {
        rule: 'active',
        subscription: sub,
        status: 'active',
        statusSince: iso(now - 8 * DAY_S),
        statusEvent: active.id,
        changedBy: { stripeEventId: annotated.id, type: annotated.type },
      },
    });
    expect(await ask(cus, 'product=prod_other', [])).toMatchObject({
      granted: false,
      until: null,
      reason: { rule: 'no_subscription' },
    });
  });

  it('counts the days of grace, as configured, from when the subscription became past due', async () => {
    const [sub, cus] = [randomId('sub'), randomId('cus')];
    const overdue = subscribed(sub, { daysAgo: 9, customer: cus, status: 'past_due' });
    expect(
      await ask(cus, 'product=prod_one', [
        overdue,
        subscribed(sub, { daysAgo: 2, customer: cus, status: 'past_due', latest_invoice: 'in_2' }),
      ]),
    ).toMatchObject({
      granted: true,
      until: iso(now + DAY_S),
      reason: { rule: 'grace', statusEvent: overdue.id },
    });
    const earlier = subscribed(sub, { daysAgo: 11, customer: cus, status: 'past_due' });
    expect(await ask(cus, 'product=prod_one', [earlier])).toMatchObject({
      granted: false,
      until: iso(now - DAY_S),
      reason: { rule: 'grace_over', statusEvent: earlier.id },
    });
  });

  it('is granted by any subscription, the one that grants longest, and ends with the last', async () => {
    const [one, other, cus] = [randomId('sub'), randomId('sub'), randomId('cus')];
    const events = [
      subscribed(one, { daysAgo: 1, customer: cus, cancel_at: now + DAY_S }),
      subscribed(other, { daysAgo: 1, customer: cus }),
    ];
    expect(await ask(cus, 'product=prod_one', events)).toMatchObject({
      granted: true,
      reason: { subscription: other },
      considered: [{ reason: { subscription: other } }, { reason: { subscription: one } }],
    });
    const ended = [one, other].map((id) =>
      subscribed(id, { daysAgo: 0, type: 'customer.subscription.deleted', customer: cus, status: 'canceled' }),
    );
    expect(await ask(cus, 'product=prod_one', ended)).toMatchObject({
      granted: false,
      reason: { rule: 'canceled' },
      products: [],
    });
  });

  it('is granted to each product to the end of its own item', async () => {
    const [sub, cus] = [randomId('sub'), randomId('cus')];
    const itemOf = (product: string, days: number) => ({
      ...subscriptionObject(sub).items.data[0],
      id: `si_${product}`,
      price: { ...subscriptionObject(sub).items.data[0]?.price, product },
      current_period_start: now - DAY_S,
      current_period_end: now + days * DAY_S,
    });
    const items = { object: 'list', has_more: false, data: [itemOf('prod_month', 29), itemOf('prod_year', 364)] };
    const mixed = subscribed(sub, { daysAgo: 1, customer: cus, items });
    expect(await ask(cus, 'product=prod_month', [mixed])).toMatchObject({ until: iso(now + 32 * DAY_S) });
    expect(await ask(cus, 'product=prod_year', [])).toMatchObject({ until: iso(now + 367 * DAY_S) });
    expect(await ask(cus, `product=prod_month&trueAt=${iso(now)}`, [])).toMatchObject({ until: iso(now + 32 * DAY_S) });
  });

  it('loses no entitlement to a truncated summary', async () => {
    const cus = randomId('cus');
    const summary = (keys: string[], after: number, hasMore: boolean) =>
      stripeEvent('entitlements.active_entitlement_summary.updated', entitlementSummary(cus, keys, hasMore), { after });
    const partial = summary(['exports'], 60, true);
    expect(await ask(cus, 'entitlement=reports', [partial, summary(['reports'], 0, false)])).toMatchObject({
      granted: true,
      isComplete: false,
    });
    expect(await ask(cus, 'entitlement=reports', [summary(['exports'], 120, false)])).toMatchObject({
      granted: false,
      isComplete: true,
    });
  });

  it('knows the entitlements that Stripe lists, with and without subscriptions', async () => {
    const [sub, cus] = [randomId('sub'), randomId('cus')];
    const summary = stripeEvent(
      'entitlements.active_entitlement_summary.updated',
      entitlementSummary(cus, ['reports', 'exports']),
    );
    expect(await ask(cus, 'entitlement=reports', [summary])).toMatchObject({
      granted: true,
      until: null,
      reason: { rule: 'entitlement', lookupKey: 'reports', changedBy: { stripeEventId: summary.id } },
    });
    const lost = stripeEvent('entitlements.active_entitlement_summary.updated', entitlementSummary(cus, ['exports']), {
      after: 60,
    });
    expect(await ask(cus, 'entitlement=reports', [lost])).toMatchObject({
      granted: false,
      reason: { rule: 'no_entitlement' },
    });
    expect(await ask(cus, '', [subscribed(sub, { daysAgo: 1, customer: cus })])).toMatchObject({
      granted: true,
      products: ['prod_one'],
      entitlements: ['exports'],
    });
  });

  it('states that it is based on the last readable event when a later one cannot be read', async () => {
    const [sub, cus] = [randomId('sub'), randomId('cus')];
    const unreadable = subscribed(sub, { daysAgo: 0, customer: 7 });
    expect(await ask(cus, 'product=prod_one', [subscribed(sub, { daysAgo: 1, customer: cus })])).toMatchObject({
      granted: true,
      isComplete: true,
    });
    expect(await ask(cus, 'product=prod_one', [unreadable])).toMatchObject({
      granted: true,
      isComplete: false,
      reason: { subscription: sub, isStale: true },
    });
  });

  it('ends with the customer', async () => {
    const [sub, cus] = [randomId('sub'), randomId('cus')];
    expect(
      await ask(cus, '', [
        subscribed(sub, { daysAgo: 1, customer: cus }),
        stripeEvent('customer.deleted', customer(cus)),
      ]),
    ).toMatchObject({ granted: false, reason: { rule: 'customer_deleted' } });
  });

  it('states so when a checkout names a subscription without events, also for the past', async () => {
    const [cus, sub] = [randomId('cus'), randomId('sub')];
    const session = stripeEvent('checkout.session.completed', {
      id: randomId('cs'),
      object: 'checkout.session',
      mode: 'subscription',
      status: 'complete',
      payment_status: 'paid',
      customer: cus,
      subscription: sub,
    });
    const unseen = {
      granted: false,
      isComplete: false,
      reason: { rule: 'subscription_not_seen' },
      unseenSubscriptions: [sub],
    };
    expect(await ask(cus, 'product=prod_one', [session])).toMatchObject({ status: 200, ...unseen });
    expect(await ask(cus, `product=prod_one&trueAt=${iso(now)}`, [])).toMatchObject({ status: 200, ...unseen });
    expect(await ask(cus, '', [subscribed(sub, { daysAgo: 1, customer: cus })])).toMatchObject({
      granted: true,
      isComplete: true,
      unseenSubscriptions: [],
    });
  });

  it('answers 404 for a customer of whom nothing is known', async () => {
    expect(await ask('cus_unknown', 'product=prod_one', [])).toMatchObject({ status: 404, code: 'not_found' });
  });

  it.each(['product=a&entitlement=b', 'produkt=a'])('refuses %s and explains why', async (query) => {
    expect(await ask('cus_1', query, [])).toMatchObject({
      status: 400,
      code: 'bad_query',
      detail: expect.stringMatching(/entitlement: give|produkt/),
    });
  });

  it('wants a token', async () => {
    expect(await read(ledger.url, '/customers/cus_1/access', 'wrong')).toMatchObject({ status: 401 });
  });
});

describe('GET /access', () => {
  const askAll = (query: string) => read<Body>(ledger.url, `/access?${query}`);

  it('answers as the customer’s own address does, for any moment', async () => {
    const [sub, cus] = [randomId('sub'), randomId('cus')];
    const { customer: _, at: __, ...own } = await ask(cus, '', [subscribed(sub, { daysAgo: 1, customer: cus })]);
    const { at: ___, ...body } = (await askAll(`customer=${cus}`)).body;
    expect({ status: 200, ...body }).toEqual({ ...own, customers: [cus] });
    expect(await askAll(`customer=${cus}&trueAt=${iso(now)}`)).toMatchObject({
      status: 200,
      body: { customers: [cus], granted: true, reason: { customer: cus, subscription: sub } },
    });
  });

  it('is no, and not certain, for an unknown customer', async () => {
    const no = { granted: false, until: null, isComplete: false, reason: { rule: 'customer_not_known' } };
    for (const query of ['customer=cus_unknown', 'email=nobody@example.com', `customer=cus_unknown&trueAt=${iso(now)}`])
      expect(await askAll(query)).toMatchObject({ status: 200, body: no });
  });

  it('is granted by whichever customer has an e-mail address, in any case', async () => {
    const [one, other, sub] = [randomId('cus'), randomId('cus'), randomId('sub')];
    const email = `Ana.${one}@Example.org`;
    await ask(other, '', [
      stripeEvent('customer.created', { ...customer(one), email }),
      stripeEvent('customer.created', { ...customer(other), email: email.toUpperCase() }),
      subscribed(sub, { daysAgo: 1, customer: other }),
    ]);
    const { body } = await askAll(`email=${encodeURIComponent(email.toLowerCase())}&product=prod_one`);
    expect(body).toMatchObject({
      customers: [one, other].sort(),
      granted: true,
      reason: { customer: other, subscription: sub },
    });
  });

  it('is granted by whichever customer has the reference of a user, or a subscription or checkout that has it', async () => {
    const [one, other, third] = [randomId('cus'), randomId('cus'), randomId('cus')];
    const [sub, user] = [randomId('sub'), randomId('user')];
    await ask(other, '', [
      stripeEvent('customer.created', customer(one, { metadata: { user_id: user } })),
      subscribed(sub, { daysAgo: 1, customer: other, metadata: { user_id: user } }),
      stripeEvent('checkout.session.completed', {
        id: randomId('cs'),
        object: 'checkout.session',
        mode: 'subscription',
        status: 'complete',
        payment_status: 'paid',
        customer: third,
        subscription: null,
        client_reference_id: user,
      }),
    ]);
    await ask(third, '', []);
    expect((await askAll(`reference=${user}&product=prod_one`)).body).toMatchObject({
      customers: [one, other, third].sort(),
      granted: true,
      reason: { customer: other, subscription: sub },
    });
    expect((await askAll('reference=nobody')).body).toMatchObject({ reason: { rule: 'customer_not_known' } });
  });

  it.each(['', 'customer=a&email=b', 'customer=a&product=b&entitlement=c'])(
    'refuses "%s" and explains why',
    async (query) => {
      expect(await askAll(query)).toMatchObject({ status: 400, body: { code: 'bad_query' } });
    },
  );
});
