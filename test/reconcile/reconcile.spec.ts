import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DAY } from '../../simulator/calendar.js';
import { startStripeApi } from '../../simulator/stripe-api/server.js';
import { projections } from '../../projections/index.js';
import { Appender } from '../../src/eventstore/appender.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { lastOf } from '../../src/eventstore/own-streams.js';
import { Database } from '../../src/read-models/database.js';
import { BatchedEventIdIndex } from '../../src/read-models/event-id-index.js';
import { AskedRuns, type AskedRunsOptions } from '../../src/reconcile/asked-runs.js';
import { askForRun, stopRun } from '../../src/reconcile/asking.js';
import { Backfill } from '../../src/reconcile/backfill.js';
import { closeGaps, readCoverages } from '../../src/reconcile/coverage-report.js';
import { coverageStreamOf, readCoverage, recover, sweepLate, type Recovered } from '../../src/reconcile/coverage.js';
import { compareEvents } from '../../src/reconcile/events-pass.js';
import { Reconcile, type Reconciled } from '../../src/reconcile/reconcile.js';
import { follow } from '../../src/reconcile/following.js';
import { lookOf, type Look } from '../../src/reconcile/look.js';
import { NEWS, Recorder } from '../../src/reconcile/recorder.js';
import { workAt } from '../../src/reconcile/run-at-work.js';
import { append, beginRun, latestRuns, readRun, startRun, stepOf } from '../../src/reconcile/run-log.js';
import { startedBy } from '../../src/reconcile/run-kinds.js';
import { Watch, type WatchNews } from '../../src/reconcile/watch.js';
import { openSession, whoseOf, type Session } from '../../src/reconcile/session.js';
import { resourceOf, type Resource } from '../../src/stripe-api/resources.js';
import { StripeApi } from '../../src/stripe-api/stripe-api.js';
import { RunBudget, type Budget } from '../../src/stripe-api/budget.js';
import { Rates } from '../../src/stripe-api/rates.js';
import { APPENDER_LIMITS } from '../support/appender-limits.js';
import { ADMIN_TOKEN, deliver, READ_TOKEN, read, SECRET } from '../support/delivery.js';
import { cameUp, command, START, startBoth, VERSION, wrongRows, type Parts } from '../support/stripe.js';
import { until } from '../support/until.js';

const KEY = 'rk_live_tests';
const NOW = START + 60 * DAY;

let parts: Parts;
let store: EventStore;
let database: Database;
let appender: Appender;
let session: Session;
const signal = new AbortController().signal;
/** The waits of the backfill. */
const waited: string[] = [];

/** Stripe makes no event of some changes, and other events are lost in delivery. */
beforeAll(async () => {
  parts = await startBoth({
    subscriptions: 25,
    livemode: true,
    keys: { [KEY]: 'all' },
    now: NOW,
    unmadeRate: 0.06,
    connected: [2, 1],
    deliveryFaults: { lost: 0.1, repeated: 0.1, disordered: true },
    // The service runs what is requested, and starts no requests to Stripe itself.
    environment: { STRIPE_API_KEYS: `tests=${KEY}`, STRIPE_API_RATE: '100', STRIPE_API_DAILY: '0' },
  });
  const { ledger, stripe } = parts;
  store = connectEventStore(ledger.eventstoreUrl);
  database = new Database(ledger.databaseUrl, { connectionsMax: 4, onIdleError: () => undefined });
  appender = new Appender(store, new BatchedEventIdIndex(database), APPENDER_LIMITS);
  session = await sessionWith(new RunBudget(100_000));
  const { account, livemode, apiVersion, at, opened } = session;
  const options = { opened: opened ?? 0 };
  const run = await beginRun(store, { kind: 'backfill', account, livemode, key: 'tests', apiVersion, at, options });
  const impatient = await sessionWith(new RunBudget(100_000), { triesMax: 1 });
  const { api } = impatient;
  stripe.disturb({ broken: 1 });
  await workAt(store, { run }, (atWork) =>
    new Backfill({ store, database, appender, projections, api, whose: whoseOf(session), signal }, atWork, {
      progress: () => undefined,
      waiting: (why) => {
        waited.push(why);
        stripe.disturb({});
      },
    }).work(),
  );
  api.close();
  const form = new URLSearchParams({ url: `${ledger.url}/webhooks/stripe`, secret: SECRET, 'enabled_events[0]': '*' });
  stripe.endpoints.create(form, stripe.clock.now());
  stripe.endpoints.skipTo(stripe.clock.now());
  stripe.clock.advance(10 * DAY);
  await stripe.deliver();
  stripe.clock.advance(DAY);
}, 240_000);
afterAll(async () => {
  session.api.close();
  await Promise.all([store.close(), database.close()]);
  await parts.stop();
});

