import { DAY, type Seconds } from '../calendar.js';

/** An amount as the bank books it, in a settlement currency of the account. */
export interface Settled {
  readonly amountMinor: number;
  readonly currency: string;
  /** Stripe's rate for one unit of the payment's currency; null without an exchange. */
  readonly exchangeRate: number | null;
}

/** The currencies of the account's bank accounts; all other currencies are converted to the first. */
const SETTLES_IN = ['usd', 'eur'] as const;
/** Dollars per unit, and the number of decimals of the currency. */
const IN_DOLLARS: Readonly<Record<string, readonly [rate: number, decimals: number]>> = {
  jpy: [0.0067, 0],
  kwd: [3.25, 3],
};

/** The settled amount on the day of the movement: rates vary from day to day by up to 3 %. */
export function settledIn(amountMinor: number, currency: string, at: Seconds): Settled {
  const inDollars = IN_DOLLARS[currency];
  if (inDollars === undefined) return { amountMinor, currency, exchangeRate: null };
  const [rate, decimals] = inDollars;
  const day = Math.floor(at / DAY);
  const today = Number((rate * (1 + (((day * 7919) % 61) - 30) / 1_000)).toPrecision(5));
  const minor = Math.round((Math.abs(amountMinor) * today * 100) / 10 ** decimals);
  return { amountMinor: Math.sign(amountMinor) * minor, currency: SETTLES_IN[0], exchangeRate: today };
}
