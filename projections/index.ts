import { churnRisk } from './churn-risk.js';
import { coupons } from './coupons.js';
import { customers } from './customers.js';
import { discounts } from './discounts.js';
import { disputes } from './disputes.js';
import { entitlements } from './entitlements.js';
import { invoicePayments } from './invoice-payments.js';
import { invoices } from './invoices.js';
import { links } from './links.js';
import { payments } from './payments.js';
import type { AnyProjection } from './projection.js';
import { refunds } from './refunds.js';
import { subscriptions } from './subscriptions.js';
import { testClocks } from './test-clocks.js';

/** Every read model of this build. A new projection is one file, one spec, and one line here. */
export const projections: readonly AnyProjection[] = [
  subscriptions,
  invoices,
  payments,
  refunds,
  disputes,
  invoicePayments,
  customers,
  entitlements,
  links,
  churnRisk,
  testClocks,
  discounts,
  coupons,
];