const NO_NEWS: WatchNews = {
  requested: () => undefined,
  budgetLeft: () => undefined,
  recovered: () => undefined,
  reconciled: () => undefined,
  followed: () => undefined,
  listedLate: () => undefined,
  money: () => undefined,
  warned: () => undefined,
};
const TAKEN = { kind: 'taken' } as const;
const sessionWith = (budget: Budget, more: Readonly<{ triesMax?: number }> = {}): Promise<Session> =>
  openSession(store, {
    ...{ key: KEY, livemode: true, url: parts.stripe.url, apiVersion: null, perSecond: 100, budget, signal },
    ...more,
  });

const recovering = (isDryRun: boolean): Promise<Recovered> =>
  recover({ api: session.api, store, appender, database }, { session, run: null, isDryRun });

const reconciling = (
  repair: boolean,
  only: readonly string[] = [],
  by = session,
  meanwhile?: () => void,
): Promise<Reconciled> =>
  new Reconcile(
    { store, database, appender, projections, session: by },
    {
      all: true,
      only,
      repair,
      max: 1_000,
      wait: async (seconds) => {
        meanwhile?.();
        parts.stripe.clock.advance(seconds);
      },
      report: () => undefined,
      run: null,
    },
  ).run();

it('a backfill waits for Stripe, also while it compares events', () => {
  expect(waited).toEqual([expect.stringContaining('An error occurred with our servers')]);
});

it('what was never delivered is recovered from Stripe’s list, each event once, with the reason why it was missing', async () => {
  await cameUp(parts);
  const lost = [...parts.stripe.endpoints.lost].sort();
  expect(lost.length).toBeGreaterThan(0);
  const dry = await recovering(true);
  if (dry.kind !== 'recovered') throw new Error(`It was ${dry.kind}.`);
  expect(dry.missed.map(({ id }) => id)).toEqual(expect.arrayContaining(lost));
  const recovered = await recovering(false);
  if (recovered.kind !== 'recovered') throw new Error(`It was ${recovered.kind}.`);
  expect(recovered.missed.map(({ id }) => id).sort()).toEqual(dry.missed.map(({ id }) => id).sort());
  expect(recovered.covered).toMatchObject({ to: parts.stripe.clock.now() - 900 });
  expect(recovered.missed.every(({ appended }) => appended !== null)).toBe(true);
  await cameUp(parts);
  const again = await recovering(false);
  expect(again).toMatchObject({ missed: [], gap: null });
});

it('changes without an event are found by a dry run, repaired exactly so, and then nothing is left', async () => {
  const before = await wrongRows(parts);
  expect(before.length).toBeGreaterThan(0);
  const dry = await reconciling(false);
  expect(dry).toMatchObject({ kind: 'reconciled', why: null });
  expect(dry.findings.map(({ verdict }) => verdict)).toContain('drift');
  // A report names personal fields without their values.
  expect(JSON.stringify(dry.findings)).not.toMatch(/@/);
  // Nothing changed.
  expect(await wrongRows(parts)).toEqual(before);
  // A stopped run reports its findings so far, and how much it has not checked.
  let left = Infinity;
  const budget = { left: () => left, take: () => (left-- > 0 ? TAKEN : ({ kind: 'spent', until: null } as const)) };
  const bounded = await sessionWith(budget);
  const asked = parts.stripe.counters.requests;
  await reconciling(false, [], bounded);
  left = parts.stripe.counters.requests - asked - 2;
  const stopped = await reconciling(false, [], bounded);
  bounded.api.close();
  const confirmed = stopped.findings.length;
  expect(stopped).toMatchObject({
    kind: 'stopped',
    findings: dry.findings.slice(0, confirmed).map(({ id }) => ({ id })),
  });
  expect([confirmed, confirmed + stopped.unconfirmed]).toEqual([dry.findings.length - 2, dry.findings.length]);
  const repaired = await reconciling(true);
  const named = ({ findings }: Reconciled) => findings.map(({ object, id, rows }) => ({ object, id, rows }));
  expect(named(repaired)).toEqual(named(dry));
  expect(repaired.findings.filter((finding) => finding.repaired === null)).toEqual([]);
  await cameUp(parts);
  expect(await wrongRows(parts)).toEqual([]);
  expect(await reconciling(false)).toMatchObject({ kind: 'reconciled', findings: [] });
}, 120_000);

/** A subscription that is active in the ledger and at Stripe, in real time. */
function anActiveOne(): string {
  const { world, clock } = parts.stripe;
  const all = [...world.objects(clock.now(), VERSION)];
  const one = all.find(({ object, status, test_clock: by }) => object === 'subscription' && status === 'active' && !by);
  if (one === undefined) throw new Error('No subscription is active.');
  return one.id;
}
const lengthOf = async (stream: string): Promise<number> => Number((await lastOf(store, stream))?.revision ?? -1n) + 1;
const rowOf = async (id: string) => {
  await cameUp(parts);
  return (await read<Record<string, unknown>>(parts.ledger.url, `/subscriptions/${id}`)).body;
};

