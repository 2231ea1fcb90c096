/** A part of a whole: `part ÷ whole`, both whole numbers and not below 0, `whole` above it. */
export type Ratio = Readonly<{ part: number; whole: number } | { part: bigint; whole: bigint }>;

/** `amount × part ÷ whole` to the nearest whole number, halves away from zero: a negative amount mirrors a positive one. */
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
 * One amount over several weights, to the unit: each gets the whole part of its exact share, and the units that are left go to the
 * largest fractions, of equal ones to the first. Weights may have both signs; when they add up to zero nobody gets anything.
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

/** The sum of amounts. */
export const sumOf = (amounts: readonly number[]): number => amounts.reduce((sum, amount) => sum + amount, 0);
