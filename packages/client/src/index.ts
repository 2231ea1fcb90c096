export { verifyAccessChange, type AccessChangesOptions, type ReceivedHeaders } from './access-changes.js';
export { LedgerError, LedgerProblem, LedgerUnreachable, UnverifiedChange } from './errors.js';
export { createLedger, type AccessQuestion, type Ledger, type LedgerApi, type LedgerOptions } from './ledger.js';
export type * from './openapi.js';