it('what changes between all looks is busy, and is not repaired on ground that has changed', async () => {
  const { world, clock } = parts.stripe;
  const id = anActiveOne();
  const cancelsAt = (at: number | null) => world.amend(id, clock.now(), { cancel_at: at });
  cancelsAt(clock.now() + DAY);
  clock.advance(3_600);
  let looks = 0;
  const changing = await reconciling(true, ['subscription'], session, () =>
    cancelsAt(clock.now() + (looks += 1) * DAY),
  );
  expect([looks, changing.findings]).toEqual([4, [expect.objectContaining({ id, verdict: 'busy', repaired: null })]]);
  expect(await rowOf(id)).toMatchObject({ cancelAt: null });
  cancelsAt(null);
  clock.advance(3_600);
  expect(await reconciling(true, ['subscription'])).toMatchObject({ kind: 'reconciled', findings: [] });
});

it('a state that comes back is news, and one look by many at a time is recorded once', async () => {
  const { world, clock, url } = parts.stripe;
  const id = anActiveOne();
  const end = new Date(Math.floor(clock.now() / 60) * 60_000 + 30 * DAY * 1_000);
  const shows = async (at: number | null) => {
    world.amend(id, clock.now(), { cancel_at: at });
    clock.advance(3_600);
    const found = await session.api.retrieve(resourceOf('subscription') as Resource, id);
    if (found.kind !== 'found') throw new Error(`${id} was ${found.kind} at ${url}.`);
    const look = lookOf(found.item, found, whoseOf(session));
    const purpose = { run: null, reason: 'drift', causedBy: null } as const;
    const recorders = Array.from({ length: 8 }, () => {
      const own = new Appender(store, new BatchedEventIdIndex(database), APPENDER_LIMITS);
      return new Recorder({ store, database, appender: own, projections });
    });
    const before = await lengthOf(`subscription-${id}`);
    await Promise.all(recorders.map((one) => one.recordAll([look], { worth: NEWS, purpose })));
    // Several may be told that they appended it; the log has it once.
    return (await lengthOf(`subscription-${id}`)) - before;
  };
  expect([await shows(end.getTime() / 1_000), await shows(null), await shows(end.getTime() / 1_000)]).toEqual([
    1, 1, 1,
  ]);
  expect(await rowOf(id)).toMatchObject({ cancelAt: end.toISOString() });
  expect(await shows(null)).toBe(1);
});

it('what an object’s life cycle excludes is reported, and never repaired', async () => {
  const { world, clock } = parts.stripe;
  const all = [...world.objects(clock.now(), VERSION)];
  const over = all.find(({ object, status }) => object === 'subscription' && status === 'canceled');
  if (over === undefined) throw new Error('No subscription is canceled.');
  world.amend(over.id, clock.now(), { status: 'active', ended_at: null, canceled_at: null });
  clock.advance(3_600);
  const { findings } = await reconciling(true, ['subscription']);
  expect(findings).toEqual([expect.objectContaining({ id: over.id, verdict: 'contradicts', repaired: null })]);
  expect(await rowOf(over.id)).toMatchObject({ status: 'canceled' });
  world.amend(over.id, clock.now(), {
    status: 'canceled',
    ended_at: over['ended_at'] ?? null,
    canceled_at: over['canceled_at'] ?? null,
  });
});

