import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projections } from '../../projections/index.js';
import { count, id, text } from '../../projections/columns.js';
import { defineProjection, ignored, type RowsOf } from '../../projections/projection.js';
import { Database } from '../../src/read-models/database.js';
import { abandon, beginRebuild, beginRollback, tidy } from '../../src/read-models/generations.js';
import { acquire, release, renew } from '../../src/read-models/lines.js';
import { writeStreams, writtenOf, type RowTexts } from '../../src/read-models/rows.js';
import { ensureSchema } from '../../src/read-models/schema.js';
import { query } from '../support/read-models.js';
import { emptyDatabase, type TestServer } from '../support/servers.js';

const tables = {
  parcels: { columns: { id: id(), weight: count().orNull() }, key: ['id'], indexes: [['weight', 'id']] },
  parcel_stamps: { columns: { parcel: id(), stamp: id(), country: text().orNull() }, key: ['parcel', 'stamp'], indexes: [] },
} as const;
const parcels = (version: number) => defineProjection({
  name: 'post',
  version,
  tables,
  initial: () => ({}),
  evolve: ignored(
    'subscription', 'invoice', 'upcoming_invoice', 'invoice_item', 'invoice_payment', 'payment', 'refund', 'dispute', 'credit_note', 'checkout_session',
    'subscription_schedule', 'customer', 'discount', 'entitlements', 'price', 'plan', 'product', 'coupon', 'deletion', 'related_object',
  ),
  rows: () => ({ parcels: [], parcel_stamps: [] }),
});

let server: TestServer;
let database: Database;
beforeAll(async () => {
  server = await emptyDatabase();
  database = new Database(server.url, { connectionsMax: 2, onIdleError: () => undefined });
  await ensureSchema(database, [parcels(1)]);
});
afterAll(async () => {
  await database.close();
  await server.stop();
});

const generation = { projection: parcels(1), generation: 1 };
/** Writes a stream; `before` is what the last write left, where that is known. Returns what this one leaves. */
async function write(stream: string, revision: bigint, rows: RowsOf<typeof tables>, before: RowTexts | null = null): Promise<RowTexts> {
  const written = writtenOf(generation, { stream, revision, state: {}, rows }, before);
  await writeStreams(database, generation, [written]);
  return written.texts;
}
const stamp = (parcel: string, name: string, country = 'PT') => ({ parcel, stamp: name, country });

describe('the rows of a stream', () => {
  it('are replaced in every table, and those of other streams are left alone', async () => {
    await write('parcel-1', 0n, { parcels: [{ id: '1', weight: 10 }], parcel_stamps: [stamp('1', 'blue'), stamp('1', 'red')] });
    await write('parcel-2', 0n, { parcels: [{ id: '2', weight: 20 }], parcel_stamps: [stamp('2', 'blue')] });
    await write('parcel-1', 1n, { parcels: [{ id: '1', weight: 11 }], parcel_stamps: [stamp('1', 'red', 'ES')] });
    expect(await query(server.url, 'select id, weight::int, stream from ledger.parcels order by id')).toEqual([{ id: '1', weight: 11, stream: 'parcel-1' }, { id: '2', weight: 20, stream: 'parcel-2' }]);
    expect(await query(server.url, 'select parcel, stamp, country from ledger.parcel_stamps order by parcel')).toEqual([stamp('1', 'red', 'ES'), stamp('2', 'blue')]);
  });

  it('are not written again where they are the same', async () => {
    const rows = { parcels: [{ id: '3', weight: 30 }, { id: '4', weight: 40 }], parcel_stamps: [] };
    await write('parcel-3', 0n, rows);
    const writers = () => query<{ id: string; writer: string }>(server.url, `select id, xmin::text as writer from ledger.parcels_v1_g1 where stream = 'parcel-3' order by id`);
    const [three, four] = await writers();
    await write('parcel-3', 1n, { ...rows, parcels: [{ id: '3', weight: 31 }, { id: '4', weight: 40 }] });
    const [changed, same] = await writers();
    expect(changed).not.toEqual(three);
    expect(same).toEqual(four);
  });

  it('are told apart from those that stand there already, when these are known: only what differs is written, and what is gone is deleted', async () => {
    const before = await write('parcel-6', 0n, { parcels: [{ id: '6', weight: 60 }], parcel_stamps: [stamp('6', 'blue'), stamp('6', 'red'), stamp('6', 'green')] });
    await query(server.url, `update ledger.parcel_stamps_v1_g1 set country = 'untouched' where parcel = '6'`);
    await write('parcel-6', 1n, { parcels: [{ id: '6', weight: 60 }], parcel_stamps: [stamp('6', 'blue', 'ES'), stamp('6', 'green')] }, before);
    expect(await query(server.url, `select stamp, country from ledger.parcel_stamps where parcel = '6' order by stamp`)).toEqual([{ stamp: 'blue', country: 'ES' }, { stamp: 'green', country: 'untouched' }]);
  });

  it('all go when the stream has none any more', async () => {
    await write('parcel-5', 0n, { parcels: [{ id: '5', weight: 50 }], parcel_stamps: [stamp('5', 'blue')] });
    await write('parcel-5', 1n, { parcels: [], parcel_stamps: [] });
    expect(await query(server.url, `select 1 from ledger.parcels where id = '5' union all select 1 from ledger.parcel_stamps where parcel = '5'`)).toEqual([]);
  });
});

