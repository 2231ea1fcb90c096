import { CHURN_RISK } from './churn-risk/churn-risk.controller.js';
import { CUSTOMERS } from './customers/customers.js';
import { DISPUTES } from './disputes/disputes.js';
import { INVOICES } from './invoices/invoices.js';
import type { List } from './lists.js';
import { PAYMENTS_LIST } from './payments/payment-queries.js';
import { REFUNDS } from './refunds/refunds.js';
import { SUBSCRIPTIONS } from './subscriptions/subscriptions.js';

/** Every list by time that the API has. */
export const LISTS: readonly List[] = [
  SUBSCRIPTIONS,
  INVOICES,
  PAYMENTS_LIST,
  REFUNDS,
  DISPUTES,
  CUSTOMERS,
  CHURN_RISK,
];
