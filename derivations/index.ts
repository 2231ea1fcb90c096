import { projections } from '../projections/index.js';
import { standingOn, type AnyDerivation } from './derivation.js';
import { journal } from './journal/journal.js';
import { mrr, subscriptionMrrs } from './mrr/mrr.js';

/** Every derivation of this build, each after those that it reads. */
export const derivations: readonly AnyDerivation[] = standingOn(projections, [journal, subscriptionMrrs, mrr]);
