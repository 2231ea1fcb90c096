import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../packages/embedded-postgres/src/index.js';
import { connectEventStore, type EventStore } from '../src/eventstore/event-store.js';
import { Database } from '../src/read-models/database.js';
import { BenchmarkProcesses } from './benchmark-processes.js';

/** Runs `work` on an empty event store in a separate process and an empty Postgres, and deletes both afterwards. */
export async function withStores(
  name: string,
  work: (store: EventStore, database: Database) => Promise<void>,
): Promise<void> {
  const processes = new BenchmarkProcesses();
  const directory = mkdtempSync(join(tmpdir(), `${name}-`));
  chmodSync(directory, 0o711); // under root, Postgres runs as another user, who must pass through
  const { url } = await processes.store(join(directory, 'log'));
  const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres') });
  const store = connectEventStore(url);
  const database = new Database(postgres.url, { connectionsMax: 4, onIdleError: () => undefined });
  try {
    await work(store, database);
  } finally {
    await Promise.all([store.close(), database.close()]);
    await postgres.stop();
    await processes.end();
    rmSync(directory, { recursive: true, force: true });
  }
}
