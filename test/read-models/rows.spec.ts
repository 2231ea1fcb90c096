import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { projections } from '../../projections/index.js';
import { count, id, keyOf, text } from '../../projections/columns.js';
import { allBut, defineProjection } from '../../projections/projection.js';
import { Database } from '../../src/read-models/database.js';
import { abandon, beginRebuild, beginRollback, tidy } from '../../src/read-models/generations.js';
import { acquire, release, renew } from '../../src/read-models/checkpoints.js';
import { deleteRows, deleteStreams, findOwners, putRows } from '../../src/read-models/rows.js';
import { ensureSchema } from '../../src/read-models/schema.js';
import { query } from '../support/read-models.js';
import { emptyDatabase, type TestServer } from '../support/servers.js';

const tables = {
  parcels: { columns: { id: id(), weight: count().orNull() }, key: ['id'], indexes: [['weight', 'id']] },
  parcel_stamps: {
    columns: { parcel: id(), stamp: id(), country: text().orNull() },
    key: ['parcel', 'stamp'],
    indexes: [],
  },
} as const;
const parcels = (version: number) =>
  defineProjection({
    name: 'post',
    version,
    tables,
    initial: () => ({}),
    evolve: allBut<never>(),
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
const stamp = (parcel: string, name: string, country = 'PT') => ({ parcel, stamp: name, country });
const put = (stream: string, table: keyof typeof tables, ...rows: Readonly<Record<string, unknown>>[]) =>
  putRows(
    database,
    generation,
    rows.map((row) => ({ table, key: keyOf(tables[table], row), text: JSON.stringify({ stream, ...row }) })),
  );

describe('rows', () => {
  it('are put in their tables, and take the place of those with their keys', async () => {
    expect(await put('parcel-1', 'parcels', { id: '1', weight: 10 })).toBe(true);
    expect(await put('parcel-1', 'parcel_stamps', stamp('1', 'blue'), stamp('1', 'red'))).toBe(true);
    expect(await put('parcel-1', 'parcels', { id: '1', weight: 11 })).toBe(true);
    expect(await query(server.url, 'select id, weight::int, stream from ledger.parcels order by id')).toEqual([
      { id: '1', weight: 11, stream: 'parcel-1' },
    ]);
    expect(await query(server.url, 'select parcel, stamp, country from ledger.parcel_stamps order by stamp')).toEqual([
      stamp('1', 'blue'),
      stamp('1', 'red'),
    ]);
  });

  it('of another stream are left unchanged, and reported', async () => {
    await put('parcel-2', 'parcels', { id: '2', weight: 20 });
    expect(await put('parcel-3', 'parcels', { id: '2', weight: 30 }, { id: '3', weight: 30 })).toBe(false);
    expect(await query(server.url, `select weight::int, stream from ledger.parcels where id = '2'`)).toEqual([
      { weight: 20, stream: 'parcel-2' },
    ]);
    const wanted = ['2', '3'].map((id) => ({ stream: 'parcel-3', table: 'parcels', key: JSON.stringify([id]) }));
    expect(await findOwners(database, generation, wanted)).toEqual([{ ...wanted[0], owner: 'parcel-2' }]);
  });

  it('are deleted by their keys and stream, or all of a stream', async () => {
    await put('parcel-5', 'parcels', { id: '5', weight: 50 }, { id: '6', weight: 60 });
    await put('parcel-5', 'parcel_stamps', stamp('5', 'blue'), stamp('5', 'green'));
    await deleteRows(
      database,
      generation,
      [
        ['parcel-5', '["5"]'],
        ['parcel-4', '["6"]'],
      ].map(([stream = '', key = '']) => ({ stream, table: 'parcels', key })),
    );
    expect(await query(server.url, `select id from ledger.parcels where stream = 'parcel-5'`)).toEqual([{ id: '6' }]);
    await deleteStreams(database, generation, ['parcel-5']);
    expect(
      await query(
        server.url,
        `select stream from ledger.parcels where stream = 'parcel-5' union all select stream from ledger.parcel_stamps where stream = 'parcel-5'`,
      ),
    ).toEqual([]);
  });
});

describe('a new version', () => {
  it('has separate tables next to the old ones, whose rows the unversioned view shows until the new ones are complete', async () => {
    await ensureSchema(database, [parcels(2)]);
    const made = await query(
      server.url,
      `select relname from pg_class where relnamespace = 'ledger'::regnamespace and relkind = 'r' and relname ~ 'parcel|post' order by relname`,
    );
    expect(made.map(({ relname }) => relname)).toEqual([
      'parcel_stamps_v1_g1',
      'parcel_stamps_v2_g1',
      'parcels_v1_g1',
      'parcels_v2_g1',
      'post_v1_g1_states',
      'post_v2_g1_states',
    ]);
    const parcelsIn = async (view: string) => (await query(server.url, `select 1 from ledger.${view}`)).length;
    const [unversioned, old] = [await parcelsIn('parcels'), await parcelsIn('parcels_v1')];
    expect(unversioned).toBe(old);
    expect(old).toBeGreaterThan(0);
    await query(server.url, `update ledger.checkpoints set state = 'live' where version = 2`);
    await tidy(database, [parcels(2)]);
    expect([await parcelsIn('parcels'), await parcelsIn('parcels_v1')]).toEqual([0, old]);
  });

  it('leaves the old one to be dropped when it was not used for days', async () => {
    await query(
      server.url,
      `update ledger.checkpoints set used_at = now() - interval '4 days' where projection = 'post' and version = 1`,
    );
    await tidy(database, [parcels(2)]);
    const left = await query(
      server.url,
      `select relname from pg_class where relnamespace = 'ledger'::regnamespace and relname ~ '(parcels|post).*_v1(_g1|_g1_states)?$'`,
    );
    expect(left).toEqual([]);
    expect(await query(server.url, 'select * from ledger.parcels')).toEqual([]);
  });
});

describe('a generation beside the one that is shown', () => {
  it('is kept for days after it was last used, and dropped then, alone', async () => {
    const { name } = await beginRebuild(database, parcels(2), { fresh: true });
    const left = async () =>
      (
        await query<{ name: string }>(
          server.url,
          `select name from ledger.checkpoints where projection = 'post' order by name`,
        )
      ).map((one) => one.name);
    const used = (ago: string) =>
      query(server.url, `update ledger.checkpoints set used_at = now() - $2::interval where name = $1`, [name, ago]);
    await used('2 days');
    await tidy(database, [parcels(2)]);
    expect(await left()).toEqual(['post_v2_g1', name]);
    await used('4 days');
    await tidy(database, [parcels(2)]);
    expect(await left()).toEqual(['post_v2_g1']);
    expect(
      await query(
        server.url,
        `select relname from pg_class where relname like 'parcel%_v2_g2' or relname like '${name}%'`,
      ),
    ).toEqual([]);
  });
});

describe('a rebuild that is taken up again', () => {
  it('is not dropped as unused before it has its lease, and not by an earlier process once it has', async () => {
    const target = await beginRebuild(database, parcels(2), { fresh: false });
    await query(server.url, `update ledger.checkpoints set used_at = now() - interval '4 days' where name = $1`, [
      target.name,
    ]);
    expect((await beginRebuild(database, parcels(2), { fresh: false })).name).toBe(target.name);
    await tidy(database, [parcels(2)]);
    const held = await acquire(database, 'second', { names: [target.name], follows: [parcels(2)] });
    expect(held.map(({ name }) => name)).toEqual([target.name]);
    await abandon(database, target);
    expect(await renew(database, held)).toBe(true);
    await release(database, 'second');
    await abandon(database, target);
    expect(await renew(database, held)).toBe(false);
  });
});

describe('a generation that a dry run fills', () => {
  const left = async () =>
    (
      await query<{ name: string }>(
        server.url,
        `select name from ledger.checkpoints where projection = 'post' order by name`,
      )
    ).map((one) => one.name);
  const begin = async (aside: boolean) => (await beginRebuild(database, parcels(2), { fresh: false, aside })).name;

  it('is gone on from by a dry run, and by no rebuild or rollback', async () => {
    await query(server.url, `update ledger.checkpoints set state = 'live' where name = 'post_v2_g1'`);
    const [dry, rebuilt] = [await begin(true), await begin(false)];
    expect([await begin(true), await begin(false)]).toEqual([dry, rebuilt]);
    expect(dry).not.toBe(rebuilt);
    await query(server.url, `delete from ledger.checkpoints where name = 'post_v2_g1'`);
    await query(server.url, `update ledger.checkpoints set shown = true, state = 'live' where name = $1`, [rebuilt]);
    expect(await beginRollback(database, parcels(2))).toBeNull();
    await query(server.url, `delete from ledger.checkpoints where projection = 'post'`);
  });

  it('is dropped an hour after its last use, unless a process holds its lease', async () => {
    await ensureSchema(database, [parcels(3)]);
    await query(server.url, `update ledger.checkpoints set state = 'live' where name = 'post_v3_g1'`);
    const { name } = await beginRebuild(database, parcels(3), { fresh: false, aside: true });
    const age = (minutes: number, leaseS: number) =>
      query(
        server.url,
        `update ledger.checkpoints set used_at = now() - $2 * interval '1 minute', lease_until = now() + $3 * interval '1 second' where name = $1`,
        [name, minutes, leaseS],
      );
    for (const [minutes, leaseS] of [
      [59, -1],
      [61, 10],
    ] as const) {
      await age(minutes, leaseS);
      await tidy(database, [parcels(3)]);
      expect(await left()).toEqual(['post_v3_g1', name]);
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
      await connection.query('select 1 from ledger.checkpoints, ledger.parked_streams, ledger.event_index_v3');
      const other = new Database(server.url, {
        connectionsMax: 1,
        statementTimeoutMs: 2_000,
        onIdleError: () => undefined,
      });
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
