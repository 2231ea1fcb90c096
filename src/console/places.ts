import type { Whose } from './answers.js';
import { pathOf, withQuery } from './ledger.js';

const place = (name: string) => (id: string) => `/console/${name}/${pathOf(id)}`;

/** The addresses of pages, by id. */
export const customerPage = place('customers');
export const subscriptionPage = place('subscriptions');
export const eventPage = place('events');
export const streamPage = place('streams');
export const payoutPage = place('payouts');
export const operationPage = place('operations');
export const invoicePage = place('objects/invoices');

/** The page for an API resource, e.g. `/v1/invoices/in_1`. */
export function pageAt(href: string): string {
  const [, path = '', id = ''] = /^\/v1\/([\w-]+)\/([^/?]+)$/.exec(href) ?? [];
  return ['customers', 'subscriptions', 'events', 'payouts'].includes(path)
    ? `/console/${path}/${id}`
    : `/console/objects/${path}/${id}`;
}

/** The API paths of Stripe's objects, by kind. */
const PATHS: Readonly<Record<string, string>> = {
  invoice: 'invoices',
  charge: 'payments',
  payment_intent: 'payments',
  refund: 'refunds',
  dispute: 'disputes',
  credit_note: 'credit-notes',
  'checkout.session': 'checkout-sessions',
  payment_method: 'payment-methods',
  product: 'products',
  price: 'prices',
  coupon: 'coupons',
  promotion_code: 'promotion-codes',
  subscription_schedule: 'subscription-schedules',
  payout: 'payouts',
};

/** The page of a Stripe object; null where it has none. */
export function pageOfObject({ kind, id }: Readonly<{ kind: string | null; id: string | null }>): string | null {
  if (kind === null || id === null) return null;
  if (kind === 'customer') return customerPage(id);
  if (kind === 'subscription') return subscriptionPage(id);
  if (kind === 'payout') return payoutPage(id);
  const path = PATHS[kind];
  return path === undefined ? null : `/console/objects/${path}/${pathOf(id)}`;
}

/** The kind of object that the rows of each table describe. */
const KIND_OF_TABLE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(PATHS).map(([kind, path]) => [path.replaceAll('-', '_'), kind])),
  payments: 'payment_intent',
  subscriptions: 'subscription',
  customers: 'customer',
};

/** The page of the object that a row describes; null where it has none. */
export function pageOfRow(table: string, key: Readonly<Record<string, unknown>>): string | null {
  const { id } = key;
  return typeof id === 'string' && Object.hasOwn(KIND_OF_TABLE, table)
    ? pageOfObject({ kind: KIND_OF_TABLE[table] ?? null, id })
    : null;
}

/** The page of a journal entry. */
export const entryPage = place('journal');

/** The page of a closed month of a set of books. */
export const closingPage = (
  { month, livemode, account }: Whose & Readonly<{ month: string }>,
  cursor: string | null = null,
): string => withQuery(`/console/${pathOf('closings', month)}`, { livemode: String(livemode), account, cursor });

/** Ids with the prefix of a Stripe object: Stripe may know an object that the ledger does not. */
const OF_STRIPE = /^(sub|cus|in|pi|ch|py|re|dp|du|evt|cs|cn|sub_sched|price|prod|pm|seti|txn|po)_\w+$/;
export const isOfStripe = (id: string): boolean => OF_STRIPE.test(id);
/** The search for an id in Stripe's dashboard. */
export const searchAtStripe = (id: string): string =>
  `https://dashboard.stripe.com/search?query=${encodeURIComponent(id)}`;

/** The page of a run against the Stripe API. */
export const runPage = (id: string): string => `/console/stripe/runs/${pathOf(id)}`;
