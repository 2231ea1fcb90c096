import { balanceTransactions } from './balance-transactions.js';
import { checkoutSessions } from './checkout-sessions.js';
import { churnRisk } from './churn-risk.js';
import { coupons } from './coupons.js';
import { creditNotes } from './credit-notes.js';
import { customers } from './customers.js';
import { discounts } from './discounts.js';
import { disputes } from './disputes.js';
import { entitlements } from './entitlements.js';
import { invoiceItems } from './invoice-items.js';
import { invoicePayments } from './invoice-payments.js';
import { invoices } from './invoices.js';
import { links } from './links.js';
import { milestones } from './milestones.js';
import { paymentMethods } from './payment-methods.js';
import { payments } from './payments.js';
import { payouts } from './payouts.js';
import { prices } from './prices.js';
import { products } from './products.js';
import type { AnyProjection } from './projection.js';
import { promotionCodes } from './promotion-codes.js';
import { refunds } from './refunds.js';
import { stripeBalances } from './stripe-balances.js';
import { subscriptionSchedules } from './subscription-schedules.js';
import { subscriptionTerms } from './subscription-terms.js';
import { upcomingInvoices } from './upcoming-invoices.js';
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
  creditNotes,
  checkoutSessions,
  paymentMethods,
  products,
  prices,
  coupons,
  promotionCodes,
  discounts,
  subscriptionSchedules,
  upcomingInvoices,
  invoiceItems,
  milestones,
  subscriptionTerms,
  balanceTransactions,
  payouts,
  stripeBalances,
];
