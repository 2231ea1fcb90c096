/** The lock of a data directory, held by its owner. The system releases it when the process ends, even by kill -9. */
import Database from 'libsql';
import { join } from 'node:path';
import { privateFile } from '../../packages/private-files/src/index.js';
import { LOCK_FILE } from './directory.js';

export type Lock = Readonly<{ release(): void }>;

/**
 * Takes the lock on `dataDirectory`, or returns undefined at once when another process holds it. The lock is an
 * exclusive transaction, kept open, on an empty SQLite database. Other accounts must not be able to read the file: a
 * reader could keep it locked. Never open the file in any other way: closing any handle on it would release the lock of
 * this process (POSIX).
 * @throws an error with the code EMFILE when this process has no file descriptors left.
 */
export function takeLock(dataDirectory: string): Lock | undefined {
  const file = join(dataDirectory, LOCK_FILE);
  privateFile(file);
  let database: Database.Database | undefined;
  try {
    const opened = new Database(file);
    database = opened;
    opened.exec('BEGIN EXCLUSIVE');
    return { release: () => void opened.close() };
  } catch (error) {
    database?.close();
    if ((error as { code?: string }).code === 'SQLITE_BUSY') return undefined;
    throw isCannotOpen(error)
      ? Object.assign(new Error(`"${file}" cannot be opened.`, { cause: error }), { code: 'EMFILE' })
      : error;
  }
}

/** SQLITE_CANTOPEN (14). The file exists and is ours, so the cause is a missing file descriptor. */
const isCannotOpen = (error: unknown): boolean =>
  (error as { code?: string }).code === 'SQLITE_CANTOPEN' || / 14("\))?$/.test((error as Error).message);
