/** The brake at scale; `CUSTOMERS=20000 npm test -- test/access-changes/brake` uses more customers. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { readChanges } from '../../src/access-changes/change-log.js';
import type { Decision } from '../../src/access-changes/change.js';
import type { AccessPolicy } from '../../src/access/policy.js';
import { ADMIN_TOKEN, deliver, read, READ_TOKEN } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { query } from '../support/read-models.js';
import { preparedDatabase, temporaryDirectory, type TestServer } from '../support/servers.js';
import { startServiceProcess } from '../support/service-process.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';
import { Deciding } from './access-deciding.js';

const CUSTOMERS = Number(process.env['CUSTOMERS'] ?? 1_050);
/**
 * Two percent are past due, so a policy that revokes their access exceeds both limits: 20 customers and one percent.
 */
const PAST_DUE = Math.round(CUSTOMERS / 50);
const NO_GRACE: Partial<AccessPolicy> = { graceDays: { past_due: 0, unpaid: 0, incomplete: 0, paused: 0 } };
const BRAKE = { customers: 20, percent: 1 };
const DAY = 86_400;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let eventStore: TestServer;
let database: TestServer;
let ledger: TestLedger;
let deciding: Deciding;
const start = Math.floor(Date.now() / 1_000);
const pastDue = new Set<string>();

beforeAll(async () => {
  directory = await temporaryDirectory();
  eventStore = await startEmbeddedEventStore({ directory: directory.path });
  database = await preparedDatabase();
  ledger = await startLedger({ eventStore, database });
  const waiting = Array.from({ length: CUSTOMERS }, (_, index) => {
    const id = randomId('sub');
    if (index < PAST_DUE) pastDue.add(`cus_of_${id}`);
    return { id, status: index < PAST_DUE ? 'past_due' : 'active' };
  });
  let last = 0n;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
        const event = subscriptionEvent(one.id, {
          created: start - DAY,
          object: { ...periodOf(one.id), status: one.status, pause_collection: { behavior: 'keep_as_draft' } },
        });
        const { body } = await deliver(ledger.url, JSON.stringify(event));
        if (BigInt(body.position) > last) last = BigInt(body.position);
      }
    }),
  );
  expect((await read(ledger.url, `/v1/subscriptions?minPosition=${last}&waitMs=30000`)).status).toBe(200);
  deciding = await decidingBy({});
}, 600_000);
afterAll(async () => {
  await deciding.stop();
  await ledger.stop();
  await Promise.all([eventStore.stop(), database.stop()]);
  await directory.remove();
});

