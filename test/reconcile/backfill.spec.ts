import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DAY } from '../../simulator/calendar.js';
import { resourceOf, RESOURCES, type Resource } from '../../src/stripe-api/resources.js';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { wholeOf } from '../../src/reconcile/ranges.js';
import { beginRun, stepOf } from '../../src/reconcile/run-log.js';
import { ADMIN_TOKEN, deliver, read, SECRET } from '../support/delivery.js';
import { query } from '../support/read-models.js';
import { looksDuring, Storm } from '../support/storm-looks.js';
import { wrongRowsIn } from '../support/books.js';
import { cameUp, command, START, startBoth, VERSION, wrongRows, type Parts } from '../support/stripe.js';
import { until } from '../support/until.js';

type Connected = readonly [string, Parts['stripe']['world']];
type Result = Readonly<{
  kind: string;
  complete: boolean;
  run: string;
  counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  events: { listed: number; appended: number };
  skipped: Readonly<Record<string, string>>;
  requests: number;
  why: string | null;
}>;

const jsonLines = <T>(output: string): T[] =>
  output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

async function backfill(parts: Parts, args: readonly string[] = []): Promise<Result> {
  const { output, errors, code } = await command(parts, ['backfill', '--json', '--wait', '0', ...args]).ended;
  if (output === '') throw new Error(`backfill ended with ${code}: ${errors}`);
  return JSON.parse(output) as Result;
}

const appendedIn = ({ counts, events }: Result): number =>
  Object.values(counts).reduce((sum, own) => sum + (own['appended'] ?? 0), events.appended);

/** A key that may read everything except subscriptions. */
const LIMITED = 'rk_test_limited';
const RIGHTS = [...new Set([...RESOURCES.map(({ right }) => right), 'rak_event_read', 'rak_webhook_read'])];
const KEYS = { rk_test_demo: 'all', [LIMITED]: RIGHTS.filter((right) => right !== 'rak_subscription_read') } as const;

