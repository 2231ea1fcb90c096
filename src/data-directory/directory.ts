/**
 * The data directory itself: created for this account only, and rejected where other accounts could have written to it.
 */
import { join } from 'node:path';
import {
  assertOurs,
  assertPlaceIsSafe,
  assertUnread,
  restrictFile,
  NotPrivateError,
  privateFolder,
} from '../../packages/private-files/src/index.js';

export const SECRETS_FILE = 'secrets.json';
export const ENDPOINTS_FILE = 'endpoints.json';
export const LOCK_FILE = 'lock.db';

/** The names that the ledger creates in it. */
const OWN_NAMES = /^(secrets\.json(\.\d+)?|endpoints\.json(\.new)?|lock\.db(-\w+)?|eventstore|postgres|tls)$/;
const FILES = [SECRETS_FILE, ENDPOINTS_FILE, `${ENDPOINTS_FILE}.new`, LOCK_FILE];
/** The `postgres` folder may belong to another account; the code that starts Postgres checks it. */
const FOLDERS = ['eventstore', 'tls'];

/**
 * Creates the directory if it is missing, and checks its contents. Under root, Postgres runs as another account, which
 * needs to enter it; secret files in it have stricter modes.
 * @throws NotPrivateError when other accounts own, control or could have written any of it.
 * @throws DataDirectoryError when it cannot be used at all.
 */
export function prepareDirectory(dataDirectory: string): void {
  const passing = process.getuid?.() === 0 ? 0o711 : 0o700;
  try {
    privateFolder(dataDirectory, { ownNames: OWN_NAMES, mode: passing });
    assertContentsAreOurs(dataDirectory);
    for (const name of [ENDPOINTS_FILE, LOCK_FILE]) restrictFile(join(dataDirectory, name));
  } catch (error) {
    if (error instanceof NotPrivateError) throw error;
    throw new DataDirectoryError(dataDirectory, error);
  }
}

/**
 * Checks a directory and its contents as `prepareDirectory` does, without changing anything. @throws NotPrivateError
 */
export function assertDirectoryIsPrivate(dataDirectory: string): void {
  assertOurs(dataDirectory, 'folder');
  assertContentsAreOurs(dataDirectory);
  assertUnread(join(dataDirectory, SECRETS_FILE));
}

function assertContentsAreOurs(dataDirectory: string): void {
  assertPlaceIsSafe(dataDirectory);
  for (const name of FOLDERS) assertOurs(join(dataDirectory, name), 'folder');
  for (const name of FILES) assertOurs(join(dataDirectory, name), 'file');
}

/** The data directory cannot be used; the message says why and how to fix it. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
  readonly code = 'DATA_DIRECTORY';

  constructor(dataDirectory: string, cause: unknown) {
    super(
      `The data directory "${dataDirectory}" cannot be used (${cause instanceof Error ? cause.message : String(cause)}). ` +
        'Set DATA_DIR to a folder that this user account may write, on a disk with free space.',
      { cause },
    );
  }
}
