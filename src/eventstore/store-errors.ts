import { status } from '@grpc/grpc-js';
import { StoreTimeout } from './event-store.js';

/** The store cannot be reached, or cannot answer now. The call may be retried. */
export class StoreUnavailable extends Error {
  readonly code = 'STORE_UNAVAILABLE';
  /** The same as the client's own error. */
  readonly type = 'unavailable';
}

/** The store answers, but the user of EVENTSTORE_URL may not read: wrong user or password, or no right to the log. */
export class StoreRefuses extends Error {
  readonly code = 'STORE_REFUSES';
  /** The same as the client's own error. */
  readonly type = 'access-denied';
}

/** No record of the log starts at this position, so the position belongs to another log. */
export class InvalidPosition extends Error {
  readonly code = 'INVALID_POSITION';
}

/** Codes that mean the store is unavailable; `INTERNAL`: a broken stream. */
const AWAY_CODES: ReadonlySet<unknown> = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.INTERNAL,
  status.UNAVAILABLE,
]);
const AWAY_TYPES: ReadonlySet<unknown> = new Set([
  'unavailable',
  'deadline-exceeded',
  'timeout',
  'cancelled',
  'not-leader',
]);

/**
 * Converts the error of a failed read to one of ours. An error that says nothing about the store as a whole is returned
 * unchanged: it concerns what was read. A missing right concerns the whole store only when the log (`$all`) was read.
 */
export function storeErrorOf(error: unknown, { what, ofLog }: { what: string; ofLog: boolean }): unknown {
  if (error instanceof StoreTimeout) return error;
  const { type, code, message = String(error) } = error as { type?: unknown; code?: unknown; message?: string };
  if (code === status.UNAUTHENTICATED)
    return new StoreRefuses(`${what}: the event store refuses the user or password.`, { cause: error });
  if (code === status.PERMISSION_DENIED && ofLog)
    return new StoreRefuses(`${what}: the user has no right to read the log.`, { cause: error });
  if (/invalid ?position/i.test(message)) return new InvalidPosition(`${what}: ${message}`, { cause: error });
  const isAway =
    AWAY_TYPES.has(type) || AWAY_CODES.has(code) || /^(E[A-Z]+|ERR_STREAM_PREMATURE_CLOSE)$/.test(String(code));
  return isAway
    ? new StoreUnavailable(
        `${what}: the event store does not answer (${message.replace(/[. ]*Resolution note:\s*$/, '')}).`,
        { cause: error },
      )
    : error;
}

/** Whether the error concerns one stream only: it is damaged (`UNKNOWN`), or not readable by this user. */
export function isOfOneStream(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === status.UNKNOWN || code === status.PERMISSION_DENIED;
}

const OURS: ReadonlySet<unknown> = new Set(['STORE_UNAVAILABLE', 'STORE_REFUSES', 'STORE_TIMEOUT']);

/** Whether the store as a whole is unavailable, so that nothing is wrong with the request. */
export const isStoreAway = (error: unknown): boolean => OURS.has((error as { code?: unknown } | null)?.code);
