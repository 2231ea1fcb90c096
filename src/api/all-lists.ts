import { COUPONS, PRICES, PRODUCTS, PROMOTION_CODES } from './catalogue/catalogue.js';
import { CHECKOUT_SESSIONS } from './checkout/checkout-sessions.js';
import { CHURN_RISK } from './churn-risk/churn-risk.js';
import { CUSTOMERS } from './customers/customers.js';
import { PAYMENT_METHODS } from './customers/payment-methods.js';
import { DISPUTES } from './disputes/disputes.js';
import { CREDIT_NOTES } from './invoices/credit-notes.js';
import { INVOICES } from './invoices/invoices.js';
import type { List } from './lists.js';
import { PAYMENTS_LIST } from './payments/payment-queries.js';
import { PAYOUTS } from './payouts/payouts.js';
import { REFUNDS } from './refunds/refunds.js';
import type { Resource } from './resource.js';
import { SUBSCRIPTION_SCHEDULES, UPCOMING_INVOICES } from './subscriptions/schedules.js';
import { SUBSCRIPTIONS } from './subscriptions/subscriptions.js';

/** The resources that have only a list and a page per object. */
export const RESOURCES: readonly Resource[] = [
  REFUNDS,
  DISPUTES,
  CREDIT_NOTES,
  PAYMENT_METHODS,
  PRODUCTS,
  PRICES,
  COUPONS,
  PROMOTION_CODES,
  SUBSCRIPTION_SCHEDULES,
  UPCOMING_INVOICES,
  PAYOUTS,
];

/** Every time-ordered list of the API. */
export const LISTS: readonly List[] = [
  SUBSCRIPTIONS,
  INVOICES,
  PAYMENTS_LIST,
  CUSTOMERS,
  CHECKOUT_SESSIONS,
  CHURN_RISK,
  ...RESOURCES,
];
