/** A fraction `part ÷ whole`, both non-negative whole numbers, `whole` above 0. */
export type Ratio = Readonly<{ part: number; whole: number } | { part: bigint; whole: bigint }>;

/** `amount × part ÷ whole` to the nearest whole number, halves away from zero: `portion(-a) = -portion(a)`. */
export function portion(amount: number, { part, whole }: Ratio): number {
  if (part === whole) return amount;
  const size = Math.abs(amount);
  const twice = 2 * size * Number(part) + Number(whole);
  const rounded =
    Number.isSafeInteger(twice) && Number.isSafeInteger(2 * Number(whole))
      ? Math.floor(twice / (2 * Number(whole)))
      : Number((2n * BigInt(size) * BigInt(part) + BigInt(whole)) / (2n * BigInt(whole)));
  return amount < 0 && rounded !== 0 ? -rounded : rounded;
}

/**
 * Splits an amount by weights with the largest-remainder method; the first of equal remainders wins. Weights may have
 * both signs; if they add up to zero, every part is 0.
 */
export function split(total: number, weights: readonly number[]): readonly number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  if (sum === 0) return weights.map(() => 0);
  if (weights.length === 1) return [total];
  const whole = BigInt(Math.abs(sum));
  const shares = weights.map((weight, place) => {
    const exact = BigInt(Math.abs(total)) * BigInt(sum < 0 ? -weight : weight);
    const rest = ((exact % whole) + whole) % whole;
    return { place, floor: Number((exact - rest) / whole), rest };
  });
  const missing = Math.abs(total) - shares.reduce((all, { floor }) => all + floor, 0);
  const first = [...shares].sort((a, b) => (a.rest === b.rest ? a.place - b.place : a.rest > b.rest ? -1 : 1));
  const lucky = new Set(first.slice(0, missing).map(({ place }) => place));
  return shares.map(({ place, floor }) => {
    const part = floor + (lucky.has(place) ? 1 : 0);
    return total < 0 && part !== 0 ? -part : part;
  });
}

export const sumOf = (amounts: readonly number[]): number => amounts.reduce((sum, amount) => sum + amount, 0);