describe('a backfill of an account without any webhooks', () => {
  let parts: Parts;
  let first: Result;
  /** A customer that Stripe no longer lists and that a subscription names. */
  let deleted: string;
  beforeAll(async () => {
    parts = await startBoth({ subscriptions: 20, keys: KEYS, connected: [2, 2, 1] });
    const { world, clock, disturb } = parts.stripe;
    const [oldest] = [...world.objects(clock.now() - 60 * DAY, VERSION)].filter(
      (shape) => shape.object === 'subscription' && shape['test_clock'] == null,
    );
    deleted = String(oldest?.['customer']);
    world.delete(deleted, clock.now());
    disturb({ limited: 0.05, broken: 0.03, cut: 0.02, slow: 0.02, slowMs: 300 });
    first = await backfill(parts);
    disturb({});
    await cameUp(parts);
  }, 120_000);
  afterAll(() => parts.stop());

  it('reads all there is over faults, never faster than it may, and its rows are Stripe’s books', async () => {
    expect(first).toMatchObject({ kind: 'finished', complete: true, skipped: {} });
    expect(await wrongRows(parts)).toEqual([]);
    expect(parts.stripe.counters.mostInASecond).toBeLessThanOrEqual(100);
    // An object that no list contains is fetched by the id that others name.
    const rows = `select is_deleted, stripe_event_type from ledger.customers where id = '${deleted}'`;
    expect(await query(parts.ledger.databaseUrl, rows)).toEqual([
      { is_deleted: true, stripe_event_type: 'ledger.customer.absent' },
    ]);
  });

  it('begins again where the object of its cursor is gone', async () => {
    const { world, clock } = parts.stripe;
    const store = connectEventStore(parts.ledger.eventstoreUrl);
    const drafts = [...world.objects(clock.now(), VERSION)].filter(({ object }) => object === 'payment_intent');
    const [cursor] = drafts;
    const id = String(cursor?.id);
    world.delete(id, clock.now());
    const about = { account: world.account.id, livemode: false, key: 'tests', apiVersion: VERSION, at: clock.now() };
    const run = await beginRun(store, { kind: 'backfill', ...about, options: { only: ['payment_intent'] } });
    // As if its first page, which ended there, had already been read.
    const resource = resourceOf('payment_intent') as Resource;
    const range = { ...wholeOf(resource, {}, { from: 0, to: clock.now() }), after: id };
    await stepOf(store, run, { step: 'checkpoint', state: { phase: 'objects', open: [range] } });
    await store.close();
    const resumed = await backfill(parts, ['--resume', run.id]);
    const listed = { listed: drafts.length - 1 };
    expect(resumed).toMatchObject({ kind: 'finished', complete: true, counts: { payment_intent: listed } });
  });

  it('reports that what it found existed before, but not since when', async () => {
    const { ledger } = parts;
    const [row] = await query<{ id: string; customer: string }>(
      ledger.databaseUrl,
      `select id, customer from ledger.subscriptions where stripe_event_type = 'ledger.subscription.observed' and status = 'active' limit 1`,
    );
    const movements = await query<{ kind: string }>(
      ledger.databaseUrl,
      `select kind from ledger.mrr_movements where customer = '${row?.customer}' order by at limit 1`,
    );
    expect(movements).toEqual([{ kind: 'opening' }]);
    const before = await read(ledger.url, `/subscriptions/${row?.id}?trueAt=2026-01-01T00:00:00Z`);
    expect(before).toMatchObject({ status: 404 });
  });

  it('records each object that Stripe has, in an event or an observation', async () => {
    const listed = new Set(RESOURCES.filter(({ when }) => when !== 'wanted').map(({ object }) => object));
    const rows = await query<{ stream: string }>(
      parts.ledger.databaseUrl,
      'select distinct stream from ledger.event_index_v3',
    );
    const streams = new Set(rows.map(({ stream }) => stream));
    const missing = [...parts.stripe.world.objects(parts.stripe.clock.now() - 100, VERSION)]
      .filter(({ object }) => listed.has(object) && !['invoice', 'invoiceitem', 'checkout.session'].includes(object))
      .filter(
        ({ object, id }) => ![...streams].some((stream) => stream.startsWith(`${object}-`) && stream.endsWith(id)),
      )
      .map(({ object, id }) => `${object} ${id}`);
    expect(missing).toEqual([]);
  });

  it('appends nothing when nothing has changed', async () => {
    const again = await backfill(parts, ['--new']);
    expect(again).toMatchObject({ kind: 'finished', complete: true });
    expect(appendedIn(again)).toBe(0);
  });

  it('is compared with Stripe, also what goes by a test clock, at the time of that', async () => {
    const { world, clock } = parts.stripe;
    const all = [...world.objects(clock.now(), VERSION)].filter(({ object }) => object === 'subscription');
    const args = ['reconcile', '--all', '--only', 'subscription', '--json', '--wait', '0'];
    const { output, code } = await command(parts, args).ended;
    const clocks = all.filter((shape) => shape['test_clock'] != null);
    expect(clocks.length).toBeGreaterThan(0);
    expect([code, JSON.parse(output)]).toEqual([0, expect.objectContaining({ counts: { same: all.length } })]);
    const random = await command(parts, ['reconcile', '--sample', '20', '--wait', '0']).ended;
    expect(random).toMatchObject({
      code: 0,
      output: expect.stringMatching(/0 of \d+ differ; with 95 % confidence, fewer than/),
    });
  });

  it('leaves out what the key may not read, and names the right that is missing', async () => {
    const { output, code } = await command(parts, ['backfill', '--new', '--json', '--wait', '0'], LIMITED).ended;
    const result = JSON.parse(output) as Result;
    expect([code, result]).toMatchObject([1, { kind: 'finished', complete: false }]);
    expect(result.skipped).toMatchObject({ subscription: expect.stringContaining('rak_subscription_read') });
    expect(result.counts['customer']?.['listed']).toBeGreaterThan(0);
    // A comparison does so too, and continues with the others.
    const args = ['reconcile', '--all', '--only', 'customer,subscription', '--json', '--wait', '0'];
    const compared = await command(parts, args, LIMITED).ended;
    expect([compared.code, ...jsonLines(compared.output)]).toMatchObject([
      1,
      { kind: 'reconciled', findings: 0, counts: { same: result.counts['customer']?.['listed'] } },
    ]);
    expect(compared.output).toMatch(/"skipped":{"subscription":".*rak_subscription_read/);
  });

  it('reads connected accounts in their own names, and one that has ended the connection does not stop the others', async () => {
    const { ledger, stripe } = parts;
    const [[one, world], [other, otherWorld], [ended]] = [...stripe.connected] as unknown as readonly [
      Connected,
      Connected,
      Connected,
    ];
    stripe.deauthorize(ended);
    // The webhook of a connected account names it; a product has an id that its owner may choose.
    const [product] = [...world.objects(stripe.clock.now(), VERSION)].filter(({ object }) => object === 'product');
    const told = world.events.filter(({ at }) => at < stripe.clock.now()).filter((_, at) => at % 5 === 0);
    const bodies = told.map((event) => ({ ...event.in(VERSION), account: one }));
    const before = { ...product, name: 'As it was called before' };
    const made = { ...bodies[0], id: 'evt_product', type: 'product.created', data: { object: before } };
    for (const body of [...bodies, made]) await deliver(ledger.url, JSON.stringify(body));
    const named = ['--accounts', [one, ended, other].join()];
    const args = ['backfill', '--json', '--wait', '0', ...named];
    const { output, errors, code } = await command(parts, args).ended;
    expect(jsonLines<Result & { account: string }>(output)).toMatchObject([
      { account: one, kind: 'finished', complete: true },
      { account: other, kind: 'finished', complete: true },
    ]);
    expect([code, errors]).toEqual([
      1,
      expect.stringMatching(new RegExp(`${ended} is left out: .*does not have access`)),
    ]);
    await cameUp(parts);
    const books = [world, otherWorld].flatMap((of) => [...of.objects(stripe.clock.now(), VERSION)]);
    expect(await wrongRowsIn(ledger.databaseUrl, books)).toEqual([]);
    expect(await wrongRows(parts)).toEqual([]);
    const { body } = await read(ledger.url, `/streams/product-${one}-test-${product?.id}`);
    expect(body).toMatchObject({ data: [{ type: 'product.created' }, { type: 'ledger.product.observed' }] });
    const ours = `select stream from ledger.event_index_v3 where stream like '%-own-%' and stream like '%-${product?.id}'`;
    expect(await query(ledger.databaseUrl, ours)).toEqual([]);
    // No difference is reported for another account, and nothing of other accounts is missing in the platform's.
    const compared = await command(parts, ['reconcile', '--all', '--json', '--wait', '0', '--accounts', 'all']).ended;
    expect([compared.code, jsonLines(compared.output)]).toMatchObject([
      0,
      [stripe.world.account.id, one, other].map((account) => ({ account, kind: 'reconciled', findings: 0 })),
    ]);
    const sampled = await command(parts, ['reconcile', '--sample', '60', '--json', '--wait', '0']).ended;
    expect([sampled.code, jsonLines(sampled.output)]).toMatchObject([0, [{ findings: 0 }]]);
    expect((await read(ledger.url, '/stripe/coverage')).body).toMatchObject({
      data: expect.arrayContaining([one, other].map((account) => expect.objectContaining({ account, ended: null }))),
    });
  }, 180_000);

  it('is named by the rows and the timeline as what it is', async () => {
    const [row] = await query<{ id: string; stripe_event_id: string }>(
      parts.ledger.databaseUrl,
      `select id, stripe_event_id from ledger.subscriptions where stripe_event_type = 'ledger.subscription.observed' limit 1`,
    );
    if (row === undefined) throw new Error('No subscription was observed.');
    const { body } = await read(parts.ledger.url, `/subscriptions/${row.id}`);
    expect(body).toMatchObject({ changedBy: { stripeEventId: row.stripe_event_id }, statusSinceIsBound: true });
    expect((await read(parts.ledger.url, `/subscriptions/${row.id}/events`)).body).toMatchObject({
      data: expect.arrayContaining([
        expect.objectContaining({
          stripeEventId: row.stripe_event_id,
          observation: expect.objectContaining({ reason: 'backfill' }),
        }),
      ]),
    });
    expect((await read(parts.ledger.url, `/events/${row.stripe_event_id}`, ADMIN_TOKEN)).body).toMatchObject({
      source: 'observation',
      object: { kind: 'subscription', id: row.id },
    });
  });
});

it('a backfill that is killed again and again, while webhooks come repeated, out of order, and some never, ends at the books, and looks in a storm agree', async () => {
  const parts = await startBoth({
    now: START + 100 * DAY,
    deliveryFaults: { lost: 0.2, repeated: 0.2, disordered: true },
    limits: { perSecond: 60, perEndpoint: 60, concurrent: 20 },
  });
  try {
    const { stripe, ledger } = parts;
    const form = new URLSearchParams({
      url: `${ledger.url}/webhooks/stripe`,
      secret: SECRET,
      'enabled_events[0]': '*',
    });
    stripe.endpoints.create(form, stripe.clock.now());
    stripe.endpoints.skipTo(stripe.clock.now());
    stripe.clock.set(START + 120 * DAY);
    const delivered = stripe.deliver();
    let kills = 0;
    for (; kills < 3; kills += 1) {
      const { child, ended } = command(parts, ['backfill', '--json', '--wait', '0']);
      const before = stripe.counters.requests;
      await until(
        'it has asked Stripe some times',
        async () => stripe.counters.requests > before + 8 * (kills + 1) || child.exitCode !== null,
      );
      child.kill('SIGKILL');
      await ended;
    }
    await delivered;
    const last = await backfill(parts);
    expect(last).toMatchObject({ kind: 'finished' });
    await cameUp(parts);
    expect(await wrongRows(parts)).toEqual([]);
    const repeats = await query(
      ledger.databaseUrl,
      'select stream from ledger.event_index_v3 group by stream, event_id having count(*) > 1',
    );
    expect(repeats).toEqual([]);
    // Objects that Stripe returns before their events arrive are not findings.
    stripe.endpoints.faults = {};
    const storm = new Storm(stripe, { url: `${ledger.url}/webhooks/stripe`, secret: SECRET, repeats: 1 });
    const only = ['subscription', 'invoice'];
    const found = await looksDuring(storm, { ...ledger, stripe, looks: 300, only }).finally(() => storm.stop());
    expect(found).toMatchObject({ findings: [], stopped: null });
    expect(found.looks).toBeGreaterThanOrEqual(300);
    expect(storm.counts.fresh).toBeGreaterThan(10);
  } finally {
    await parts.stop();
  }
}, 240_000);
