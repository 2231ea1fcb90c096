import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';
import { DAY } from '../../simulator/calendar.js';
import { startStripeApi, type SimulatedStripe, type StripeApiOptions } from '../../simulator/stripe-api/server.js';
import { RunBudget } from '../../src/stripe-api/budget.js';
import { Rates } from '../../src/stripe-api/rates.js';
import { isIn, RESOURCES, resourceOf, type Resource } from '../../src/stripe-api/resources.js';
import { StripeApi } from '../../src/stripe-api/stripe-api.js';

const VERSION = '2026-03-25.dahlia';
const SEED = 7;

/** The `stripe` package as any program uses it. */
const packageFor = ({ port, key }: SimulatedStripe): Stripe =>
  new Stripe(key, { host: '127.0.0.1', port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 });

const clientFor = ({ url, key }: SimulatedStripe, triesMax = 1): StripeApi =>
  new StripeApi({
    key,
    url,
    apiVersion: VERSION,
    rates: new Rates(
      { perSecond: 100_000 },
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
    ),
    budget: new RunBudget(100_000),
    pauseMs: 1,
    triesMax,
  });

/** The ids in all listings of a resource. */
async function idsOf(api: StripeApi, resource: Resource, limit = 100): Promise<string[]> {
  const ids: string[] = [];
  for (const params of resource.listings)
    for await (const page of api.pages(resource, { params, limit })) {
      if (page.kind !== 'page') throw new Error(`${resource.object}: ${page.kind}: ${page.message}`);
      ids.push(...page.items.map(({ id }) => id));
    }
  return ids;
}

const started: SimulatedStripe[] = [];
async function start(options: Partial<StripeApiOptions> = {}): Promise<SimulatedStripe> {
  const stripe = await startStripeApi({ seed: SEED, subscriptions: 20, limits: null, ...options });
  started.push(stripe);
  return stripe;
}
let stripe: SimulatedStripe;
let api: StripeApi;
beforeAll(async () => {
  stripe = await start();
  api = clientFor(stripe);
});
afterAll(async () => {
  api.close();
  await Promise.all(started.map(({ stop }) => stop()));
});

