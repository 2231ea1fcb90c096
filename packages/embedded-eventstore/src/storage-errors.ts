/** Storage errors, with messages that say what to do. */
import { NotPrivateError } from '../../private-files/src/index.js';
import type { Place } from './record.js';

/** Another process uses the directory. */
export class StoreInUseError extends Error {
  readonly code = 'STORE_IN_USE';
}

/** An append or a read of the files failed. The server must stop, because the state of the files is unknown. */
export class StorageFailedError extends Error {
  readonly code = 'STORAGE_FAILED';

  constructor(action: 'append' | 'read', cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `The event store stops because ${action === 'append' ? 'an append' : 'a read'} failed (${reason}). ` +
        'Acknowledged events are kept; others may be missing. Check the free space and health of the disk, then start again.',
      { cause },
    );
  }
}

/** The remedy for damage. */
export const AFTER_DAMAGE = 'Restore the data directory from a backup and check the disk.';

/** Stored events are damaged. */
export class DamagedRecordError extends Error {
  readonly code = 'DAMAGED_RECORD';

  constructor(readonly damage: string) {
    super(`${damage} ${AFTER_DAMAGE}`);
  }
}

type Named = Pick<Place, 'stream' | 'revision' | 'position'>;

const placeOf = ({ stream, revision, position }: Named): string =>
  `revision ${revision} of stream "${stream}" (position ${position})`;

export const changed = (event: Named): DamagedRecordError =>
  new DamagedRecordError(`The event at ${placeOf(event)} is damaged: it does not match its checksum.`);

export const missingBefore = (event: Named): DamagedRecordError =>
  new DamagedRecordError(`What stood before the event at ${placeOf(event)} is missing: the log has a gap.`);

const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');

/** Returns an error that explains why a directory could not be opened. */
export function cannotOpen(directory: string, cause: unknown): Error {
  if (cause instanceof UnknownFormatError || cause instanceof NotPrivateError) return cause;
  const store = `The event store in "${directory}"`;
  if (isBusy(cause))
    return new StoreInUseError(
      `${store} is in use by another process. Connect to that process, stop it, or choose another directory.`,
      { cause },
    );
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `${store} cannot be opened (${reason}). Check that the directory is writable, that the disk has free space, and that the files belong to an event store.`,
    { cause },
  );
}

/** The files were written by another version. */
export class UnknownFormatError extends Error {
  constructor(directory: string, format: number) {
    super(
      `The event store in "${directory}" has format ${format}, which this version does not know. Use the version that wrote it, or choose another directory.`,
    );
  }
}
