/** A seeded random source: the same seed yields the same choices on every machine. */
export interface Random {
  /** A number in [0, 1). */
  readonly next: () => number;
  /** A whole number from `min` to `max`, inclusive. */
  integer(min: number, max: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** One of the keys, in proportion to its weight. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K;
  /** `length` random characters of A-Z, a-z, 0-9. */
  alphanumeric(length: number): string;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** All parts of the seed count: `seededRandom(42, 'life', 7)` is independent of `seededRandom(42, 'life', 8)`. */
export function seededRandom(...seed: readonly (number | string)[]): Random {
  const next = sfc32(seed.join('\u0000'));
  const integer = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  const pick = <T>(choices: readonly T[]): T => {
    if (choices.length === 0) throw new RangeError('There is nothing to pick from.');
    return choices[integer(0, choices.length - 1)] as T;
  };
  return {
    next,
    integer,
    pick,
    chance: (probability) => next() < probability,
    weighted: (weights) => pickWeighted(weights, next()),
    // Built in one call: V8 stores a string concatenated letter by letter as a tree of many times its size.
    alphanumeric: (length) =>
      String.fromCharCode(...Array.from({ length }, () => ALPHABET.charCodeAt(integer(0, ALPHABET.length - 1)))),
  };
}

function pickWeighted<K extends string>(weights: Readonly<Record<K, number>>, at: number): K {
  const entries = Object.entries<number>(weights) as [K, number][];
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  let left = at * total;
  for (const [key, weight] of entries) {
    left -= weight;
    if (left < 0) return key;
  }
  throw new RangeError('There is no weight to pick by.');
}

/** Chris Doty-Humphrey's Small Fast Counter, 128 bits of state, seeded with four FNV-1a hashes of the seed. */
function sfc32(seed: string): () => number {
  let [a, b, c, counter] = [fnv1a(`0${seed}`), fnv1a(`1${seed}`), fnv1a(`2${seed}`), 1];
  const step = (): number => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return (result >>> 0) / 2 ** 32;
  };
  for (let warmUp = 0; warmUp < 15; warmUp += 1) step();
  return step;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}
