import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ANY } from '@eventstore/db-client';
import type { AnyDerivation, Policy } from '../../derivations/derivation.js';
import { CatchUp } from '../../src/catch-up/catch-up.js';
import { BOUNDS, type Bounds } from '../../src/deriving/bounds.js';
import { Deriver } from '../../src/deriving/deriver.js';
import { verifyLive, type DerivedFault } from '../../src/deriving/verify-keys.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { readCheckpoints } from '../../src/read-models/checkpoints.js';
import { Database } from '../../src/read-models/database.js';
import { wantReplay } from '../../src/read-models/parked-streams.js';
import { ensureSchema } from '../../src/read-models/schema.js';
import { appendedEvent } from '../support/log.js';
import { query } from '../support/read-models.js';
import { testDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { BASIL, invoice, stripeEvent } from '../support/stripe-objects.js';
import { randomId } from '../support/subscription-events.js';
import { until } from '../support/until.js';
import { CURSED, ENDLESS, MANIFOLD, MUTE, SLOW, toyDerivations, toyProjections, VERBOSE } from './toy-derivations.js';

let eventStore: TestServer;
let server: TestServer;
let store: EventStore;
let database: Database;
beforeAll(async () => {
  [eventStore, server] = await Promise.all([testEventStore(), testDatabase()]);
  store = connectEventStore(eventStore.url);
  database = new Database(server.url, { connectionsMax: 6, onIdleError: () => undefined });
  await ensureSchema(database, [...toyProjections, ...toyDerivations]);
});
afterAll(async () => {
  await Promise.all([store.close(), database.close()]);
  await Promise.all([eventStore.stop(), server.stop()]);
});

const warnings: string[] = [];
function newCatchUp({
  derivations = toyDerivations,
  policy = {},
  isBusy = () => false,
  bounds = BOUNDS,
}: { derivations?: readonly AnyDerivation[]; policy?: Policy; isBusy?: () => boolean; bounds?: Bounds } = {}): {
  catchUp: CatchUp;
  deriver: Deriver;
} {
  const deriver = new Deriver({ projections: toyProjections, derivations, policy, isPressed: isBusy, bounds });
  const catchUp = new CatchUp(store, database, {
    projections: toyProjections,
    deriver,
    verifyEveryMs: 3_600_000,
    intakeIsBusy: isBusy,
    build: async () => ({ kind: 'stopped' }),
    observer: {
      stateChanged: () => undefined,
      batchApplied: () => undefined,
      buildEnded: () => undefined,
      verified: () => undefined,
      warned: (text) => warnings.push(text),
    },
  });
  return { catchUp, deriver };
}

/** Appends an event to a stream; resolves with its position. */
async function append(stream: string, event: ReturnType<typeof stripeEvent>): Promise<bigint> {
  const { position } = await store.appends.appendToStream(stream, appendedEvent(event), { expectedRevision: ANY });
  if (position === undefined) throw new Error('The store tells no position.');
  return position.commit;
}
let after = 0;
const appendInvoice = (id: string, customer: string, amount: number, fields: Record<string, unknown> = {}) =>
  append(
    `invoice-${id}`,
    stripeEvent(
      'invoice.updated',
      invoice(id, BASIL, {
        subscription: null,
        customer,
        status: amount === 0 ? 'paid' : 'open',
        amount_remaining: amount,
        ...fields,
      }),
      { after: (after += 1) },
    ),
  );

const rowsOf = (table: string, group: string, column = 'customer') =>
  query<Record<string, unknown>>(server.url, `select * from ledger.${table} where ${column} like $1 order by 1`, [
    `${group}%`,
  ]);
const stands = async (position: bigint): Promise<boolean> => {
  const checkpoints = await readCheckpoints(database);
  const notes = await query(
    server.url,
    '(select 1 from ledger.derivation_notes limit 1) union all (select 1 from ledger.derivation_changes limit 1)',
  );
  return (
    notes.length === 0 &&
    checkpoints.every(({ at, state, shown }) => !shown || (state === 'live' && (at?.position ?? -1n) >= position))
  );
};
const reach = (position: bigint) => until('all stands there', () => stands(position));

/** All faults of derived rows, found by deriving everything again. */
async function faults(deriver: Deriver): Promise<DerivedFault[]> {
  const found: DerivedFault[] = [];
  await verifyLive(database, deriver, {
    streams: null,
    found: (fault) => found.push(fault),
  });
  return found;
}

/** Runs a catch-up while `work` lasts. */
async function during<T>(
  options: Parameters<typeof newCatchUp>[0],
  work: (deriver: Deriver) => Promise<T>,
): Promise<T> {
  const { catchUp, deriver } = newCatchUp(options);
  catchUp.start();
  try {
    return await work(deriver);
  } finally {
    await catchUp.stop();
  }
}

describe('rows that follow from rows of several streams', () => {
  it('are derived in the batch that changes these, for the customer that a row had before, too, and so are sums and what follows from them', async () => {
    const group = randomId('cus');
    await during({}, async (deriver) => {
      const [one, other] = [randomId('in'), randomId('in')];
      await appendInvoice(one, `${group}x1`, 1_000);
      await reach(await appendInvoice(other, `${group}x1`, 500));
      expect(await rowsOf('open_amounts', group)).toMatchObject([
        { customer: `${group}x1`, key: `${group}x1`, open_minor: 1_500n, invoices: 2n, is_incomplete: false },
      ]);
      await reach(await appendInvoice(other, `${group}x2`, 400));
      expect(await rowsOf('open_amounts', group)).toMatchObject([
        { customer: `${group}x1`, open_minor: 1_000n, invoices: 1n },
        { customer: `${group}x2`, open_minor: 400n, invoices: 1n },
      ]);
      expect(await rowsOf('debtors', group, 'group_name')).toMatchObject([{ customers: 2n, open_minor: 1_400n }]);
      expect(await rowsOf('open_by_group', group, 'group_name')).toMatchObject([
        { open_minor: 1_400n, invoices: 2n, row_count: 2n },
      ]);
      await appendInvoice(one, `${group}x1`, 0);
      await reach(await appendInvoice(other, `${group}x2`, 0));
      expect(await rowsOf('open_amounts', group)).toEqual([]);
      expect(await rowsOf('debtors', group, 'group_name')).toEqual([]);
      expect(await rowsOf('open_by_group', group, 'group_name')).toEqual([]);
      expect(await faults(deriver)).toEqual([]);
    });
  });

  it('come in following transactions where a batch concerns more keys than one transaction takes', async () => {
    const product = randomId('prod');
    await during({}, async () => {
      const named = (name: string) =>
        append(
          `product-own-test-${product}`,
          stripeEvent(
            'product.updated',
            { id: product, object: 'product', name, active: true, description: '600', created: 1, updated: 1 },
            { after: (after += 1) },
          ),
        );
      const count = async (name: string) =>
        (
          await query(server.url, 'select 1 from ledger.open_amounts where key like $1 and newest = $2', [
            `${product}x%`,
            name,
          ])
        ).length;
      await reach(await named('First'));
      expect(await count('First')).toBe(600);
      await reach(await named('Second'));
      expect([await count('First'), await count('Second')]).toEqual([0, 600]);
    });
  }, 60_000);

  it('are noted by the batches while deliveries wait, and derived once for all of these, soon also if they never stop', async () => {
    const group = randomId('cus');
    let isBusy = true;
    const reached = (position: bigint) =>
      until('the projections stand there', async () =>
        (await readCheckpoints(database)).every(({ at, shown }) => !shown || (at?.position ?? -1n) >= position),
      );
    await during({ isBusy: () => isBusy }, async (deriver) => {
      const [one, other] = [randomId('in'), randomId('in')];
      await appendInvoice(one, `${group}x1`, 1_000);
      await appendInvoice(one, `${group}x1`, 900);
      await reached(await appendInvoice(other, `${group}x1`, 500));
      await reach(await appendInvoice(other, `${group}x2`, 400));
      expect(await rowsOf('open_amounts', group)).toMatchObject([{ open_minor: 900n }, { open_minor: 400n }]);
      isBusy = false;
      await reach(await appendInvoice(one, `${group}x2`, 100));
      expect(await rowsOf('open_amounts', group)).toMatchObject([{ customer: `${group}x2`, open_minor: 500n }]);
      expect(await rowsOf('debtors', group, 'group_name')).toMatchObject([{ customers: 1n, open_minor: 500n }]);
      expect(await faults(deriver)).toEqual([]);
    });
  });

  it('stay as they were where a key cannot be derived: it is parked with its cause, alone, and a replay derives it', async () => {
    const group = randomId('cus');
    const cursed = randomId(`in_${CURSED}`);
    await during({}, async () => {
      await appendInvoice(randomId('in'), `${group}x1`, 100);
      await reach(await appendInvoice(randomId('in'), `${group}x2`, 100));
      await appendInvoice(cursed, `${group}x1`, 200);
      await reach(await appendInvoice(randomId('in'), `${group}x2`, 200));
      expect(await rowsOf('open_amounts', group)).toMatchObject([{ open_minor: 100n }, { open_minor: 300n }]);
      const parked = () =>
        query<{ attempts: number }>(
          server.url,
          'select generation, attempts, kind, cause from ledger.parked_streams where stream = $1',
          [`${group}x1`],
        );
      expect(await parked()).toMatchObject([
        {
          generation: expect.stringMatching(/^open_amounts_v\d+_g1$/),
          kind: 'whole',
          cause: 'Error: A cursed invoice.',
        },
      ]);
      await wantReplay(database, { stream: `${group}x1` });
      await until('it is tried again', async () => (await parked())[0]?.attempts === 2);
      await reach(await appendInvoice(cursed, `${group}x1`, 0));
      expect(await parked()).toEqual([]);
    });
  });

  it('are built for all other keys where a row is damaged or cannot tell its key: these are parked, and a replay repairs them', async () => {
    const group = randomId('cus');
    const [damaged, mute] = [randomId('in'), randomId(`in_${MUTE}`)];
    const row = `row of invoices ["${mute}"]`;
    const parked = () =>
      query<{ stream: string; cause: string }>(
        server.url,
        `select parked.stream, cause from ledger.parked_streams parked join ledger.checkpoints on name = parked.generation
         where shown and (stream like $1 or stream = $2) order by parked.stream`,
        [`${group}%`, row],
      );
    const damage = (amount: bigint) =>
      query(server.url, 'update ledger.invoices set amount_remaining_minor = $2 where id = $1', [damaged, amount]);
    const open = async () =>
      (await rowsOf('open_amounts', group)).map(({ customer, open_minor: minor }) => [customer, minor]);
    await during({}, async () => {
      await appendInvoice(damaged, `${group}x1`, 100);
      await appendInvoice(mute, `${group}x2`, 100);
      await reach(await appendInvoice(randomId('in'), `${group}x3`, 100));
      expect(await parked()).toMatchObject([{ stream: row, cause: expect.stringContaining('A mute invoice.') }]);
      await damage(9_007_199_254_740_993n);
    });
    await during({ policy: { factor: 2 } }, async (deriver) => {
      await until('all keys are derived by the policy', async () => (await open()).some(([, minor]) => minor === 200n));
      await reach(await appendInvoice(randomId('in'), `${group}x4`, 100));
      expect(await open()).toEqual([
        [`${group}x3`, 200n],
        [`${group}x4`, 200n],
      ]);
      expect(await parked()).toMatchObject([
        { stream: `${group}x1`, cause: expect.stringContaining('is not exact as a number') },
        { stream: row, cause: expect.stringContaining('A mute invoice.') },
      ]);
      expect(await faults(deriver)).toEqual([]);
      // The next event of an invoice writes its row again.
      await appendInvoice(damaged, `${group}x1`, 50);
      await reach(await appendInvoice(mute, `${group}x2`, 0));
      expect((await parked()).map(({ stream }) => stream)).toEqual([row]);
      await wantReplay(database, { stream: row });
      await until('nothing is parked', async () => (await parked()).length === 0);
      await until('all is derived', () => stands(0n));
      expect(await open()).toEqual([
        [`${group}x1`, 100n],
        [`${group}x3`, 200n],
        [`${group}x4`, 200n],
      ]);
      expect(await faults(deriver)).toEqual([]);
    });
    expect(warnings).toEqual([]);
  }, 60_000);

  it('say that they are not whole while a stream is parked that they follow from', async () => {
    const group = randomId('cus');
    const [good, bad] = [randomId('in'), randomId('in')];
    await during({}, async () => {
      await appendInvoice(good, `${group}x1`, 100);
      await reach(await appendInvoice(bad, `${group}x1`, 100));
      await reach(await appendInvoice(bad, `${group}x1`, 200, { total: 'a lot' }));
      expect(await rowsOf('open_amounts', group)).toMatchObject([{ open_minor: 200n, is_incomplete: true }]);
      expect(await rowsOf('debtors', group, 'group_name')).toMatchObject([{ is_incomplete: true }]);
      await reach(
        await append(
          `invoice-${bad}`,
          stripeEvent(
            'invoice.updated',
            invoice(bad, BASIL, { subscription: null, customer: `${group}x1`, status: 'paid', amount_remaining: 0 }),
            { after: (after += 1) },
          ),
        ),
      );
      expect(await rowsOf('open_amounts', group)).toMatchObject([{ open_minor: 100n, is_incomplete: false }]);
    });
  });

  it('start again where batches were missed, or another policy applies', async () => {
    const group = randomId('cus');
    const position = await during({ derivations: [] }, async () => {
      const appended = await appendInvoice(randomId('in'), `${group}x1`, 100);
      await until(
        'the invoice is there',
        async () =>
          (await query(server.url, 'select 1 from ledger.invoices where customer = $1', [`${group}x1`])).length > 0,
      );
      return appended;
    });
    expect(await rowsOf('open_amounts', group)).toEqual([]);
    await during({}, async (deriver) => {
      await reach(position);
      expect(await rowsOf('open_amounts', group)).toMatchObject([{ open_minor: 100n }]);
      expect(await faults(deriver)).toEqual([]);
    });
    await during({ policy: { factor: 3 } }, async (deriver) => {
      await until(
        'the rows follow the policy',
        async () => (await rowsOf('open_amounts', group))[0]?.['open_minor'] === 300n,
      );
      await reach(await appendInvoice(randomId('in'), `${group}x1`, 1));
      expect(await rowsOf('debtors', group, 'group_name')).toMatchObject([{ open_minor: 303n }]);
      expect(await faults(deriver)).toEqual([]);
    });
    expect(warnings).toEqual([]);
  }, 60_000);

  it('are found wrong by the check that derives them again', async () => {
    const group = randomId('cus');
    await during({}, async (deriver) => {
      const id = randomId('in');
      await reach(await appendInvoice(id, `${group}x1`, 100));
      await query(server.url, `update ledger.open_amounts set open_minor = 7 where customer = $1`, [`${group}x1`]);
      const found: DerivedFault[] = [];
      const verified = await verifyLive(database, deriver, {
        streams: [`invoice-${id}`],
        found: (fault) => found.push(fault),
      });
      expect(verified).toBe(2);
      expect(found).toMatchObject([
        {
          kind: 'difference',
          projection: 'open_amounts',
          table: 'open_amounts',
          columns: ['open_minor'],
          stream: `${group}x1`,
        },
        { kind: 'difference', projection: 'debtors', table: 'debtors', columns: ['open_minor'], stream: group },
      ]);
      await query(server.url, `update ledger.open_amounts set open_minor = 100 where customer = $1`, [`${group}x1`]);
      await query(server.url, `update ledger.open_by_group set invoices = invoices + 1 where group_name = $1`, [group]);
      expect((await faults(deriver)).map(({ kind, ...rest }) => [kind, 'table' in rest ? rest.table : ''])).toEqual([
        ['difference', 'open_by_group'],
      ]);
      await query(server.url, `update ledger.open_by_group set invoices = invoices - 1 where group_name = $1`, [group]);
    });
  });

  it('stay as they were where a key is too much in facts, bytes or time: it is parked alone, no change tries it again, and a replay does', async () => {
    const group = randomId('cus');
    const large = [ENDLESS, MANIFOLD, SLOW, VERBOSE].map((what) => `${group}x${what}`);
    const bounds = { factsMax: 1_000, bytesMax: 1024 * 1024, queryMs: 1_000, deriveMs: 1_000 };
    const parked = () =>
      query<{ stream: string; kind: string; attempts: number; cause: string }>(
        server.url,
        'select stream, kind, attempts, cause from ledger.parked_streams where stream like $1 order by stream',
        [`${group}%`],
      );
    const bill = async () => {
      for (const customer of large) await appendInvoice(randomId('in'), customer, 100);
      return appendInvoice(randomId('in'), `${group}xgood`, 100);
    };
    await during({ bounds }, async (deriver) => {
      await reach(await bill());
      expect((await parked()).map(({ kind, attempts, cause }) => [kind, attempts, cause])).toEqual([
        ['large', 1, expect.stringMatching(/longer than 1000 ms/)],
        ['large', 1, expect.stringMatching(/more than 1000 rows/)],
        ['large', 1, expect.stringMatching(/longer than 1000 ms/)],
        ['large', 1, expect.stringMatching(/exceed 1048576 bytes/)],
      ]);
      await reach(await bill());
      expect(await rowsOf('open_amounts', group)).toMatchObject([{ customer: `${group}xgood`, open_minor: 200n }]);
      expect((await parked()).map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1]);
      expect(await faults(deriver)).toEqual([]);
    });
    await query(
      server.url,
      `update ledger.parked_streams set attempted_at = attempted_at - interval '11 minutes' where stream = $1`,
      [`${group}x${VERBOSE}`],
    );
    await wantReplay(database, { stream: `${group}x${MANIFOLD}` });
    await during({ bounds: { ...bounds, factsMax: 10_000, bytesMax: 8 * 1024 * 1024 } }, async () => {
      await until('two of them fit', async () => (await parked()).length === 2);
      expect(await rowsOf('open_amounts', group)).toMatchObject([
        { customer: `${group}xgood` },
        { customer: `${group}x${MANIFOLD}`, invoices: 4_000n },
        { customer: `${group}x${VERBOSE}`, invoices: 2n },
      ]);
    });
    expect(warnings).toEqual([]);
  }, 60_000);
});
