/** The package's exports. Their types are in types/index.d.ts, which imports no other package. */
export { startLedger } from './ledger.js';
