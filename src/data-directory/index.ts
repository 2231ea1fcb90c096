/**
 * Where the two stores are. Both may be servers elsewhere; what is `embedded` runs under the data directory, in one process
 * (its owner) for all that use the directory, and moves to another of them when the owner goes away.
 */
import { chmod, mkdir, stat } from 'node:fs/promises';
import { EmbeddedStores } from './embedded-stores.js';
import type { Stores, StoresOptions } from './stores.js';

export { StoresError } from './errors.js';
export type { Stores, StoresEvent, StoresOptions } from './stores.js';

/**
 * Opens the stores: starts the embedded servers, or finds those that another process on this directory runs.
 * @throws StoresError or EmbeddedPostgresError, whose messages say what to do.
 */
export async function openStores(options: StoresOptions): Promise<Stores> {
  const { dataDirectory, eventstoreUrl, databaseUrl, appendBytesMax, openTimeoutMs = 60_000, onEvent = () => undefined } = options;
  const wanted = { eventstore: eventstoreUrl === 'embedded', database: databaseUrl === 'embedded' };
  if (!wanted.eventstore && !wanted.database) {
    return { eventstoreUrl, databaseUrl, role: 'none', close: async () => undefined, failed: new Promise(() => undefined) };
  }
  await prepareDirectory(dataDirectory);
  return EmbeddedStores.open({ dataDirectory, eventstoreUrl, databaseUrl, appendBytesMax, openTimeoutMs, onEvent, wanted });
}

/** Under root, Postgres runs as another account, which must pass through this folder; what is secret in it has modes of its own. */
async function prepareDirectory(dataDirectory: string): Promise<void> {
  await mkdir(dataDirectory, { recursive: true });
  if (process.getuid?.() !== 0) return;
  const { mode } = await stat(dataDirectory);
  await chmod(dataDirectory, mode | 0o011);
}
