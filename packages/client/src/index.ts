export { LedgerError, LedgerProblem, LedgerUnreachable } from './errors.js';
export { createLedger, type AccessQuestion, type Ledger, type LedgerApi, type LedgerOptions } from './ledger.js';
export type * from './openapi.js';
