/** Who owns a data directory: the process that holds this lock. The operating system frees it when the process ends, also at a kill -9. */
import Database from 'libsql';
import { join } from 'node:path';

export type Lock = Readonly<{ release(): void }>;

/**
 * Takes the lock on `dataDirectory`, or returns undefined at once when another holds it.
 * It is an exclusive transaction, kept open, on an empty SQLite database. The file must not be opened in any other way:
 * closing any handle on it would free the lock of this process (POSIX).
 */
export function takeLock(dataDirectory: string): Lock | undefined {
  const database = new Database(join(dataDirectory, 'lock.db'));
  try {
    database.exec('BEGIN EXCLUSIVE');
    return { release: () => void database.close() };
  } catch (error) {
    database.close();
    if ((error as { code?: string }).code === 'SQLITE_BUSY') return undefined;
    throw error;
  }
}
