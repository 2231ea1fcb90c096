import { randomInt } from 'node:crypto';
import { SHARES_STORE } from './servers.js';

/** The first seed of this spec file on a shared store. */
const base = randomInt(1, 1_000_000_000);

/**
 * A seed of simulated lives whose events are delivered. It determines the ids of all objects, so each run needs its own
 * seeds on a store shared by all spec files: the events must not be in the log already. The tests' titles name the
 * seeds.
 */
export const deliveredSeed = (seed: number): number => (SHARES_STORE ? base + seed : seed);
