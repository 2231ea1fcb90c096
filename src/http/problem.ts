import { HttpException } from '@nestjs/common';

/** An error of the HTTP API as problem details (RFC 9457); `code` is stable, the texts may change. */
export type Problem = Readonly<{
  status: number;
  code: string;
  title: string;
  /** What went wrong here, and what to do. */
  detail: string;
  /** Seconds after which trying again makes sense; sent as Retry-After. */
  retryAfterS?: number;
}>;

/** Thrown where a request ends with a problem; the filter answers it. */
export class ProblemError extends HttpException {
  constructor(readonly problem: Problem) {
    super(problem.title, problem.status);
  }
}

/** A body that no append can hold: found by its length as it arrives, or when its metadata are added. */
export const bodyTooLarge: Problem = {
  status: 413,
  code: 'body_too_large',
  title: 'Body too large',
  detail:
    'The event is larger than one append of the event store may be. Raise APPEND_BYTES_MAX, and the limit of the event store unless it is the embedded one, then let Stripe send the event again.',
};

/** The media type of a problem. */
export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** The body that is sent: RFC 9457's members and our `code`. */
export const problemBody = ({ status, code, title, detail }: Problem) => ({
  type: `urn:subscription-ledger:problem:${code}`,
  title,
  status,
  detail,
  code,
});
