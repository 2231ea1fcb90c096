import { projections } from '../projections/index.js';
import { standingOn, type AnyDerivation } from './derivation.js';

/** Every derivation of this build, each after those that it reads. */
export const derivations: readonly AnyDerivation[] = standingOn(projections, []);
