import type { Coupon, Price } from './books.js';
import type { Seconds } from './calendar.js';
import { seededRandom, type Random } from './random.js';

/** The simulated merchant. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly country: string;
  readonly livemode: boolean;
  readonly prices: readonly Price[];
  readonly coupons: readonly Coupon[];
}

/** Product and monthly price in minor units; the yearly price is ten times that. */
const PRODUCTS = [
  ['Starter', 900],
  ['Team', 2900],
  ['Business', 7900],
  ['Enterprise', 24900],
  ['API calls', 3],
] as const;
/** The product billed by usage. */
const METERED = 'API calls';
/** Coupon name, percent off, and duration in months (null: forever). */
const PERCENT_COUPONS = [
  ['WELCOME20', 20, 3],
  ['PARTNER', 12.5, null],
] as const;
/** A fixed discount on one invoice: less than any first invoice's total, more than some of its lines. */
const ONCE_MINOR = 500;
/** Currencies with two, zero and three decimals. */
const CURRENCIES = ['usd', 'eur', 'jpy', 'kwd'] as const;
/** The products with tiered prices: per unit (graduated), or by total quantity (volume). */
const TIERED: Readonly<Record<string, 'graduated' | 'volume'>> = { Team: 'graduated', Business: 'volume' };

/** Lengths of the random part of Stripe's ids, for the prefixes where it is not 24. */
const ID_LENGTHS: Readonly<Record<string, number>> = {
  cus: 14,
  prod: 14,
  si: 14,
  req: 14,
  acct: 16,
  cs_test: 58,
  cs_live: 58,
};

/** An id in Stripe's format: `stripeId(random, 'sub')` is `sub_` and 24 random characters. */
export function stripeId(random: Random, prefix: string): string {
  return `${prefix}_${random.alphanumeric(ID_LENGTHS[prefix] ?? 24)}`;
}

export function simulatedAccount(options: { seed: number; livemode: boolean; openedAt: Seconds }): Account {
  const random = seededRandom(options.seed, 'account');
  return {
    id: stripeId(random, 'acct'),
    name: 'Nimbus Software',
    country: 'US',
    livemode: options.livemode,
    coupons: coupons(options.openedAt),
    prices: PRODUCTS.flatMap(([productName, monthlyMinor]) => {
      const product = {
        product: stripeId(random, 'prod'),
        productName,
        usage: productName === METERED ? ('metered' as const) : ('licensed' as const),
        createdAt: options.openedAt,
      };
      return CURRENCIES.flatMap((currency): Price[] => [
        {
          ...product,
          ...amounts(productName, monthlyMinor),
          currency,
          id: stripeId(random, 'price'),
          interval: 'month',
        },
        {
          ...product,
          ...amounts(productName, 10 * monthlyMinor),
          currency,
          id: stripeId(random, 'price'),
          interval: 'year',
        },
      ]);
    }),
  };
}

function amounts(productName: string, unitAmountMinor: number): Pick<Price, 'unitAmountMinor' | 'tiers' | 'tiersMode'> {
  const tiersMode = TIERED[productName] ?? null;
  if (tiersMode === null) return { unitAmountMinor, tiers: [], tiersMode };
  return {
    unitAmountMinor: null,
    tiersMode,
    tiers: [
      { upTo: 5, unitAmountMinor, flatAmountMinor: 0 },
      { upTo: null, unitAmountMinor: Math.round(unitAmountMinor * 0.8), flatAmountMinor: unitAmountMinor },
    ],
  };
}

function coupons(createdAt: Seconds): Coupon[] {
  return [
    ...PERCENT_COUPONS.map(([id, percentOff, months]): Coupon => ({
      id,
      name: `${percentOff} % off`,
      percentOff,
      amountOff: null,
      duration: months === null ? 'forever' : 'repeating',
      months,
      createdAt,
    })),
    ...CURRENCIES.map((currency): Coupon => ({
      id: `FIRST-${currency}`,
      name: 'Off one invoice',
      percentOff: null,
      amountOff: { currency, minor: ONCE_MINOR },
      duration: 'once',
      months: null,
      createdAt,
    })),
  ];
}
