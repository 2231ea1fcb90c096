import { randomInt } from 'node:crypto';
import { SHARES_STORE } from './servers.js';

/** Where the seeds of this spec file begin on a shared store. */
const base = randomInt(1, 1_000_000_000);

/**
 * A seed of simulated lives whose events are delivered. It gives the ids of all objects, so on a store that all spec
 * files share each run has seeds of its own, which the titles of the tests name: what is delivered must not be in the
 * log already.
 */
export const deliveredSeed = (seed: number): number => (SHARES_STORE ? base + seed : seed);