describe('the simulated API', () => {
  it('lists everything there is by the listings of the table, and nothing twice', async () => {
    const objects = [...stripe.world.objects(stripe.clock.now(), VERSION)];
    for (const resource of RESOURCES.filter((one) => isIn(one, VERSION) && one.when === 'default')) {
      const hidden = ['customer', 'subscription', 'subscription_schedule'].includes(resource.object);
      const there = objects.filter(
        ({ object, ...fields }) =>
          object === resource.object &&
          !(hidden && fields['test_clock'] !== null) &&
          !(object === 'invoiceitem' && fields['invoice'] !== null),
      );
      expect([resource.object, (await idsOf(api, resource)).sort()]).toEqual([
        resource.object,
        there.map(({ id }) => id).sort(),
      ]);
    }
    expect((await idsOf(api, resourceOf('subscription') as Resource)).length).toBeGreaterThan(15);
  });

  it('lists the same in pages of any size and in any ranges of time', async () => {
    const invoices = resourceOf('invoice') as Resource;
    const all = await idsOf(api, invoices);
    const now = stripe.clock.now();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: now - 200 * DAY, max: now }), { maxLength: 3 }),
        fc.integer({ min: 5, max: 100 }),
        async (cuts, limit) => {
          const bounds = [0, ...new Set(cuts.sort((a, b) => a - b)), 2 * now];
          const found: string[] = [];
          for (const [at, gte] of bounds.slice(0, -1).entries())
            for await (const page of api.pages(invoices, { created: { gte, lte: Number(bounds[at + 1]) - 1 }, limit }))
              found.unshift(...(page.kind === 'page' ? page.items.map(({ id }) => id).reverse() : [page.message]));
          expect(found.sort()).toEqual([...all].sort());
        },
      ),
      { numRuns: 10 },
    );
  });

  it('is what the stripe package expects', async () => {
    const client = packageFor(stripe);
    const active = [];
    for await (const subscription of client.subscriptions.list({ limit: 3 })) active.push(subscription);
    expect(active.map(({ status }) => status)).not.toContain('canceled');
    const all = await client.subscriptions.list({ status: 'all', limit: 100 });
    expect(all.data.length).toBeGreaterThan(active.length);
    const [first] = all.data;
    expect(await client.subscriptions.retrieve(String(first?.id))).toEqual(first);
    const [, second, third] = all.data;
    const before = await client.subscriptions.list({ status: 'all', limit: 1, ending_before: String(third?.id) });
    expect(before.data.map(({ id }) => id)).toEqual([second?.id]);
    const prices = await client.prices.list({ limit: 100, expand: ['data.tiers'] });
    expect(prices.data.find(({ billing_scheme: scheme }) => scheme === 'tiered')?.tiers).toHaveLength(2);
    await expect(client.subscriptions.retrieve('sub_none')).rejects.toMatchObject({ code: 'resource_missing' });
    await expect(client.customers.list({ limit: 101 })).rejects.toMatchObject({ param: 'limit' });
    await expect(client.invoices.list({ starting_after: 'in_none' })).rejects.toMatchObject({
      param: 'starting_after',
    });
    const other = new Stripe('rk_test_other', { host: '127.0.0.1', port: stripe.port, protocol: 'http' });
    await expect(other.customers.list()).rejects.toMatchObject({ statusCode: 401 });
  });

  it('returns an object in the requested version, and names that version', async () => {
    const [id] = await idsOf(api, resourceOf('subscription') as Resource);
    const subscription = resourceOf('subscription') as Resource;
    const periodIn = async (apiVersion: string) => {
      const found = await api.retrieve(subscription, String(id), { apiVersion });
      if (found.kind !== 'found') throw new Error(found.message);
      return [found.apiVersion, 'current_period_end' in found.item.value];
    };
    expect(await periodIn('2022-11-15')).toEqual(['2020-08-27', true]);
    expect(await periodIn('2026-09-30.endive')).toEqual([VERSION, false]);
  });

  it('keeps events for thirty days, each as it was then, and hides what has not happened', async () => {
    const now = stripe.clock.now();
    const events = [];
    for await (const page of api.events()) if (page.kind === 'page') events.push(...page.items);
    const made = stripe.world.events.filter(({ at }) => at <= now && at > now - 30 * DAY);
    expect(events.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort());
    expect(events.map(({ created }) => created)).toEqual(events.map(({ created }) => created).sort((a, b) => b - a));
    const old = stripe.world.events.find(({ at }) => at < now - 30 * DAY);
    const page = api.events({ after: String(old?.id) });
    expect((await page.next()).value).toMatchObject({ kind: 'cursor_gone' });
    expect(await api.event(String(old?.id))).toMatchObject({ kind: 'gone' });
  });

  it('has money that adds up: each payout is its transactions, and the balance is all of them', async () => {
    const client = packageFor(stripe);
    const transactions = await client.balanceTransactions.list({ limit: 100 }).autoPagingToArray({ limit: 10_000 });
    const payouts = await client.payouts.list({ limit: 100 }).autoPagingToArray({ limit: 10_000 });
    expect(payouts.length).toBeGreaterThan(5);
    for (const { id, amount, balance_transaction: own } of payouts.slice(0, 5)) {
      const of = await client.balanceTransactions.list({ payout: id, limit: 100 }).autoPagingToArray({ limit: 1_000 });
      expect(of.filter((one) => one.id !== own).reduce((sum, { net }) => sum + net, 0)).toBe(amount);
    }
    const sums = new Map<string, number>();
    for (const { currency, net } of transactions) sums.set(currency, (sums.get(currency) ?? 0) + net);
    const { available, pending } = await client.balance.retrieve();
    const told = new Map<string, number>();
    for (const { currency, amount } of [...available, ...pending])
      told.set(currency, (told.get(currency) ?? 0) + amount);
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(sums));
  });

  it('deletes, so that a cursor is gone and a customer leaves its name', async () => {
    const mine = await start();
    const client = clientFor(mine);
    const customers = resourceOf('customer') as Resource;
    const [first, second] = await idsOf(client, customers, 2);
    mine.world.delete(String(first), mine.clock.now());
    expect(await client.page(customers, { after: String(first) })).toMatchObject({ kind: 'cursor_gone' });
    expect(await client.retrieve(customers, String(first))).toMatchObject({ kind: 'found', item: { deleted: true } });
    expect((await idsOf(client, customers))[0]).toBe(second);
    client.close();
  });

  it('lets a key do what it may, and names the right that it lacks', async () => {
    const mine = await start({ subscriptions: 1, connected: [1], keys: { rk_test_less: ['rak_customer_read'] } });
    const client = clientFor({ ...mine, key: 'rk_test_less' });
    const customers = resourceOf('customer') as Resource;
    expect(await client.page(customers)).toMatchObject({ kind: 'page' });
    expect(await client.page(resourceOf('charge') as Resource)).toMatchObject({
      kind: 'denied',
      right: 'rak_charge_read',
    });
    const [account, other] = [...mine.connected][0] ?? [];
    const page = await client.page(customers, { account: String(account) });
    const there = [...(other?.objects(mine.clock.now(), VERSION) ?? [])].filter(
      ({ object, ...fields }) => object === 'customer' && fields['test_clock'] === null,
    );
    expect(page).toMatchObject({ items: there.map(({ id }) => ({ id })) });
    expect(await client.page(customers, { account: 'acct_none' })).toMatchObject({ kind: 'not_connected' });
    client.close();
  });
});

