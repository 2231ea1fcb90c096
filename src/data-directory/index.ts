/**
 * Opens the two stores. Each may be an external server; an `embedded` one runs under the data directory, in one process
 * (the owner) for all processes that use the directory. When the owner ends, another process takes over.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DataDirectoryError, ENDPOINTS_FILE, prepareDirectory } from './directory.js';
import { NoLedgerError, notInstalled } from './errors.js';
import type { Stores, StoresOptions } from './stores.js';

export { assertDirectoryIsPrivate, DataDirectoryError } from './directory.js';
export { NoLedgerError, StoresError } from './errors.js';
export type { Stores, StoresEvent, StoresOptions } from './stores.js';

/**
 * Opens the stores of an existing ledger, for commands: a mistyped folder is rejected, and nothing is created there.
 * @throws NoLedgerError, and what `openStores` throws
 */
export async function openLedger(options: StoresOptions): Promise<Stores> {
  assertLedgerExists(options);
  return openStores(options);
}

/** @throws NoLedgerError where a server is embedded but no service has ever run on the data directory */
export function assertLedgerExists(
  options: Pick<StoresOptions, 'dataDirectory' | 'eventstoreUrl' | 'databaseUrl'>,
): void {
  const isEmbedded = options.eventstoreUrl === 'embedded' || options.databaseUrl === 'embedded';
  if (isEmbedded && !existsSync(join(options.dataDirectory, ENDPOINTS_FILE)))
    throw new NoLedgerError(options.dataDirectory);
}

/**
 * Opens the stores: starts the embedded servers, or connects to those that another process on this directory runs.
 * @throws StoresError, EmbeddedPostgresError, DataDirectoryError or NotPrivateError; the message says how to fix it.
 */
export async function openStores(options: StoresOptions): Promise<Stores> {
  const { eventstoreUrl, databaseUrl } = options;
  const wanted = { eventstore: eventstoreUrl === 'embedded', database: databaseUrl === 'embedded' };
  if (!wanted.eventstore && !wanted.database) {
    return {
      eventstoreUrl,
      databaseUrl,
      role: 'none',
      close: async () => undefined,
      failed: new Promise(() => undefined),
    };
  }
  prepareDirectory(options.dataDirectory);
  const { EmbeddedStores } = await embeddedServers();
  const all = { openTimeoutMs: 60_000, onEvent: () => undefined, transport: 'auto', ...options, wanted } as const;
  return EmbeddedStores.open(all).catch((error: unknown) => {
    const isOfSystem = typeof (error as { syscall?: unknown }).syscall === 'string';
    throw isOfSystem ? new DataDirectoryError(options.dataDirectory, error) : error;
  });
}

/** Imported on demand: an image that uses external servers may lack these packages. */
async function embeddedServers() {
  try {
    return await import('./embedded-stores.js');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing =
      code === 'ERR_MODULE_NOT_FOUND'
        ? /package '([^']+)'/.exec(message)?.[1]
        : /module '(@libsql\/[^']+)'/.exec(message ?? '')?.[1];
    throw missing === undefined ? error : notInstalled(missing, error);
  }
}
