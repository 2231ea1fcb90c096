import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { customers } from '../../projections/customers.js';
import { Database } from '../../src/read-models/database.js';
import { listParked } from '../../src/read-models/parked-streams.js';
import { replayParked, LISTED_MAX } from '../../src/read-models/replay.js';
import { ensureSchema, nameOfGeneration } from '../../src/read-models/schema.js';
import { emptyDatabase, type TestServer } from '../support/servers.js';
import { until } from '../support/until.js';

let server: TestServer;
let database: Database;
beforeAll(async () => {
  server = await emptyDatabase();
  database = new Database(server.url, { connectionsMax: 2, onIdleError: () => undefined });
  await ensureSchema(database, [customers]);
});
afterAll(async () => {
  await database.close();
  await server.stop();
});

it('of more streams than are listed is waited for to the last', async () => {
  const name = nameOfGeneration({ projection: customers, generation: 1 });
  const parked = LISTED_MAX + 1;
  await database.query(
    `insert into ledger.parked_streams (generation, stream, revision, cause) select $1, 'customer-' || lpad(n::text, 4, '0'), 0, 'unreadable' from generate_series(1, ${parked}) n`,
    [name],
  );
  const made = (streams: number) =>
    database.query(
      `update ledger.parked_streams set replay_wanted_at = null where stream in (select stream from ledger.parked_streams order by stream limit ${streams})`,
    );

  const half = replayParked(database, { projection: 'customers' }, 500);
  await until('the replay is asked for', async () => (await listParked(database, {}, 1))[0]?.replayWantedAt);
  await made(parked - 1);
  expect(await half).toMatchObject({ outcome: 'wanted' });

  const whole = replayParked(database, { projection: 'customers' }, 20_000);
  await until('the replay is asked for', async () => (await listParked(database, {}, 1))[0]?.replayWantedAt);
  await made(parked);
  const { outcome, parked: told } = (await whole) ?? {};
  expect([outcome, told?.length]).toEqual(['parked_again', LISTED_MAX]);
});

it('is not waited for where no process would run it: in generations left by a killed build or an older service', async () => {
  const [used, left] = ['used_v1_g1', 'left_v1_g1'];
  const stream = 'customer-left';
  for (const [name, since] of [
    [used, '0 minutes'],
    [left, '3 minutes'],
  ] as const) {
    await database.query(
      `insert into ledger.checkpoints (name, projection, version, generation, tables, shown, used_at) values ($1, $1, 1, 1, '{}', false, clock_timestamp() - $2::interval)`,
      [name, since],
    );
    await database.query(
      `insert into ledger.parked_streams (generation, stream, revision, cause) values ($1, $2, 0, 'unreadable')`,
      [name, stream],
    );
  }
  const replay = replayParked(database, { stream }, 20_000);
  const wanted = async (name: string) =>
    (await listParked(database, { projection: name }, 1))[0]?.replayWantedAt !== null;
  await until('the replay is asked for', () => wanted(used));
  expect(await wanted(left)).toBe(false);
  await database.query('delete from ledger.parked_streams where generation = $1', [used]);
  expect(await replay).toMatchObject({ outcome: 'parked_again', parked: [{ name: left }] });

  // Without a running projector, the request is kept for the next one.
  await database.query(`update ledger.checkpoints set used_at = used_at - interval '1 hour'`);
  expect(await replayParked(database, { stream }, 0)).toMatchObject({ outcome: 'wanted' });
  expect(await wanted(left)).toBe(true);
});