it('the commands say what is missing and what differs, and their exit codes say whether', async () => {
  const { clock, endpoints, world } = parts.stripe;
  const since = clock.now();
  clock.advance(DAY);
  endpoints.faults = { lost: 1 };
  await parts.stripe.deliver();
  clock.advance(3_600);
  const missing = [...endpoints.lost].filter((id) => Number(world.event(id)?.at) > since).sort();
  expect(missing.length).toBeGreaterThan(0);
  const dry = await command(parts, ['recover', '--dry-run', '--json']).ended;
  const told = dry.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id?: string; cause?: string });
  expect([
    dry.code,
    told
      .slice(0, -1)
      .map(({ id }) => id)
      .sort(),
  ]).toEqual([1, missing]);
  expect(new Set(told.slice(0, -1).map(({ cause }) => cause))).toEqual(new Set(['endpoint_down']));
  const appended = await command(parts, ['recover']).ended;
  expect(appended).toMatchObject({
    code: 1,
    output: expect.stringContaining(`${missing.length} missing and appended`),
  });
  const { code, output } = await command(parts, ['reconcile', '--json', '--wait', '0']).ended;
  expect([code, JSON.parse(output)]).toEqual([0, expect.objectContaining({ kind: 'reconciled', findings: 0 })]);
  const [run] = await latestRuns(store, { max: 1 });
  const shown = async <T>(path: string): Promise<T> => (await read<T>(parts.ledger.url, path)).body;
  expect(await shown(`/stripe/runs/${run?.id}`)).toMatchObject({ kind: 'reconcile', step: 'finished', livemode: true });
  const runs = await shown<{ data: { id: string; kind: string }[]; nextCursor: string }>('/stripe/runs?limit=1');
  expect(runs).toMatchObject({ data: [{ id: run?.id }], nextCursor: expect.any(String) });
  expect(await shown(`/stripe/runs?limit=1&cursor=${runs.nextCursor}`)).toMatchObject({
    data: [{ kind: 'recover', state: { findings: missing.length } }],
    nextCursor: expect.any(String),
  });
  expect(await shown(`/stripe/runs/${run?.id}/findings`)).toEqual({ data: [], nextCursor: null });
  expect(await shown('/stripe/coverage')).toMatchObject({
    data: [{ account: session.account, coveredUntil: new Date((clock.now() - 900) * 1_000).toISOString(), gaps: [] }],
  });
  expect(run).toMatchObject({ started: { kind: 'reconcile' }, standing: { step: 'finished', state: { findings: 0 } } });
}, 60_000);

