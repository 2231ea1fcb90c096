/** The brake at scale: `CUSTOMERS=20000 npm test -- test/access-changes/brake` has more of them. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { readChanges } from '../../src/access-changes/change-log.js';
import type { Decision } from '../../src/access-changes/change.js';
import type { AccessPolicy } from '../../src/access/policy.js';
import { ADMIN_TOKEN, deliver, read, READ_TOKEN } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { emptyDatabase, temporaryDirectory, type TestServer } from '../support/servers.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';
import { Deciding } from './access-deciding.js';

const CUSTOMERS = Number(process.env['CUSTOMERS'] ?? 1_050);
/** Two of a hundred are past due: what a policy takes from them is more than 20 customers, and more than one of a hundred. */
const PAST_DUE = Math.round(CUSTOMERS / 50);
const NO_GRACE: Partial<AccessPolicy> = { graceDays: { past_due: 0, unpaid: 0, incomplete: 0, paused: 0 } };
const BRAKE = { customers: 20, percent: 1 };
const DAY = 86_400;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let eventStore: TestServer;
let database: TestServer;
let ledger: TestLedger;
let deciding: Deciding;
const now = Math.floor(Date.now() / 1_000);
const pastDue = new Set<string>();

beforeAll(async () => {
  directory = await temporaryDirectory();
  eventStore = await startEmbeddedEventStore({ directory: directory.path });
  database = await emptyDatabase();
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
          created: now - DAY,
          object: { ...periodOf(one.id), status: one.status },
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
    items: { ...items, data: [{ ...item, current_period_start: now - DAY, current_period_end: now + 29 * DAY }] },
  };
}
/** A process that decides by another policy takes over. */
async function decidingBy(policy: Partial<AccessPolicy>, at = new Date(now * 1_000)): Promise<Deciding> {
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
const approve = (token: string): Promise<Response> =>
  fetch(`${ledger.url}/v1/access-changes/approve`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });

describe(`of ${CUSTOMERS} customers, a policy that touches ${PAST_DUE}`, () => {
  it('is held: nothing is recorded, and the list says who, what, and why', async () => {
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
    // As long as nobody approves, also for the process after the next.
    deciding = await decidingBy(NO_GRACE);
    expect([await recorded(), deciding.held]).toEqual([[], PAST_DUE]);
  });

  it('is rejected by putting it back: nothing is held, and nothing was recorded', async () => {
    deciding = await decidingBy({});
    expect([await recorded(), deciding.held, (await heldNow()).count]).toEqual([[], 0, 0]);
  });

  it('is recorded when somebody who may approves it: each customer once', async () => {
    deciding = await decidingBy(NO_GRACE);
    expect((await approve(READ_TOKEN)).status).toBe(403);
    await deciding.idle();
    expect(deciding.held).toBe(PAST_DUE);
    const answer = await approve(ADMIN_TOKEN);
    expect([answer.status, await answer.json()]).toEqual([202, { approved: PAST_DUE }]);
    await deciding.idle();
    const changes = await recorded();
    expect(changes.map(({ customer }) => customer).sort()).toEqual([...pastDue].sort());
    expect(changes.every(({ because, now: then }) => because.kind === 'policy' && !then.granted)).toBe(true);
    expect([deciding.held, (await heldNow()).count]).toEqual([0, 0]);
    // Nothing is left to approve.
    expect(await (await approve(ADMIN_TOKEN)).json()).toEqual({ approved: 0 });
  });
});

describe('when no renewal is heard of any more', () => {
  it('is held for everybody whose time has come, however many', async () => {
    const before = await recorded();
    deciding.now = new Date((now + 60 * DAY) * 1_000);
    await deciding.idle();
    expect(deciding.held).toBe(CUSTOMERS - PAST_DUE);
    expect(await recorded()).toEqual(before);
  });
});

describe('changes that come one after another', () => {
  it('count together for a minute: what is beyond the limit is held, and the others go on after it', async () => {
    // Who is held already stays so; these are others, who gain and lose access within a minute.
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
    // New customers are told, however many.
    expect((await recorded()).filter(({ revision, now: then }) => revision === 0 && then.granted).length).toBe(
      ids.length,
    );
    const granted = CUSTOMERS - PAST_DUE + ids.length;
    // Where one of a hundred is more than the number of customers, that is the limit.
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
