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

/** The in-memory file system of Linux; Docker provides 64 MB of it, which is too little. */
const MEMORY = '/dev/shm';
const ROOM_MIN_BYTES = 4 * 1024 ** 3;
/** The memory that a run and its stores need together, with a margin. */
const FREE_MIN_BYTES = 8 * 1024 ** 3;

/**
 * One Postgres for the whole run, in which every suite creates its own databases; or the one that DATABASE_URL names.
 * Files that no test needs after a power cut are in memory where there is room: a run creates and drops hundreds of
 * databases, and Postgres flushes each of their files.
 */
export default async function setUp() {
  const parent = isRoomy() ? MEMORY : tmpdir();
  process.env.TEST_STORES = parent;
  if (process.env.DATABASE_URL !== undefined) {
    process.env.TEST_POSTGRES_URL = process.env.DATABASE_URL;
    return;
  }
  const directory = mkdtempSync(join(parent, 'ledger-postgres-'));
  chmodSync(directory, 0o711); // a run as root gives Postgres another user, who must be able to enter
  guard(directory);
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres') });
  process.env.TEST_POSTGRES_URL = postgres.url;
  globalThis.testPostgres = { postgres, directory };
  await makeTemplate(postgres.url);
  process.env.TEST_TEMPLATE = `template ${TEMPLATE} strategy ${parent === MEMORY ? 'file_copy' : 'wal_log'}`;
}

/** Starts a process that stops Postgres when the run is killed or fails outside a test: it sees the pipe close. */
function guard(directory) {
  const program = fileURLToPath(new URL('./postgres-guard.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, directory], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  child.stdin.unref();
}

const TEMPLATE = 'ledger_ready';

/** Creates a database with all tables of this build: copying it takes a tenth of the time of creating them. */
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
