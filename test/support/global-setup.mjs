import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { derivations } from '../../dist/derivations/index.js';
import { startEmbeddedPostgres } from '../../dist/packages/embedded-postgres/src/index.js';
import { projections } from '../../dist/projections/index.js';
import { Database } from '../../dist/src/read-models/database.js';
import { ensureSchema } from '../../dist/src/read-models/schema.js';

/** Memory that is a folder, on Linux; Docker gives 64 MB of it, which is too little. */
const MEMORY = '/dev/shm';
const ROOM_MIN_BYTES = 4 * 1024 ** 3;
/** What a run and its stores take together, with some to spare. */
const FREE_MIN_BYTES = 8 * 1024 ** 3;

/**
 * One Postgres for the whole run; every suite makes databases of its own on it. DATABASE_URL names one that runs elsewhere. What no test
 * looks for after a power cut is kept in memory: hundreds of databases are made and dropped, and each of their files is flushed.
 */
export default async function setUp() {
  const parent = isRoomy() ? MEMORY : tmpdir();
  process.env.TEST_STORES = parent;
  if (process.env.DATABASE_URL !== undefined) {
    process.env.TEST_POSTGRES_URL = process.env.DATABASE_URL;
    return;
  }
  const directory = mkdtempSync(join(parent, 'ledger-postgres-'));
  chmodSync(directory, 0o711); // run as root, Postgres gets another user, who must pass through
  guard(directory);
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres') });
  process.env.TEST_POSTGRES_URL = postgres.url;
  globalThis.testPostgres = { postgres, directory };
  await makeTemplate(postgres.url);
  process.env.TEST_TEMPLATE = `template ${TEMPLATE} strategy ${parent === MEMORY ? 'file_copy' : 'wal_log'}`;
}

/** A run that is killed, or that an error ends outside of a test, stops no Postgres: the guard sees its end of the pipe closed. */
function guard(directory) {
  const program = fileURLToPath(new URL('./postgres-guard.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, directory], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  child.stdin.unref();
}

const TEMPLATE = 'ledger_ready';

/** A database with all tables of this build: to copy it takes a tenth of what it takes to make them. */
async function makeTemplate(server) {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(`create database ${TEMPLATE}`);
  await client.end();
  const url = new URL(server);
  url.pathname = `/${TEMPLATE}`;
  const database = new Database(url.href, { connectionsMax: 1, onIdleError: () => undefined });
  await ensureSchema(database, [...projections, ...derivations]);
  await database.close();
}

function isRoomy() {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM_MIN_BYTES && process.availableMemory() >= FREE_MIN_BYTES;
  } catch {
    return false;
  }
}
