import { projections } from '../projections/index.js';
import { standingOn, type AnyDerivation } from './derivation.js';
import { journal } from './journal/journal.js';
import { mrr, subscriptionMrrs } from './mrr/mrr.js';
import { settledInvoices } from './settling/settled-invoices.js';

/** Every derivation of this build; each follows those that it reads. */
export const derivations: readonly AnyDerivation[] = standingOn(projections, [
  settledInvoices,
  journal,
  subscriptionMrrs,
  mrr,
]);