function periodOf(id: string) {
  const { items } = subscriptionEvent(id).data.object;
  const [item] = items.data;
  return {
    items: { ...items, data: [{ ...item, current_period_start: start - DAY, current_period_end: start + 29 * DAY }] },
  };
}
/** Lets a process with another policy take over. */
async function decidingBy(policy: Partial<AccessPolicy>, at = new Date(start * 1_000)): Promise<Deciding> {
  const before = (deciding as Deciding | undefined)?.now ?? at;
  await (deciding as Deciding | undefined)?.stop();
  const urls = { eventstoreUrl: eventStore.url, databaseUrl: database.url };
  const next = new Deciding(urls, before > at ? before : at, { policy, brake: BRAKE });
  await next.idle();
  return next;
}
const recorded = async () => (await readChanges(deciding.store, { after: null, max: 2 * CUSTOMERS })).changes;
type Held = { data: (Decision & { hold: string })[]; count: number; nextCursor: string | null };
async function heldNow(): Promise<Held> {
  const { body } = await read<Held>(ledger.url, '/v1/access-changes/held?limit=200', ADMIN_TOKEN);
  return body;
}
const post = (verdict: string, token: string, body: string | null = null): Promise<Response> =>
  fetch(`${ledger.url}/v1/access-changes/${verdict}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body,
  });
const approve = (token: string): Promise<Response> => post('approve', token);
const reject = (token: string, body: unknown): Promise<Response> => post('reject', token, JSON.stringify(body));

describe(`of ${CUSTOMERS} customers, a policy that touches ${PAST_DUE}`, () => {
  it('is held: nothing is recorded, and the list shows who, what and why', async () => {
    expect([await recorded(), deciding.held]).toEqual([[], 0]);
    deciding = await decidingBy(NO_GRACE);
    expect(await recorded()).toEqual([]);
    expect(deciding.held).toBe(PAST_DUE);
    const { data, count } = await heldNow();
    expect(count).toBe(PAST_DUE);
    expect(new Set(data.map(({ hold }) => hold)).size).toBe(1);
    for (const { customer, before, now: then, because } of data)
      expect([pastDue.has(customer), before.granted, then.granted, because.kind]).toEqual([
        true,
        true,
        false,
        'policy',
      ]);
    // Held until someone approves, also for later processes.
    deciding = await decidingBy(NO_GRACE);
    expect([await recorded(), deciding.held]).toEqual([[], PAST_DUE]);
  });

  it('is rejected by putting it back: nothing is held, and nothing was recorded', async () => {
    deciding = await decidingBy({});
    expect([await recorded(), deciding.held, (await heldNow()).count]).toEqual([[], 0, 0]);
  });

  it('is rejected by an admin with a reason: nothing is announced, the history records it, and later changes are decided again', async () => {
    deciding = await decidingBy(NO_GRACE);
    const why = 'The new rule was a mistake.';
    expect((await reject(READ_TOKEN, { why })).status).toBe(403);
    for (const body of [{}, { why: ' ' }, { why: 'x'.repeat(501) }, { why, customer: 'cus_1' }])
      expect([body, (await reject(ADMIN_TOKEN, body)).status]).toEqual([body, 400]);
    await deciding.idle();
    expect(deciding.held).toBe(PAST_DUE);
    const answer = await reject(ADMIN_TOKEN, { why });
    expect([answer.status, await answer.json()]).toEqual([202, { rejected: PAST_DUE }]);
    // Only the first approval or rejection counts.
    await approve(ADMIN_TOKEN);
    await deciding.idle();
    expect([await recorded(), deciding.held, (await heldNow()).count]).toEqual([[], 0, 0]);
    const [of = ''] = pastDue;
    const { body } = await read<{ data: unknown[] }>(ledger.url, `/v1/customers/${of}/access-changes`, ADMIN_TOKEN);
    const now = { granted: false };
    expect(body.data).toMatchObject([
      { type: 'customer.access_rejected', revision: 1, now, rejected: { why, by: expect.stringMatching(/./) } },
      { type: 'customer.access_changed', revision: 0, isBaseline: true, rejected: null },
    ]);
    // The rejection is in the log, so it survives further processes and the loss of Postgres.
    await query(database.url, 'drop table ledger.access_customers, ledger.access_decider');
    deciding = await decidingBy(NO_GRACE);
    expect([await recorded(), deciding.held]).toEqual([[], 0]);
    const told = async (status: string, created: number): Promise<void> => {
      const id = of.replace('cus_of_', '');
      const event = subscriptionEvent(id, { created, object: { ...periodOf(id), status } });
      const { body } = await deliver(ledger.url, JSON.stringify(event));
      await read(ledger.url, `/v1/subscriptions?minPosition=${body.position}&waitMs=30000`);
    };
    await told('unpaid', start + 1);
    expect(await deciding.untilChanges(of, 1)).toMatchObject([{ revision: 2, now, because: { kind: 'event' } }]);
    await told('active', start + 2);
    await deciding.untilChanges(of, 2);
    // A decision equal to the state before the rejection lifts it.
    await told('past_due', start + 3);
    expect((await deciding.untilChanges(of, 3)).at(-1)).toMatchObject({ revision: 4, now });
    deciding = await decidingBy({});
    expect((await deciding.untilChanges(of, 4)).at(-1)).toMatchObject({ revision: 5, now: { granted: true } });
    deciding = await decidingBy(NO_GRACE);
    expect(deciding.held).toBe(PAST_DUE);
    deciding = await decidingBy({});
  });

  it('is recorded once it is approved: each customer once', async () => {
    const before = (await recorded()).length;
    deciding = await decidingBy(NO_GRACE);
    expect((await approve(READ_TOKEN)).status).toBe(403);
    await deciding.idle();
    expect(deciding.held).toBe(PAST_DUE);
    const answer = await approve(ADMIN_TOKEN);
    expect([answer.status, await answer.json()]).toEqual([202, { approved: PAST_DUE }]);
    await deciding.idle();
    const changes = (await recorded()).slice(before);
    expect(changes.map(({ customer }) => customer).sort()).toEqual([...pastDue].sort());
    expect(changes.every(({ because, now: then }) => because.kind === 'policy' && !then.granted)).toBe(true);
    expect([deciding.held, (await heldNow()).count]).toEqual([0, 0]);
    // Nothing is left to approve.
    expect(await (await approve(ADMIN_TOKEN)).json()).toEqual({ approved: 0 });
  });
});

describe('when no renewals arrive any more', () => {
  it('is held for every customer whose time has come, however many', async () => {
    const before = await recorded();
    deciding.now = new Date((start + 60 * DAY) * 1_000);
    await deciding.idle();
    expect(deciding.held).toBe(CUSTOMERS - PAST_DUE);
    expect(await recorded()).toEqual(before);
  });
});

describe('changes that come one after another', () => {
  it('count together for a minute: changes beyond the limit are held, and others continue afterwards', async () => {
    // Customers already held stay held; these are others that gain and lose access within a minute.
    const at = (): number => Math.floor(deciding.now.getTime() / 1_000);
    const ids = Array.from({ length: BRAKE.customers + 4 }, () => randomId('sub'));
    const tell = async (id: string, status: string): Promise<void> => {
      const { items } = periodOf(id);
      const [item] = items.data;
      const period = { ...item, current_period_start: at(), current_period_end: at() + 30 * DAY };
      const object = { status, items: { ...items, data: [period] } };
      const { body } = await deliver(ledger.url, JSON.stringify(subscriptionEvent(id, { created: at(), object })));
      const path = `/v1/subscriptions?limit=1&minPosition=${body.position}&waitMs=30000`;
      expect((await read(ledger.url, path)).status).toBe(200);
    };
    await Promise.all(ids.map((id) => tell(id, 'active')));
    await deciding.idle();
    const held = deciding.held;
    const before = (await recorded()).length;
    // New customers are announced without a limit.
    expect((await recorded()).filter(({ revision, now: then }) => revision === 0 && then.granted).length).toBe(
      ids.length,
    );
    const granted = CUSTOMERS - PAST_DUE + ids.length;
    // Where one percent exceeds the number of customers, it is the limit.
    const limit = Math.max(BRAKE.customers, Math.floor(granted / 100));
    if (limit > BRAKE.customers) return;
    for (let from = 0; from < ids.length; from += 8) {
      await Promise.all(ids.slice(from, from + 8).map((id) => tell(id, 'unpaid')));
      deciding.now = new Date(deciding.now.getTime() + 2_500);
      await deciding.decider.tick();
    }
    await deciding.idle();
    const lost = (await recorded()).length - before;
    expect(lost).toBeLessThanOrEqual(limit);
    expect(lost + deciding.held - held).toBe(ids.length);
    expect(deciding.held).toBeGreaterThan(held);
  });
});

describe('a process that is killed in the middle of an approval', () => {
  it('leaves the others held and approved: each is recorded once, by whichever process continues', async () => {
    await deciding.stop();
    const urls = { eventstoreUrl: eventStore.url, databaseUrl: database.url };
    const paused = { policy: { pauseCollectionDenies: ['keep_as_draft'] } as Partial<AccessPolicy>, brake: BRAKE };
    deciding = new Deciding(urls, new Date(), paused);
    await deciding.idle();
    const held = await query(database.url, 'select customer from ledger.access_customers where held is not null');
    expect(held.length).toBeGreaterThan(CUSTOMERS - 2 * PAST_DUE);
    await deciding.decider.stop();
    await approve(ADMIN_TOKEN);
    const before = await recorded();
    const after = BigInt(before.at(-1)?.position ?? 0);
    const service = await startServiceProcess(urls, {
      ROLES: 'project',
      ACCESS_CHANGES: 'yes',
      ACCESS_PAUSE_COLLECTION_DENIES: 'keep_as_draft',
    });
    await until(
      'the first is recorded',
      async () => {
        const { changes } = await readChanges(deciding.store, { after, max: 1 });
        return changes.length > 0;
      },
      60_000,
    );
    await service.kill();
    const some = (await recorded()).length - before.length;
    expect(some).toBeLessThan(held.length);
    // The decider's lease expires.
    await query(database.url, `update ledger.access_decider set lease_until = '-infinity'`);
    await deciding.idle();
    const since = (await recorded()).slice(before.length);
    expect(since.map(({ customer }) => customer).sort()).toEqual(held.map(({ customer }) => customer).sort());
    expect([deciding.held, (await heldNow()).count]).toEqual([0, 0]);
  }, 120_000);
});