describe('the service', () => {
  const run = async (method: 'GET' | 'POST', path: string, body?: unknown, token = ADMIN_TOKEN) => {
    const response = await fetch(`${parts.ledger.url}/v1/stripe/runs${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown>, of: response.headers };
  };
  const ended = (id: unknown) =>
    until('the run has ended', async () => {
      const { body } = await run('GET', `/${String(id)}`);
      return ['finished', 'stopped'].includes(String(body['step'])) && body;
    });
  const asked = (key: string) => ({
    ...({ kind: 'backfill', key, livemode: true, options: { only: ['customer'] }, by: 'tests' } as const),
    at: parts.stripe.clock.now(),
  });
  const taker = (key: string, more: Partial<AskedRunsOptions> = {}) =>
    new AskedRuns(
      { store, database, appender, projections },
      {
        ...{ key: KEY, label: key, livemode: true, url: parts.stripe.url, apiVersion: null, perSecond: 100, ...more },
        ...{ rates: new Rates({ perSecond: more.perSecond ?? 100 }), lookMs: 20, silentMs: 50, lookAgainMs: 0 },
      },
      { requested: () => undefined, warned: (text) => expect(text).toBe('nothing') },
    );

  it('takes up what it is asked for, one of a kind at a time, and stops it', async () => {
    expect((await run('POST', '', { kind: 'recover' }, READ_TOKEN)).status).toBe(403);
    expect(await run('POST', '', { kind: 'backfill', only: ['cats'] })).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('only.0') },
    });
    const recovery = await run('POST', '', { kind: 'recover' });
    expect(recovery).toMatchObject({ status: 202, body: { kind: 'recover', key: 'tests' } });
    expect(recovery.of.get('location')).toBe(`/v1/stripe/runs/${String(recovery.body['id'])}`);
    expect(await ended(recovery.body['id'])).toMatchObject({ step: 'finished', account: session.account });
    const [account] = [...parts.stripe.connected.keys()];
    const ofConnected = await run('POST', '', { kind: 'recover', account });
    expect(ofConnected).toMatchObject({ status: 202, body: { account, options: { account } } });
    expect(await ended(ofConnected.body['id'])).toMatchObject({ step: 'finished', account });
    // Stopped after its start and before its end.
    const release = parts.stripe.hold('/v1/customers');
    const backfill = await run('POST', '', { kind: 'backfill', only: ['invoice', 'customer'] });
    const { id } = backfill.body;
    expect(await run('POST', '', { kind: 'backfill' })).toMatchObject({ status: 409, body: { code: 'run_under_way' } });
    await until('the run has begun', async () => (await run('GET', `/${String(id)}`)).body['step'] !== 'wanted');
    expect((await run('POST', `/${String(id)}/stop`)).status).toBe(202);
    release();
    const stopped = await ended(id);
    expect(stopped).toMatchObject({ step: 'stopped', state: { why: expect.stringMatching(/^It was stopped by /) } });
    // The same run is resumed, any other run starts anew.
    expect((await run('POST', '', { kind: 'backfill', only: ['invoice', 'customer'] })).body['id']).toBe(id);
    expect(await ended(id)).toMatchObject({ step: 'finished', state: { why: null } });
    const other = await run('POST', '', { kind: 'backfill', only: ['product'] });
    expect(other.body['id']).not.toBe(id);
    expect(await ended(other.body['id'])).toMatchObject({ step: 'finished' });
  });

  it('reads one object on request, and appends what no event reported', async () => {
    const { clock, world } = parts.stripe;
    const ask = async (path: string, token = ADMIN_TOKEN) => {
      const response = await fetch(`${parts.ledger.url}/v1/${path}/refresh`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      });
      const body = (await response.json()) as { data: { id: string }[]; position: string | null };
      return { status: response.status, body };
    };
    const since = clock.now();
    // No event of these days arrives.
    clock.advance(6 * DAY);
    await parts.stripe.deliver();
    clock.advance(3_600);
    const changed = world.events
      .filter(({ at }) => at > since && at < since + 6 * DAY)
      .map((event) => event.in(VERSION).data.object)
      .findLast(({ object }) => object === 'subscription');
    if (changed === undefined) throw new Error('No subscription changes in these days: choose another seed.');
    const { id, customer } = changed as unknown as Record<'id' | 'customer', string>;
    expect((await ask(`subscriptions/${id}`, READ_TOKEN)).status).toBe(403);
    const { status, body } = await ask(`subscriptions/${id}`);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        data: [{ object: 'subscription', id, verdict: expect.stringMatching(/^(drift|unknown)$/), cause: null }],
      },
    });
    expect(await read(parts.ledger.url, `/subscriptions/${id}?minPosition=${body.position}`)).toMatchObject({
      status: 200,
      body: { changedBy: { type: 'ledger.subscription.observed' } },
    });
    const all = await ask(`customers/${customer}`);
    expect(all.body.data).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ object: 'customer', id: customer }),
        expect.objectContaining({ object: 'subscription', id, verdict: 'same', appended: null }),
      ]),
    );
    expect(await ask('customers/cus_none')).toMatchObject({ status: 404 });
  });

  it('resumes a run whose process ended or was killed, and ends one that keeps being killed', async () => {
    const wanted = await askForRun(store, asked('a'), false, new Date());
    const again = await askForRun(store, asked('a'), false, new Date());
    expect([wanted.kind, again.kind, again.run.id]).toEqual(['wanted', 'under_way', wanted.run.id]);
    const { id } = wanted.run;
    const step = async () => (await readRun(store, id))?.standing.step;
    const slow = taker('a', { perSecond: 1 });
    slow.start();
    await until('it is begun', async () => (await step()) !== 'wanted');
    await slow.stop();
    expect(await step()).toBe('wanted');
    const next = taker('a');
    next.start();
    await until('it is finished', async () => (await step()) === 'finished');
    await next.stop();
    // A killed process reports nothing more.
    const killed = await askForRun(store, { ...asked('a'), options: { only: ['product'] } }, false, new Date());
    if (killed.run.started !== null) throw new Error('It has begun.');
    const begun = await startRun(store, killed.run, startedBy(session, killed.run.wanted));
    const third = taker('a');
    third.start();
    await until('it is finished too', async () => (await readRun(store, killed.run.id))?.standing.step === 'finished');
    await third.stop();
    const last = await askForRun(store, { ...asked('a'), options: { only: ['price'] } }, false, new Date());
    if (begun === null) throw new Error('Another process works at it.');
    await stepOf(store, last.run, { step: 'checkpoint', state: { by: 'tests', attempts: 2 } });
    const fourth = taker('a');
    fourth.start();
    await until('it is given up', async () => (await readRun(store, last.run.id))?.standing.step === 'stopped');
    await fourth.stop();
    // A run stopped before its start stays stopped: there is nothing to resume.
    const unbegun = await askForRun(store, asked('b'), false, new Date());
    expect(await stopRun(store, unbegun.run.id, 'tests', new Date())).toMatchObject({
      ...{ started: null, revision: 1n, standing: { step: 'stopped', state: { why: 'It was stopped by tests.' } } },
    });
    const anew = await askForRun(store, asked('b'), false, new Date());
    expect([anew.kind, anew.run.id === unbegun.run.id]).toEqual(['wanted', false]);
    await stopRun(store, anew.run.id, 'tests', new Date());
  });
});

it('automatically, one process of many recovers what was lost, and no restart refills its budget', async () => {
  const { clock, counters, url } = parts.stripe;
  clock.advance(DAY);
  await parts.stripe.deliver();
  clock.advance(3_600);
  const told: Recovered[] = [];
  const asked = async () => (await readCoverages(store, Date.now())).find(({ account }) => account === session.account);
  const earlier = counters.requests;
  const watch = (perDay: number, everyMs: number) =>
    new Watch(
      { store, database, appender, projections },
      {
        key: KEY,
        label: 'tests',
        livemode: true,
        url,
        apiVersion: null,
        perSecond: 100,
        perDay,
        repair: false,
        everyMs,
        lookAgainMs: 0,
      },
      { ...NO_NEWS, recovered: (_, recovered) => void told.push(recovered) },
    );
  const [one, other] = [watch(200, 600_000), watch(200, 600_000)];
  expect(await one.pass()).toBe('missing');
  expect(told).toMatchObject([{ gap: null, covered: { to: clock.now() - 900 } }]);
  await cameUp(parts);
  const before = counters.byOperation['GET /v1/events'];
  const byOne = counters.requests - earlier;
  expect(await other.pass()).toBe('elsewhere');
  const byOther = counters.requests - earlier - byOne;
  expect(counters.byOperation['GET /v1/events']).toBe(before);
  expect(await one.pass()).toBe('complete');
  expect(counters.byOperation['GET /v1/events']).toBe(Number(before) + 1);
  // Requests that a claim reserves have not been made yet; in the end the total is exact.
  expect((await asked())?.requests).toBeLessThanOrEqual(counters.requests - earlier);
  await Promise.all([one.stop(), other.stop()]);
  expect((await asked())?.requests).toBe(counters.requests - earlier - byOther);
  const later = watch(5, 600_000);
  const listed = counters.byOperation['GET /v1/events'];
  expect(await later.pass()).toBe('refused');
  expect(counters.byOperation['GET /v1/events']).toBe(listed);
  await later.stop();
});

it('automatically, it queries connected accounts too, in turn, and skips one that has ended the connection', async () => {
  const { deauthorize, connected, url, world } = parts.stripe;
  const [one, other] = [...connected.keys()] as [string, string];
  const told: string[] = [];
  const watch = new Watch(
    { store, database, appender, projections },
    {
      ...{
        key: KEY,
        label: 'tests',
        livemode: true,
        url,
        apiVersion: null,
        perSecond: 100,
        perDay: 1_000,
        repair: false,
      },
      // A pass may use half of a day's requests.
      ...{ connected: 'all', everyMs: DAY * 1_000, lookAgainMs: 0 },
    },
    {
      ...NO_NEWS,
      recovered: ({ account }) => void told.push(account),
      reconciled: ({ account }, { kind }) => void told.push(`${account} ${kind}`),
      warned: (text) => void told.push(text),
    },
  );
  try {
    expect(await watch.pass()).not.toBe('refused');
    // Nothing of the other account was ever covered.
    const [own, ...others] = told.filter((text) => !text.includes('reconciled'));
    expect([own, others]).toEqual([world.account.id, [other, one]]);
    expect(told).toEqual(expect.arrayContaining([`${one} reconciled`, `${other} reconciled`]));
    deauthorize(other);
    told.splice(0);
    await watch.pass();
    expect(told).toEqual([world.account.id, one]);
    expect((await readCoverages(store, Date.now())).map(({ account, ended }) => [account, ended])).toEqual(
      expect.arrayContaining([
        [world.account.id, null],
        [one, null],
        [other, 'deauthorized'],
      ]),
    );
  } finally {
    await watch.stop();
  }
});

it('nothing is repaired where more than 5 % differ', async () => {
  const { clock, world } = parts.stripe;
  const gone = [...world.objects(clock.now(), VERSION)].filter(
    ({ object, status }) => object === 'subscription' && status === 'active',
  );
  for (const { id } of gone) world.delete(id, clock.now());
  clock.advance(3_600);
  await recovering(false);
  await cameUp(parts);
  const before = await wrongRows(parts);
  const stopped = await reconciling(true, ['subscription', 'invoice', 'payment_intent']);
  expect(stopped).toMatchObject({ kind: 'stopped', why: expect.stringContaining('more than 5 %') });
  expect(stopped.findings.map(({ id, verdict }) => [id, verdict]).sort()).toEqual(
    gone.map(({ id }) => [id, 'contradicts']).sort(),
  );
  expect(stopped.findings.every(({ repaired }) => repaired === null)).toBe(true);
  expect(await wrongRows(parts)).toEqual(before);
});

it('what is appended without reading its stream is not judged by facts that others have changed', async () => {
  const now = parts.stripe.clock.now();
  const [shape] = [...parts.stripe.world.objects(now, VERSION)].filter(({ object }) => object === 'invoice');
  const lookAt = (id: string, total: number, asked = now): Look => {
    const created = now - 3_600;
    const value = { ...shape, id, total, created, parent: null, subscription: 'sub_with_others' };
    const item = { id, object: 'invoice', created, deleted: false, bytes: Buffer.from(JSON.stringify(value)), value };
    const answer = { asked, answered: asked, requestId: null, apiVersion: '2024-06-20' };
    return lookOf(item, answer, { account: null, livemode: true });
  };
  const purpose = { run: null, reason: 'backfill', causedBy: null } as const;
  const record = async (recorder: Recorder, look: Look) =>
    (await recorder.recordAll([look], { worth: NEWS, purpose }))[0];
  const recorder = () => new Recorder({ store, database, appender, projections });
  const [one, other] = [recorder(), recorder()];
  expect(await record(one, lookAt('in_first', 100))).toMatchObject({ appended: { revision: 0n } });
  expect(await record(other, lookAt('in_second', 200))).toMatchObject({ appended: { revision: 1n } });
  // Each process knows the stream as of its own last append.
  const changed = await record(one, lookAt('in_second', 400, now + 3_600));
  expect(changed).toMatchObject({ verdict: { kind: 'drift' }, appended: { revision: 2n } });
  const unheardOf = await record(other, lookAt('in_third', 300));
  expect(unheardOf).toMatchObject({ verdict: { kind: 'unknown' }, appended: { revision: 3n } });
  expect(await record(one, lookAt('in_third', 300))).toMatchObject({ verdict: { kind: 'same' }, appended: null });
});

it('what an event without a snapshot names is fetched, and a webhook that Stripe does not know is found by two looks', async () => {
  const { clock, world, thin, endpoints } = parts.stripe;
  const since = clock.now();
  clock.advance(6 * DAY);
  await parts.stripe.deliver();
  clock.advance(3_600);
  const of = (event: (typeof world.events)[number]) => event.in(VERSION).data.object;
  const lost = world.events.filter(({ at }) => at > since && at < since + 6 * DAY);
  const changed = lost.findLast((event) => of(event).object === 'charge');
  const other = lost.find((event) => of(event).object === 'invoice');
  if (changed === undefined || other === undefined) throw new Error('Nothing changes in these days.');
  const about = { id: of(changed).id, type: 'charge', url: 'https://dashboard.example' };
  const body = (id: string, type: string, more: object) =>
    JSON.stringify({ id, object: 'v2.core.event', type, created: '2026-01-01T00:00:00.000Z', livemode: true, ...more });
  const told = { id: 'evt_thin', object: 'v2.core.event', type: 'v1.invoice.paid', snapshot_event: other.id };
  thin.set(told.id, { ...told, livemode: true });
  await deliver(parts.ledger.url, body(told.id, told.type, { related_object: null }));
  const failure = 'v2.core.health.event_generation_failure.resolved';
  await deliver(parts.ledger.url, body('evt_failure', failure, { data: { impact: { related_object: about } } }));
  const following = (nowMs: number) =>
    follow(
      { store, database, appender, projections, session, listed: new Set() },
      { coveredTo: clock.now() - 900, now: clock.now(), nowMs },
    );
  expect(await following(0)).toMatchObject({
    fetched: [
      { id: 'evt_thin', outcome: 'event', appended: 1 },
      { id: 'evt_failure', outcome: 'object', appended: 1 },
    ],
    unknown: [],
  });
  await cameUp(parts);
  expect(await read(parts.ledger.url, `/streams/charge-${about.id}`)).toMatchObject({
    body: { data: [{ type: 'ledger.charge.observed', source: 'observation' }] },
  });
  // It is signed with the right secret.
  const customer = { id: 'cus_forged', object: 'customer', created: since, livemode: true, metadata: {} };
  const forged = { ...changed.in(VERSION), id: 'evt_forged', type: 'customer.created', created: since + 60 };
  await deliver(parts.ledger.url, JSON.stringify({ ...forged, data: { object: customer } }));
  expect(await following(0)).toMatchObject({ fetched: [], unknown: [] });
  expect(await following(599_999)).toMatchObject({ unknown: [] });
  expect(await following(600_000)).toMatchObject({ unknown: [{ id: 'evt_forged', stream: 'customer-cus_forged' }] });
  expect(await following(1_200_000)).toMatchObject({ unknown: [] });
  // Events from before the endpoint existed are rightly missing.
  for (const { id } of [...endpoints.all]) endpoints.delete(id);
  endpoints.create(
    new URLSearchParams({ url: parts.ledger.url, secret: SECRET, 'enabled_events[0]': '*' }),
    clock.now(),
  );
  const recovered = await recovering(false);
  if (recovered.kind !== 'recovered') throw new Error(`It was ${recovered.kind}.`);
  expect(new Set(recovered.missed.map(({ cause }) => cause))).toEqual(new Set(['before_endpoint']));
});

it('an endpoint that does not receive a type is the cause, and what Stripe no longer keeps is a gap until everything was compared', async () => {
  const { clock, endpoints } = parts.stripe;
  for (const { id } of endpoints.all)
    endpoints.update(id, new URLSearchParams({ 'enabled_events[0]': 'customer.created' }));
  clock.advance(3 * DAY);
  const recovered = await recovering(false);
  if (recovered.kind !== 'recovered') throw new Error(`It was ${recovered.kind}.`);
  expect(new Set(recovered.missed.map(({ cause }) => cause))).toEqual(new Set(['not_enabled']));
  const covered = Number(recovered.covered?.to);
  clock.advance(40 * DAY);
  const from = clock.now() - 30 * DAY + 3_600;
  expect(await recovering(false)).toMatchObject({ gap: { from: covered + 1, to: from - 1 }, covered: { from } });
  const gaps = async () => (await readCoverages(store, Date.now())).flatMap((of) => of.gaps);
  expect(await gaps()).toMatchObject([{ from: covered + 1 }]);
  const run = await beginRun(store, startedBy(session, { kind: 'reconcile', key: 'tests', options: {} }));
  await closeGaps(store, session, { id: run.id, at: covered });
  expect(await gaps()).toHaveLength(1);
  await closeGaps(store, session, { id: run.id, at: clock.now() });
  expect(await gaps()).toEqual([]);
});

it('a list whose cursor has aged out is read again from its beginning', async () => {
  const told = { id: 'evt_old', object: 'event', type: 'customer.created', api_version: VERSION, livemode: true };
  const event = { ...told, created: NOW, pending_webhooks: 0, data: { object: { id: 'cus_old', object: 'customer' } } };
  const asked: string[] = [];
  const answers = [
    [200, { object: 'list', data: [event], has_more: true }],
    [400, { error: { type: 'invalid_request_error', message: 'The event has aged out of our retention policy.' } }],
    [200, { object: 'list', data: [{ ...event, id: 'evt_young' }], has_more: false }],
  ] as const;
  const server = createServer((request, response) => {
    const [status, body] = answers[asked.push(String(request.url)) - 1] ?? answers[2];
    response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_1' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const api = new StripeApi({
    ...{ key: KEY, url: `http://127.0.0.1:${port}`, apiVersion: VERSION, signal },
    ...{ rates: new Rates({ perSecond: 100 }), budget: new RunBudget(10) },
  });
  try {
    const purpose = { run: null, reason: 'recovery', causedBy: null } as const;
    const whose = { account: 'acct_other', livemode: true };
    const of = { from: NOW - 10, to: NOW + 10, whose, purpose };
    const found = await compareEvents({ api, store, appender, database }, of);
    expect(found).toMatchObject({ listed: 1, missing: [{ id: 'evt_young' }] });
    expect(asked.map((url) => url.includes('starting_after'))).toEqual([false, true, false]);
  } finally {
    api.close();
    server.close();
  }
});

