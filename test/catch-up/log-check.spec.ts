import { ANY } from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Sqlite from 'libsql';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { projections } from '../../projections/index.js';
import { checkLog, OtherLog } from '../../src/catch-up/log-check.js';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { nameOfLog } from '../../src/eventstore/log-name.js';
import { readLogPage } from '../../src/eventstore/read.js';
import { Database } from '../../src/read-models/database.js';
import { indexEvents } from '../../src/read-models/event-index.js';
import { lockCheckpoints, move, readCheckpoints, type Checkpoint } from '../../src/read-models/checkpoints.js';
import { ensureSchema } from '../../src/read-models/schema.js';
import { appendedEvent } from '../support/log.js';
import { emptyDatabase, temporaryDirectory, type TestServer } from '../support/servers.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';

/** A separate log, whose files the spec replaces. */
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: Awaited<ReturnType<typeof startEmbeddedEventStore>>;
let store: EventStore;
let postgres: TestServer;
let database: Database;
const files = () => join(directory.path, 'log');

async function start(): Promise<void> {
  server = await startEmbeddedEventStore({ directory: files() });
  store = connectEventStore(server.url);
}
async function stop(): Promise<void> {
  await store.close();
  await server.stop();
}
beforeEach(async () => {
  [directory, postgres] = await Promise.all([temporaryDirectory(), emptyDatabase()]);
  database = new Database(postgres.url, { connectionsMax: 2, onIdleError: () => undefined });
  await ensureSchema(database, projections);
  await start();
  await nameOfLog(store, 5_000);
});
afterEach(async () => {
  await stop();
  await database.close();
  await Promise.all([directory.remove(), postgres.stop()]);
});

async function append(count: number, note: string): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const id = randomId('sub');
    await store.appends.appendToStream(
      `subscription-${id}`,
      appendedEvent(subscriptionEvent(id, { object: { metadata: { note } } })),
      { expectedRevision: ANY },
    );
  }
}
/** The checkpoints as the catch-up leaves them at the end of the log. */
async function readAll(): Promise<Checkpoint[]> {
  const logName = await nameOfLog(store, 5_000);
  const events = (await readLogPage(store, { direction: 'forwards', from: 'start', max: 1_000 })).filter(
    ({ type }) => !type.startsWith('$'),
  );
  const to = events.at(-1);
  if (to === undefined) throw new Error('The log is empty.');
  const names = (await readCheckpoints(database)).map(({ name }) => name);
  await database.transaction(async (connection) => {
    await indexEvents(
      connection,
      events.filter(({ metadata }) => metadata !== null),
    );
    await move(connection, await lockCheckpoints(connection, names), { logName, to });
  });
  return readCheckpoints(database);
}
const checked = async (checkpoints: readonly Checkpoint[]) =>
  checkLog({ store, database }, await nameOfLog(store, 5_000), checkpoints);

describe('the log at start', () => {
  it('is the log that was read when the event at the checkpoint exists', async () => {
    await append(3, 'first');
    const checkpoints = await readAll();
    await append(2, 'later');
    await checked(checkpoints);
  });

  it('is the log that was read when that event was removed, and others exist before and after it', async () => {
    await append(3, 'first');
    const lines = await readAll();
    await append(2, 'later');
    await stop();
    const log = new Sqlite(join(files(), 'events.db'));
    log.exec(`delete from events where position = ${lines[0]?.at?.position}`);
    log.close();
    await start();
    await checked(lines);
  });

  it('is another when it was restored from a copy, whether it ends before the checkpoint or has grown differently', async () => {
    await append(3, 'first');
    await stop();
    await cp(files(), join(directory.path, 'copy'), { recursive: true });
    await start();
    await append(5, 'lost');
    const lines = await readAll();
    await stop();
    await cp(join(directory.path, 'copy'), files(), { recursive: true, force: true });
    await start();
    await expect(checked(lines)).rejects.toThrow(OtherLog);
    for (const note of ['other', 'other and longer', 'x'.repeat(1_000)]) {
      await append(3, note);
      await expect(checked(lines)).rejects.toThrow(/has no event .* where the read models stand.*drop the schema/);
    }
  });
});
