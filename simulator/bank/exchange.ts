import { DAY, type Seconds } from '../calendar.js';

/** An amount as the bank books it: in a currency that the account settles in. */
export interface Settled {
  readonly amountMinor: number;
  readonly currency: string;
  /** Of one unit of the payment's currency, as Stripe says it; null where nothing was exchanged. */
  readonly exchangeRate: number | null;
}

/** The currencies in which the account has bank accounts; all others become the first. */
const SETTLES_IN = ['usd', 'eur'] as const;
/** Dollars for a unit, and how many decimals the currency has. */
const IN_DOLLARS: Readonly<Record<string, readonly [rate: number, decimals: number]>> = {
  jpy: [0.0067, 0],
  kwd: [3.25, 3],
};

/** What an amount is on the day on which it moves: rates change from day to day, by up to 3 %. */
export function settledIn(amountMinor: number, currency: string, at: Seconds): Settled {
  const inDollars = IN_DOLLARS[currency];
  if (inDollars === undefined) return { amountMinor, currency, exchangeRate: null };
  const [rate, decimals] = inDollars;
  const day = Math.floor(at / DAY);
  const today = Number((rate * (1 + (((day * 7919) % 61) - 30) / 1_000)).toPrecision(5));
  const minor = Math.round((Math.abs(amountMinor) * today * 100) / 10 ** decimals);
  return { amountMinor: Math.sign(amountMinor) * minor, currency: SETTLES_IN[0], exchangeRate: today };
}