it('an event that Stripe lists after its time was complete is found by listing an hour again', async () => {
  const { clock, world } = parts.stripe;
  const since = clock.now();
  clock.advance(2 * DAY);
  const late = world.events.find(({ at }) => at > since + DAY);
  if (late === undefined) throw new Error('Nothing happens in these days.');
  const { last, revision } = await readCoverage(store, session);
  const to = clock.now() - 900;
  // As if none of these days' events had been listed at the time.
  const data = { kind: 'covered', from: Number(last?.to) + 1, to, listed: 0, appended: 0 };
  expect(await append(store, coverageStreamOf(session), { type: 'ledger.covered', data, revision })).toBe(true);
  const hourOf = () => (to - (late.created - 60) - 3_600) / (71 * 3_600);
  const found = await sweepLate({ api: session.api, store, appender, database }, session, hourOf);
  expect(found).toContainEqual(
    expect.objectContaining({ id: late.id, cause: 'listed_late', appended: expect.anything() }),
  );
  await cameUp(parts);
  expect(await sweepLate({ api: session.api, store, appender, database }, session, hourOf)).toEqual([]);
});

it('a key of another account is refused before anything is recorded, and what came weeks late says nothing of it', async () => {
  const { world, clock } = parts.stripe;
  const [event] = world.events;
  for (const id of ['evt_late_1', 'evt_late_2', 'evt_late_3']) {
    const body = { ...event?.in(VERSION), id, created: clock.now() - 40 * DAY };
    expect(await deliver(parts.ledger.url, JSON.stringify(body))).toMatchObject({ status: 200 });
  }
  (await sessionWith(new RunBudget(10))).api.close();
  const other = await startStripeApi({ seed: 12, subscriptions: 3, livemode: true, keys: { [KEY]: 'all' }, now: NOW });
  try {
    await expect(
      openSession(store, {
        ...{ key: KEY, livemode: true, url: other.url, apiVersion: null, perSecond: 100, signal },
        budget: new RunBudget(10),
      }),
    ).rejects.toThrow('the key belongs to another account or mode');
    expect(other.counters.requests).toBeLessThanOrEqual(4);
  } finally {
    await other.stop();
  }
});
