/** What can go wrong with the files, said so that a reader knows what to do. */
import type { StoredEvent } from './record.js';

/** Another process holds the directory. */
export class StoreInUseError extends Error {
  readonly code = 'STORE_IN_USE';
}

/** An append or a read of the files failed. The server must stop: it could only guess. */
export class StorageFailedError extends Error {
  readonly code = 'STORAGE_FAILED';

  constructor(action: 'append' | 'read', cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `The event store stops because ${action === 'append' ? 'an append' : 'a read'} failed (${reason}). ` +
        'What was not acknowledged may be missing, what was acknowledged is kept. Check free space and the health of the disk, then start again.',
      { cause },
    );
  }
}

/** Stored bytes are not those that were written. */
export class DamagedRecordError extends Error {
  readonly code = 'DAMAGED_RECORD';

  constructor({ stream, revision, position }: StoredEvent) {
    super(
      `The event at revision ${revision} of stream "${stream}" (position ${position}) is damaged: its bytes do not match their checksum. ` +
        'Restore the data directory from a backup, and check the disk.',
    );
  }
}

const isBusy = (error: unknown): boolean => error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');

/** The error for a directory that another process holds, if that is what happened. */
export function storeInUse(directory: string, error: unknown): StoreInUseError | undefined {
  if (!isBusy(error)) return undefined;
  return new StoreInUseError(
    `The event store in "${directory}" is in use by another process. Connect to that one, stop it, or choose another directory.`,
    { cause: error },
  );
}

export function unknownFormat(directory: string, format: number): Error {
  return new Error(
    `The event store in "${directory}" has format ${format}, which this version does not know. Use the version that wrote it, or choose another directory.`,
  );
}
