import { HttpException } from '@nestjs/common';
import { isOfOneStream, isStoreAway } from '../eventstore/store-errors.js';
import { ProblemError, type Problem } from '../http/problem.js';
import { isBadValue, isConflict, isStatementTimeout, isUnavailable, PoolBusy } from '../read-models/database.js';

/** Maps an error to a problem, the same in every thread. Null: unexpected. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof HttpException) return knownProblem(error.getStatus(), error.message);
  return problemOfStore(error) ?? problemOfDatabase(error) ?? problemOfServer(error);
}

function problemOfDatabase(error: unknown): Problem | null {
  if (error instanceof PoolBusy) return { code: 'read_models_busy' };
  if (isStatementTimeout(error)) return { code: 'read_timeout' };
  if (isConflict(error)) return { code: 'read_models_conflict' };
  if (isUnavailable(error)) return { code: 'read_models_unavailable' };
  return isBadValue(error)
    ? {
        code: 'bad_query',
        detail: 'A parameter has an invalid value. Check ids, times, numbers and the cursor.',
      }
    : null;
}

const problemOfStore = (error: unknown): Problem | null =>
  isStoreAway(error) || isOfOneStream(error) ? { code: 'event_store_unavailable' } : null;

/** Client errors of the HTTP server, which have a status of their own. */
function problemOfServer(error: unknown): Problem | null {
  const { statusCode, message } = (error ?? {}) as { statusCode?: unknown; message?: unknown };
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
    ? knownProblem(statusCode, String(message))
    : null;
}

function knownProblem(status: number, detail: string): Problem | null {
  if (status === 413) return { code: 'body_too_large' };
  if (status === 404) return { code: 'not_found', detail };
  return status < 500 ? { code: 'bad_request', detail } : null;
}
