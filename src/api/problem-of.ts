import { HttpException } from '@nestjs/common';
import { isOfOneStream, isStoreAway } from '../eventstore/store-errors.js';
import { bodyTooLarge, ProblemError, type Problem } from '../http/problem.js';
import { isBadValue, isConflict, isStatementTimeout, isUnavailable, PoolBusy } from '../read-models/database.js';

/** What an error is to the client: the same in every thread. Null: nobody foresaw it. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof HttpException) return knownProblem(error.getStatus(), error.message);
  return problemOfStore(error) ?? problemOfDatabase(error) ?? problemOfServer(error);
}

function problemOfDatabase(error: unknown): Problem | null {
  if (error instanceof PoolBusy)
    return {
      status: 503,
      code: 'read_models_busy',
      title: 'Too many reads',
      detail: 'All connections to Postgres are in use. Ask again later.',
      retryAfterS: 1,
    };
  if (isStatementTimeout(error))
    return {
      status: 503,
      code: 'read_timeout',
      title: 'The read took too long',
      detail:
        'Postgres was stopped from answering, since it took longer than READ_TIMEOUT_MS. Ask for less: with more filters, or a smaller limit.',
      retryAfterS: 5,
    };
  if (isConflict(error))
    return {
      status: 503,
      code: 'read_models_conflict',
      title: 'In the way of another',
      detail: 'This request and another changed, or replaced, the same rows. Ask again.',
      retryAfterS: 1,
    };
  if (isUnavailable(error))
    return {
      status: 503,
      code: 'read_models_unavailable',
      title: 'Read models unavailable',
      detail:
        'Postgres does not answer, or the read models are being built. Ask again later; intake does not depend on it.',
      retryAfterS: 2,
    };
  return isBadValue(error)
    ? {
        status: 400,
        code: 'bad_query',
        title: 'Bad query',
        detail: 'A parameter has a value that no row can have. Check ids, times, numbers and the cursor.',
      }
    : null;
}

function problemOfStore(error: unknown): Problem | null {
  if (!isStoreAway(error) && !isOfOneStream(error)) return null;
  return {
    status: 503,
    code: 'event_store_unavailable',
    title: 'Event store unavailable',
    detail:
      'The event store does not answer, or not this user, and this answer is read from the log. Ask again later; the read models do not depend on it.',
    retryAfterS: 2,
  };
}

/** Errors of the HTTP server have a status of their own. */
function problemOfServer(error: unknown): Problem | null {
  const { statusCode, message } = (error ?? {}) as { statusCode?: unknown; message?: unknown };
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
    ? knownProblem(statusCode, String(message))
    : null;
}

function knownProblem(status: number, message: string): Problem | null {
  if (status === 413) return bodyTooLarge;
  if (status === 404) return { status, code: 'not_found', title: 'Not found', detail: message };
  return status < 500 ? { status, code: 'bad_request', title: 'Bad request', detail: message } : null;
}
