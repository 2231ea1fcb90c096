import { ProblemError } from '../http/problem.js';

/** 404: no event about this object has been projected. */
export const notFound = (kind: string, id: string) =>
  new ProblemError(
    'not_found',
    `No event about the ${kind} ${id} has been projected. If you have just sent one, ask with the position from the webhook's response as minPosition.`,
  );
