import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../dist/packages/embedded-postgres/src/index.js';

/** One Postgres for the whole run; every suite makes databases of its own on it. DATABASE_URL names one that runs elsewhere. */
export default async function setUp() {
  if (process.env.DATABASE_URL !== undefined) {
    process.env.TEST_POSTGRES_URL = process.env.DATABASE_URL;
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), 'ledger-postgres-'));
  chmodSync(directory, 0o711); // run as root, Postgres gets another user, who must pass through
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres') });
  process.env.TEST_POSTGRES_URL = postgres.url;
  globalThis.testPostgres = { postgres, directory };
}
