import { ProblemError } from '../http/problem.js';

/** 429: the share of one token is used up, while others are still served. */
export const tooManyRequests = (shareOf: string) =>
  new ProblemError({
    status: 429,
    code: 'too_many_requests',
    title: 'Too many requests',
    detail: `${shareOf}, which is the share of one token. Wait for some of them to end, then ask again.`,
    retryAfterS: 1,
  });

/** The client left before its answer; nobody reads this one, but metrics count it. */
export const clientLeft = () =>
  new ProblemError({
    status: 499,
    code: 'client_left',
    title: 'The client left',
    detail: 'The connection was closed before the answer was ready.',
  });

/** 503: the places of those who wait are all taken. */
export const tooManyWaiting = () =>
  new ProblemError({
    status: 503,
    code: 'too_many_waiting',
    title: 'Too many waiting',
    detail: 'Too many requests wait for a position or a replay already. Ask again later, or without minPosition.',
    retryAfterS: 1,
  });
