import { z } from 'zod';
import { wholeNumber } from './fields.js';
import { stripeApiKeys, type StripeApiKey } from './secrets.js';

/** Access to Stripe's API; without a key it is never called. */
export type StripeApiConfig = Readonly<{
  keys: readonly StripeApiKey[];
  /** The base URL: Stripe, or a simulator. */
  url: string;
  /** The API version of requests; null: the version of the events. */
  version: string | null;
  /** Requests per second for each key, by mode. */
  perSecond: Readonly<{ live: number; test: number }>;
  /** Requests per 24 hours for automatic runs; `auto` follows the number of events. */
  perDay: number | 'auto';
  /** Connected accounts that runs also cover: those listed, or all that Stripe lists. */
  connected: 'all' | readonly string[];
}>;

const stripeApiUrl = z
  .string()
  .default('https://api.stripe.com')
  .refine((text) => {
    const address = URL.canParse(text) ? new URL(text) : null;
    return address !== null && /^https?:$/.test(address.protocol) && address.href === `${address.origin}/`;
  }, 'must be a URL without a path, e.g. https://api.stripe.com');
const perDay = z.union([z.literal('auto'), z.coerce.number<string>().int().min(0).max(10_000_000)], {
  error: 'must be "auto", or a whole number from 0 to 10000000, e.g. 300',
});

const connected = z
  .string()
  .default('none')
  .transform((text) =>
    text === 'none' ? [] : text === 'all' ? ('all' as const) : text.split(',').map((id) => id.trim()),
  )
  .refine((accounts) => accounts === 'all' || accounts.every((id) => /^acct_\w+$/.test(id)), {
    error: 'must be "none", "all", or accounts separated by commas, e.g. acct_1,acct_2',
  });

/** The variables of Stripe's API. */
export const stripeApiVariables = {
  STRIPE_API_KEYS: stripeApiKeys,
  STRIPE_API_URL: stripeApiUrl,
  STRIPE_API_VERSION: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$/, { error: 'must be a Stripe API version, e.g. 2026-09-30.endive' })
    .optional(),
  STRIPE_API_RATE: wholeNumber(1, 100, 20).optional(),
  STRIPE_API_DAILY: perDay.default('auto'),
  STRIPE_CONNECTED_ACCOUNTS: connected,
};

type Values = z.output<z.ZodObject<typeof stripeApiVariables>>;

/** A fifth of what Stripe allows for all programs of the account together (docs.stripe.com/rate-limits). */
const PER_SECOND = { live: 20, test: 5 };

/** Returns the configuration of Stripe's API that these values set. */
export const stripeApiOf = (values: Values): StripeApiConfig => ({
  keys: values.STRIPE_API_KEYS,
  url: values.STRIPE_API_URL,
  version: values.STRIPE_API_VERSION ?? null,
  perSecond:
    values.STRIPE_API_RATE === undefined ? PER_SECOND : { live: values.STRIPE_API_RATE, test: values.STRIPE_API_RATE },
  perDay: values.STRIPE_API_DAILY,
  connected: values.STRIPE_CONNECTED_ACCOUNTS,
});

/** A warning for each live secret key, where a restricted key for reading is enough. */
export const needlessRights = (values: Values): string[] =>
  values.STRIPE_API_KEYS.filter(({ key }) => key.startsWith('sk_live_')).map(
    ({ label }) =>
      `STRIPE_API_KEYS: ${label} is a secret key with full access. The ledger only reads: create a restricted key.`,
  );

const LOCAL_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/** Mistakes in the URL: a live key must never be sent in plain text over a network. */
export function addressMistakes({ STRIPE_API_URL: text, STRIPE_API_KEYS: keys }: Partial<Values>): string[] {
  if (text === undefined || keys?.some(({ livemode }) => livemode) !== true) return [];
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || LOCAL_HOSTS.includes(hostname)
    ? []
    : [
        'STRIPE_API_URL: must begin with https:// when STRIPE_API_KEYS has a live key, unless it points to this machine.',
      ];
}
