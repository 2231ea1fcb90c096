import { ProblemError } from '../http/problem.js';

/** 429: the share of one token is used up, while others are still served. */
export const tooManyRequests = (shareOf: string) =>
  new ProblemError(
    'too_many_requests',
    `${shareOf}, which is the share of one token. Wait for some of them to end, then ask again.`,
  );

/** The client left before its answer; nobody reads this one, but metrics count it. */
export const clientLeft = () => new ProblemError('client_left');

/** 503: the places of those who wait are all taken. */
export const tooManyWaiting = () => new ProblemError('too_many_waiting');
