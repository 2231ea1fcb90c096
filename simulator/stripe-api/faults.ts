import { seededRandom } from '../random.js';

/** Faults as shares of all requests between 0 and 1; none by default. */
export type Faults = Readonly<{
  /** Answers of 429, each with one of Stripe's reasons. */
  limited?: number;
  /** Answers of 500 and 503. */
  broken?: number;
  /** Truncated answers. */
  cut?: number;
  /** Answers delayed by `slowMs`. */
  slow?: number;
  slowMs?: number;
  /** Reads that return an older state, by up to `staleS` seconds. */
  stale?: number;
  staleS?: number;
}>;

export type Fault =
  | Readonly<{ kind: 'none' | 'cut' }>
  | Readonly<{ kind: 'limited'; reason: string }>
  | Readonly<{ kind: 'broken'; status: 500 | 503 }>;

export type Luck = Readonly<{ fault: Fault; waitMs: number; staleS: number }>;

const REASONS = ['global-rate', 'endpoint-rate', 'global-concurrency', 'endpoint-concurrency', 'resource-specific'];

/** Draws the fault of each request in turn: the same seed yields the same faults. */
export function luckOf(seed: number, faults: Faults): () => Luck {
  const random = seededRandom(seed, 'faults');
  const drawn = (rate = 0): boolean => random.chance(rate);
  const fault = (): Fault => {
    if (drawn(faults.limited)) return { kind: 'limited', reason: random.pick(REASONS) };
    if (drawn(faults.broken)) return { kind: 'broken', status: random.pick([500, 503]) };
    return { kind: drawn(faults.cut) ? 'cut' : 'none' };
  };
  return () => ({
    fault: fault(),
    waitMs: drawn(faults.slow) ? (faults.slowMs ?? 0) : 0,
    staleS: drawn(faults.stale) ? random.integer(1, Math.max(1, faults.staleS ?? 1)) : 0,
  });
}
