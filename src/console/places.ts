import type { Whose } from './answers.js';
import { pathOf, withQuery } from './ledger.js';

const place = (name: string) => (id: string) => `/console/${name}/${pathOf(id)}`;

/** Where things have their pages. */
export const customerPage = place('customers');
export const subscriptionPage = place('subscriptions');
export const eventPage = place('events');
export const streamPage = place('streams');
export const payoutPage = place('payouts');
export const operationPage = place('operations');
export const invoicePage = place('objects/invoices');

/** The page of what the API has at an address of its own, e.g. `/v1/invoices/in_1`. */
export function pageAt(href: string): string {
  const [, path = '', id = ''] = /^\/v1\/([\w-]+)\/([^/?]+)$/.exec(href) ?? [];
  return ['customers', 'subscriptions', 'events', 'payouts'].includes(path)
    ? `/console/${path}/${id}`
    : `/console/objects/${path}/${id}`;
}

/** Objects of Stripe and the paths under which the API has them. */
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

/** The page of a Stripe object; null of one that has none. */
export function pageOfObject({ kind, id }: Readonly<{ kind: string | null; id: string | null }>): string | null {
  if (kind === null || id === null) return null;
  if (kind === 'customer') return customerPage(id);
  if (kind === 'subscription') return subscriptionPage(id);
  if (kind === 'payout') return payoutPage(id);
  const path = PATHS[kind];
  return path === undefined ? null : `/console/objects/${path}/${pathOf(id)}`;
}

/** The kinds of objects that rows of these tables are about. */
const KIND_OF_TABLE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(PATHS).map(([kind, path]) => [path.replaceAll('-', '_'), kind])),
  payments: 'payment_intent',
  subscriptions: 'subscription',
  customers: 'customer',
};

/** The page of the object that a row is about; null of one that has none. */
export function pageOfRow(table: string, key: Readonly<Record<string, unknown>>): string | null {
  const { id } = key;
  return typeof id === 'string' && Object.hasOwn(KIND_OF_TABLE, table)
    ? pageOfObject({ kind: KIND_OF_TABLE[table] ?? null, id })
    : null;
}

/** An entry of the journal. */
export const entryPage = place('journal');

/** A closed month of some books. */
export const closingPage = (
  { month, livemode, account }: Whose & Readonly<{ month: string }>,
  cursor: string | null = null,
): string => withQuery(`/console/${pathOf('closings', month)}`, { livemode: String(livemode), account, cursor });

/** Ids that begin so are Stripe's: Stripe may know what the ledger does not. */
const OF_STRIPE = /^(sub|cus|in|pi|ch|py|re|dp|du|evt|cs|cn|sub_sched|price|prod|pm|seti|txn|po)_\w+$/;
export const isOfStripe = (id: string): boolean => OF_STRIPE.test(id);
/** Stripe's own search for an id. */
export const searchAtStripe = (id: string): string =>
  `https://dashboard.stripe.com/search?query=${encodeURIComponent(id)}`;

/** A run that asked Stripe. */
export const runPage = (id: string): string => `/console/stripe/runs/${pathOf(id)}`;
