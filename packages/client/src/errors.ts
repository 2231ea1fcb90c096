import type { Problem } from './openapi.js';

/** The ledger did not answer. The result is unknown, neither yes nor no. */
export class LedgerError extends Error {
  override readonly name: string = 'LedgerError';
}

/** The ledger rejected the request, or cannot answer it now. `code` is stable; docs/problems.md explains each. */
export class LedgerProblem extends LedgerError {
  override readonly name = 'LedgerProblem';
  readonly code: string;
  readonly status: number;

  /** @param retryAfterS Seconds after which to retry the same request; null: a retry does not help */
  constructor(
    readonly problem: Problem,
    readonly retryAfterS: number | null,
  ) {
    super(`${problem.title} (${problem.code}): ${problem.detail}`);
    this.code = problem.code;
    this.status = problem.status;
  }
}

/** No ledger answered: a network error, a timeout, or another service at this address. See `cause`. */
export class LedgerUnreachable extends LedgerError {
  override readonly name = 'LedgerUnreachable';
}

/** A request to the receiver of changes that no ledger with its secret signed. Answer 400, and trust none of it. */
export class UnverifiedChange extends LedgerError {
  override readonly name = 'UnverifiedChange';
}
