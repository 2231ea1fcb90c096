import { ProblemError } from '../http/problem.js';

/** 429: one token has used its share; others are still served. */
export const tooManyRequests = (shareOf: string) =>
  new ProblemError(
    'too_many_requests',
    `${shareOf}, which is the share of one token. Wait for some of them to end, then ask again.`,
  );

/** The client disconnected before its answer; only metrics see this one. */
export const clientLeft = () => new ProblemError('client_left');

/** 503: all places for waiting requests are taken. */
export const tooManyWaiting = () => new ProblemError('too_many_waiting');