describe('its faults', () => {
  it('keep no client that retries from reading everything', async () => {
    const mine = await start({ faults: { limited: 0.1, broken: 0.1, cut: 0.1, slow: 0.1, slowMs: 5 } });
    const client = clientFor(mine, 20);
    for (const object of ['invoice', 'charge']) {
      const resource = resourceOf(object) as Resource;
      expect(await idsOf(client, resource, 10)).toEqual(await idsOf(api, resource));
    }
    client.close();
  });

  it('show an older state, and events late in lists', async () => {
    const mine = await start({ listLagS: 600, faults: { stale: 1, staleS: 400 * DAY } });
    const client = clientFor(mine);
    expect((await idsOf(client, resourceOf('invoice') as Resource)).length).toBeLessThan(
      (await idsOf(api, resourceOf('invoice') as Resource)).length,
    );
    expect(mine.world.events.filter(({ at, listedAt }) => listedAt > at).length).toBeGreaterThan(10);
    client.close();
  });

  it('are limits too, as Stripe has them', async () => {
    const mine = await start({ subscriptions: 1, limits: { perSecond: 3, perEndpoint: 2, concurrent: 20 } });
    const client = packageFor(mine);
    const asked = await Promise.allSettled([1, 2, 3, 4].map(() => client.customers.list()));
    const refused = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason as Stripe.StripeRawError] : []));
    expect(refused.map(({ headers }) => headers?.['stripe-rate-limited-reason']).sort()).toEqual([
      'endpoint-rate',
      'global-rate',
    ]);
    expect(mine.counters).toMatchObject({ requests: 4, mostInASecond: 4 });
  });
});

describe('its webhooks', () => {
  let server: Server;
  const got: { body: Buffer; signature: string }[] = [];
  let status = 200;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        got.push({ body: Buffer.concat(chunks), signature: String(request.headers['stripe-signature']) });
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void server.close());
  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/stripe`;

  it('are signed, in the endpoint’s version, of its types, and tried again for three days', async () => {
    const mine = await start({ subscriptions: 3, now: Date.UTC(2026, 1, 1) / 1_000 });
    const client = packageFor(mine);
    const endpoint = await client.webhookEndpoints.create({
      url: url(),
      enabled_events: ['invoice.paid', 'customer.created'],
      api_version: '2025-03-31.basil',
    });
    expect((await client.webhookEndpoints.list()).data[0]).not.toHaveProperty('secret');
    mine.endpoints.skipTo(mine.clock.now());
    mine.clock.advance(20 * DAY);
    status = 500;
    const first = await mine.deliver();
    expect(first.length).toBeGreaterThan(0);
    const [one] = first;
    expect((await client.events.retrieve(String(one?.id))).pending_webhooks).toBe(1);
    status = 200;
    expect(await mine.deliver()).toEqual([]);
    mine.clock.advance(60);
    expect((await mine.deliver()).map(({ id, attempt }) => [id, attempt])).toEqual(first.map(({ id }) => [id, 2]));
    expect((await client.events.retrieve(String(one?.id))).pending_webhooks).toBe(0);
    for (const { body, signature } of got) {
      const event = client.webhooks.constructEvent(body, signature, String(endpoint.secret));
      expect(['invoice.paid', 'customer.created']).toContain(event.type);
      expect(event.api_version).toBe('2025-03-31.basil');
    }
    await client.webhookEndpoints.update(endpoint.id, { disabled: true });
    mine.clock.advance(100 * DAY);
    expect(await mine.deliver()).toEqual([]);
    await client.webhookEndpoints.del(endpoint.id);
    expect((await client.webhookEndpoints.list()).data).toEqual([]);
  });

  it('are lost and repeated as configured', async () => {
    const mine = await start({ subscriptions: 5, deliveryFaults: { lost: 0.3, repeated: 0.3, disordered: true } });
    await packageFor(mine).webhookEndpoints.create({ url: url(), enabled_events: ['*'] });
    status = 200;
    got.length = 0;
    mine.endpoints.skipTo(0);
    await mine.deliver();
    const due = mine.world.events.filter(({ at }) => at <= mine.clock.now()).map(({ id }) => id);
    const ids = got.map(({ body }) => (JSON.parse(body.toString()) as { id: string }).id);
    expect(new Set(ids)).toEqual(new Set(due.filter((id) => !mine.endpoints.lost.has(id))));
    expect(mine.endpoints.lost.size).toBeGreaterThan(0);
    expect(ids.length).toBeGreaterThan(new Set(ids).size);
    await mine.endpoints.resend(String([...mine.endpoints.lost][0]));
    expect(JSON.parse(String(got.at(-1)?.body))).toMatchObject({ id: [...mine.endpoints.lost][0] });
  });
});