describe('a new version', () => {
  it('has tables of its own beside the old ones, whose rows the unversioned view shows until the new ones are complete', async () => {
    await ensureSchema(database, [parcels(2)]);
    const made = await query(server.url, `select relname from pg_class where relnamespace = 'ledger'::regnamespace and relkind = 'r' and relname ~ 'parcel|post' order by relname`);
    expect(made.map(({ relname }) => relname)).toEqual(['parcel_stamps_v1_g1', 'parcel_stamps_v2_g1', 'parcels_v1_g1', 'parcels_v2_g1', 'post_v1_g1_states', 'post_v2_g1_states']);
    const parcelsIn = async (view: string) => (await query(server.url, `select 1 from ledger.${view}`)).length;
    const [unversioned, old] = [await parcelsIn('parcels'), await parcelsIn('parcels_v1')];
    expect(unversioned).toBe(old);
    expect(old).toBeGreaterThan(0);
    await query(server.url, `update ledger.checkpoints set state = 'live' where version = 2`);
    await tidy(database, [parcels(2)]);
    expect([await parcelsIn('parcels'), await parcelsIn('parcels_v1')]).toEqual([0, old]);
  });

  it('leaves the old one to be dropped when nobody has used it for days', async () => {
    await query(server.url, `update ledger.checkpoints set used_at = now() - interval '4 days' where projection = 'post' and version = 1`);
    await tidy(database, [parcels(2)]);
    const left = await query(server.url, `select relname from pg_class where relnamespace = 'ledger'::regnamespace and relname ~ '(parcels|post).*_v1(_g1|_g1_states)?$'`);
    expect(left).toEqual([]);
    expect(await query(server.url, 'select * from ledger.parcels')).toEqual([]);
  });
});

describe('a generation beside the one that is shown', () => {
  it('is kept for days after it was last used, and dropped then, alone', async () => {
    const { line } = await beginRebuild(database, parcels(2), { fresh: true });
    const left = async () => (await query<{ line: string }>(server.url, `select line from ledger.checkpoints where projection = 'post' order by line`)).map((one) => one.line);
    const used = (ago: string) => query(server.url, `update ledger.checkpoints set used_at = now() - $2::interval where line = $1`, [line, ago]);
    await used('2 days');
    await tidy(database, [parcels(2)]);
    expect(await left()).toEqual(['post_v2_g1', line]);
    await used('4 days');
    await tidy(database, [parcels(2)]);
    expect(await left()).toEqual(['post_v2_g1']);
    expect(await query(server.url, `select relname from pg_class where relname like 'parcel%_v2_g2' or relname like '${line}%'`)).toEqual([]);
  });
});

