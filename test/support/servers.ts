import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import {
  startEmbeddedEventStore,
  type EmbeddedEventStoreOptions,
} from '../../packages/embedded-eventstore/src/index.js';
import { beginAfter, markEndOfLog, type LogStart } from './log-start.js';
import { until } from './until.js';

/** A server of a test. */
export type TestServer = Readonly<{ url: string; stop(): Promise<void> }>;

/** A database of a test. */
export type TestDatabase = TestServer &
  Readonly<{
    /** Drops the read models, so that the next service rebuilds them from the log. */
    dropReadModels(): Promise<void>;
  }>;

/** Whether all spec files share the event store of EVENTSTORE_URL. Otherwise each has its own with an empty log. */
export const SHARES_STORE = process.env['EVENTSTORE_URL'] !== undefined;

/**
 * Creates a folder that is deleted after the test. Other users may pass through it, since Postgres runs as another user
 * under root.
 */
export async function temporaryDirectory(
  parent = tmpdir(),
): Promise<{ path: string; readonly remove: () => Promise<void> }> {
  const path = await mkdtemp(join(parent, 'ledger-'));
  await chmod(path, 0o711);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

type EmbeddedOptions = Pick<EmbeddedEventStoreOptions, 'dropsRepeatsInFlight' | 'flushDelayMs'>;

/** The event store under test: that of EVENTSTORE_URL, or an embedded one with an empty log. */
export async function testEventStore(options: EmbeddedOptions = {}): Promise<TestServer> {
  const elsewhere = process.env['EVENTSTORE_URL'];
  return elsewhere === undefined ? embeddedStore(options) : { url: elsewhere, stop: async () => undefined };
}

async function embeddedStore(options: EmbeddedOptions): Promise<TestServer> {
  const directory = await temporaryDirectory(process.env['TEST_STORES']);
  const server = await startEmbeddedEventStore({ directory: directory.path, ...options });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      await directory.remove();
    },
  };
}

/** An embedded event store with an empty log, even if others share one; for tests that affect every stream of a log. */
export async function ownEventStore(): Promise<TestServer> {
  return embeddedStore({});
}

/** A database for a test's read models. */
export const testDatabase = async (): Promise<TestDatabase> => withReadModels(await emptyDatabase());

/** A database for a service's read models, in the state in which this build leaves it before the first event. */
export const serviceDatabase = async (): Promise<TestDatabase> => withReadModels(await preparedDatabase());

async function withReadModels(database: TestServer): Promise<TestDatabase> {
  const begin = await beginReadModels(database.url);
  const dropReadModels = async (): Promise<void> => {
    await administer(database.url, 'drop schema ledger cascade');
    await begin();
  };
  return { ...database, dropReadModels };
}

/** The current end of the shared log (EVENTSTORE_URL); null where each spec file has its own store. */
export async function endOfSharedLog(): Promise<LogStart | null> {
  const shared = process.env['EVENTSTORE_URL'];
  return shared === undefined ? null : markEndOfLog(shared);
}

/**
 * Makes a test's read models begin at the current end of a shared log, or at the start of the test's own. Resolves with
 * a function that repeats this after they were dropped.
 */
export async function beginReadModels(databaseUrl: string): Promise<() => Promise<void>> {
  const start = await endOfSharedLog();
  const begin = async (): Promise<void> => {
    if (start !== null) await beginAfter(databaseUrl, start);
  };
  await begin();
  return begin;
}

/**
 * An empty database on the Postgres of the test run: that of DATABASE_URL, or the embedded one that
 * `test/support/global-setup.mjs` started.
 */
export const emptyDatabase = (): Promise<TestServer> => newDatabase('');

/** A database with the empty tables of this build; on an external Postgres, an empty database. */
export async function preparedDatabase(): Promise<TestServer> {
  const template = process.env['TEST_TEMPLATE'];
  const database = await newDatabase(template ?? '');
  if (template !== undefined) await administer(database.url, 'update ledger.identity set name = default');
  return database;
}

async function newDatabase(how: string): Promise<TestServer> {
  const server = process.env['TEST_POSTGRES_URL'];
  if (server === undefined) {
    throw new Error('TEST_POSTGRES_URL is not set: run the tests with "npm test", whose set-up starts Postgres.');
  }
  const name = `ledger_${randomBytes(6).toString('hex')}`;
  await administer(server, `create database ${name} ${how}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, stop: async () => void (await until(`${name} is dropped`, () => dropped(server, name))) };
}

/**
 * Returns false while an autovacuum worker is in the database: only a superuser may end it, and it finishes by itself.
 */
async function dropped(server: string, name: string): Promise<boolean> {
  try {
    await administer(server, `drop database ${name} with (force)`);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === '42501') return false;
    throw error;
  }
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
