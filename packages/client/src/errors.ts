import type { Problem } from './openapi.js';

/** The ledger has given no answer to a question. What was asked is not known: it is neither yes nor no. */
export class LedgerError extends Error {
  override readonly name: string = 'LedgerError';
}

/** The ledger has refused the question, or cannot answer it now. `code` is stable: docs/problems.md says what each means. */
export class LedgerProblem extends LedgerError {
  override readonly name = 'LedgerProblem';
  readonly code: string;
  readonly status: number;

  /** @param retryAfterS Seconds after which the same question may be answered; null: it will not be as it is. */
  constructor(
    readonly problem: Problem,
    readonly retryAfterS: number | null,
  ) {
    super(`${problem.title} (${problem.code}): ${problem.detail}`);
    this.code = problem.code;
    this.status = problem.status;
  }
}

/** No ledger has answered: the network failed, the time was over, or something else answers at this address. `cause` says more. */
export class LedgerUnreachable extends LedgerError {
  override readonly name = 'LedgerUnreachable';
}

/** A request to the receiver of changes that no ledger with its secret has signed. Answer it with 400, and believe nothing of it. */
export class UnverifiedChange extends LedgerError {
  override readonly name = 'UnverifiedChange';
}
