import { ProblemError } from '../http/problem.js';

/** 429: one token has used its share; others are still served. */
export const tooManyRequests = (shareOf: string) =>
  new ProblemError(
    'too_many_requests',
    `${shareOf}, the limit for one token. Wait until some of them have ended, then try again.`,
  );

/** The client disconnected before its answer; only metrics see this one. */
export const clientLeft = () => new ProblemError('client_left');

/** 503: all places for waiting requests are taken. */
export const tooManyWaiting = () => new ProblemError('too_many_waiting');
