/** What a program imports from the package. Its types are in types/index.d.ts, which names no package. */
export { startLedger } from './ledger.js';