describe('a rebuild that is taken up again', () => {
  it('is not dropped as unused before it has its lease, and not by an earlier process once it has', async () => {
    const target = await beginRebuild(database, parcels(2), { fresh: false });
    await query(server.url, `update ledger.checkpoints set used_at = now() - interval '4 days' where line = $1`, [target.line]);
    expect((await beginRebuild(database, parcels(2), { fresh: false })).line).toBe(target.line);
    await tidy(database, [parcels(2)]);
    const held = await acquire(database, 'second', { lines: [target.line], follows: [parcels(2)] });
    expect(held.map(({ line }) => line)).toEqual([target.line]);
    await abandon(database, target);
    expect(await renew(database, held)).toBe(true);
    await release(database, 'second');
    await abandon(database, target);
    expect(await renew(database, held)).toBe(false);
  });
});

describe('a generation that a dry run fills', () => {
  const left = async () => (await query<{ line: string }>(server.url, `select line from ledger.checkpoints where projection = 'post' order by line`)).map((one) => one.line);
  const begin = async (aside: boolean) => (await beginRebuild(database, parcels(2), { fresh: false, aside })).line;

  it('is gone on from by a dry run, and by no rebuild or rollback', async () => {
    await query(server.url, `update ledger.checkpoints set state = 'live' where line = 'post_v2_g1'`);
    const [dry, rebuilt] = [await begin(true), await begin(false)];
    expect([await begin(true), await begin(false)]).toEqual([dry, rebuilt]);
    expect(dry).not.toBe(rebuilt);
    await query(server.url, `delete from ledger.checkpoints where line = 'post_v2_g1'`);
    await query(server.url, `update ledger.checkpoints set shown = true, state = 'live' where line = $1`, [rebuilt]);
    expect(await beginRollback(database, parcels(2))).toBeNull();
    await query(server.url, `delete from ledger.checkpoints where projection = 'post'`);
  });

  it('is dropped an hour after it was last used, unless somebody has its lease', async () => {
    await ensureSchema(database, [parcels(3)]);
    await query(server.url, `update ledger.checkpoints set state = 'live' where line = 'post_v3_g1'`);
    const { line } = await beginRebuild(database, parcels(3), { fresh: false, aside: true });
    const age = (minutes: number, leaseS: number) => query(server.url,
      `update ledger.checkpoints set used_at = now() - $2 * interval '1 minute', lease_until = now() + $3 * interval '1 second' where line = $1`, [line, minutes, leaseS]);
    for (const [minutes, leaseS] of [[59, -1], [61, 10]] as const) {
      await age(minutes, leaseS);
      await tidy(database, [parcels(3)]);
      expect(await left()).toEqual(['post_v3_g1', line]);
    }
    await age(61, -1);
    await tidy(database, [parcels(3)]);
    expect(await left()).toEqual(['post_v3_g1']);
    expect(await query(server.url, `select relname from pg_class where relname like '%_v3_g2%'`)).toEqual([]);
  });
});

describe('the schema', () => {
  it('is looked after while others read all of it for as long as they like', async () => {
    await database.snapshot(async (connection) => {
      await connection.query('select 1 from ledger.checkpoints, ledger.parked_streams, ledger.event_index_v2');
      const other = new Database(server.url, { connectionsMax: 1, statementTimeoutMs: 2_000, onIdleError: () => undefined });
      await ensureSchema(other, [parcels(3)]).finally(() => other.close());
    });
  });
});

describe('the projections of this build', () => {
  const all = projections.flatMap((projection) => Object.entries(projection.tables));

  it('have tables of different names, none of which the ledger uses itself', () => {
    const names = [...all.map(([name]) => name), 'checkpoints', 'event_index', 'parked_streams'];
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it.each(all)('identify the rows of %s, and search them, by columns that it has', (_, { columns, key, indexes }) => {
    expect([...key, ...indexes.flat()].filter((name) => !Object.hasOwn(columns, name))).toEqual([]);
  });
});
