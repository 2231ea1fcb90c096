import { HttpException } from '@nestjs/common';
import { PROBLEMS, typeOfProblem, type ProblemCode, type ProblemKind } from './problems.js';

/** A problem with a request: its kind, and the detail of this case. */
export type Problem = Readonly<{ code: ProblemCode; detail?: string }>;

/** Ends a request with a problem; the filter answers it. */
export class ProblemError extends HttpException {
  readonly problem: Problem;

  /** @param detail What went wrong in this case and what to do, where the kind's remedy does not say it. */
  constructor(code: ProblemCode, detail?: string) {
    super(PROBLEMS[code].title, PROBLEMS[code].status);
    this.problem = detail === undefined ? { code } : { code, detail };
  }

  static of({ code, detail }: Problem): ProblemError {
    return new ProblemError(code, detail);
  }
}

/** The registered kind of a problem. */
export const kindOf = ({ code }: Problem): ProblemKind => PROBLEMS[code];

/** The media type of a problem. */
export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** The body of a problem answer: RFC 9457's members and our `code`. `request` is the request id, if any. */
export function problemBody(problem: Problem, request?: string) {
  const { title, status, remedy } = kindOf(problem);
  return {
    type: typeOfProblem(problem.code),
    title,
    status,
    detail: problem.detail ?? remedy,
    code: problem.code,
    ...(request === undefined ? {} : { instance: `urn:subscription-ledger:request:${request}` }),
  };
}
