import { expect } from '@jest/globals';
import { derivations } from '../../derivations/index.js';
import { defaultPolicy } from '../../derivations/policy.js';
import { projections } from '../../projections/index.js';
import { subscriptions } from '../../projections/subscriptions.js';
import { Deriver } from '../../src/deriving/deriver.js';
import { verifyLive, type DerivedFault } from '../../src/deriving/verify-keys.js';
import { Database } from '../../src/read-models/database.js';
import { deliver, read } from './delivery.js';
import { rowsAfter } from './facts.js';
import { query, rowsOf } from './read-models.js';
import { randomId, START, subscriptionEvent } from './subscription-events.js';

const STATUSES = ['incomplete', 'active', 'past_due', 'active', 'unpaid', 'active'];

/** A subscription and all events about it. */
export type Life = Readonly<{ id: string; events: readonly ReturnType<typeof subscriptionEvent>[] }>;

/** A subscription with two events per second, so that the order within a second matters. */
export function newLife(): Life {
  const id = randomId('sub');
  const events = STATUSES.map((status, at) =>
    subscriptionEvent(id, {
      created: START + Math.floor(at / 2),
      object: { status },
      ...(at === 0 ? { type: 'customer.subscription.created' } : { previous: { status: STATUSES[at - 1] } }),
    }),
  );
  return { id, events };
}

export const newLives = (count: number): Life[] => Array.from({ length: count }, newLife);

export const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, by: Math.random() }))
    .sort((a, b) => a.by - b.by)
    .map(({ item }) => item);

/**
 * Delivers all events of the lives out of order from a few concurrent senders; resolves with the last position.
 * `onAnswer` receives the number delivered so far.
 */
export async function deliverLives(
  url: string,
  lives: readonly Life[],
  onAnswer: (done: number) => void = () => undefined,
): Promise<string> {
  const waiting = shuffled(lives.flatMap(({ events }) => events));
  let last = 0n;
  let done = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let event = waiting.pop(); event !== undefined; event = waiting.pop()) {
        const { status, body } = await deliver(url, JSON.stringify(event));
        expect(status).toBe(200);
        if (BigInt(body.position) > last) last = BigInt(body.position);
        onAnswer((done += 1));
      }
    }),
  );
  return String(last);
}

/** Waits until a service's read models have reached a position. */
export async function reachPosition(url: string, position: string): Promise<void> {
  expect(await read(url, `/subscriptions?limit=1&minPosition=${position}&waitMs=30000`)).toMatchObject({ status: 200 });
}

/**
 * Expects each row to be the fold of its events, each event to be indexed once, and derived rows to be up to date
 * unless still noted.
 */
export async function expectTruth(databaseUrl: string, lives: readonly Life[]): Promise<void> {
  const rows = new Map(
    (
      (await rowsOf(databaseUrl, 'ledger.subscriptions')) as { id: string; status: string; stripe_event_id: string }[]
    ).map((row) => [row.id, row]),
  );
  for (const { id, events } of lives) {
    const [expected] = rowsAfter(subscriptions, events);
    expect(rows.get(id)).toMatchObject({
      status: expected?.['status'],
      stripe_event_id: expected?.['stripe_event_id'],
    });
  }
  const indexed = await query<{ stream: string; events: number }>(
    databaseUrl,
    'select stream, count(*)::int as events from ledger.event_index_v3 where stream = any($1) group by stream',
    [lives.map(({ id }) => `subscription-${id}`)],
  );
  expect(indexed).toHaveLength(lives.length);
  expect(indexed.filter(({ events }) => events !== STATUSES.length)).toEqual([]);
  expect(
    await faultsOf(
      databaseUrl,
      lives.map(({ id }) => `subscription-${id}`),
    ),
  ).toEqual([]);
}

/** Derived rows that do not follow from the rows of these streams. */
async function faultsOf(databaseUrl: string, streams: readonly string[]): Promise<DerivedFault[]> {
  const database = new Database(databaseUrl, { connectionsMax: 2, onIdleError: () => undefined });
  const faults: DerivedFault[] = [];
  const deriver = new Deriver({ projections, derivations, policy: defaultPolicy });
  await verifyLive(database, deriver, { streams, found: (fault) => faults.push(fault) });
  await database.close();
  return faults;
}
