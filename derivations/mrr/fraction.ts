/** An exact number: Stripe's decimals have up to twelve places, and intervals divide them. */
export type Fraction = Readonly<{ n: bigint; d: bigint }>;

export const whole = (amount: number): Fraction => ({ n: BigInt(amount), d: 1n });

/** @throws SyntaxError if the text is no decimal */
export function decimal(text: string): Fraction {
  const [, sign = '', integer = '', places = ''] = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text.trim()) ?? [];
  if (integer === '' && places === '') throw new SyntaxError(`"${text}" is not a decimal.`);
  const n = BigInt(`${integer}${places}`);
  return { n: sign === '-' ? -n : n, d: 10n ** BigInt(places.length) };
}

export const plus = (a: Fraction, b: Fraction): Fraction => ({ n: a.n * b.d + b.n * a.d, d: a.d * b.d });
export const times = (a: Fraction, b: Fraction): Fraction => ({ n: a.n * b.n, d: a.d * b.d });

/** Rounds to the nearest whole number, halves away from zero. */
export function rounded({ n, d }: Fraction): number {
  const size = n < 0n ? -n : n;
  const result = Number((2n * size + d) / (2n * d));
  return n < 0n && result !== 0 ? -result : result;
}
