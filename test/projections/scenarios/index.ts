import { customersScenarios } from './customers.js';
import { disputesScenarios } from './disputes.js';
import { entitlementsScenarios } from './entitlements.js';
import { invoicePaymentsScenarios } from './invoice-payments.js';
import { invoicesScenarios } from './invoices.js';
import { linksScenarios } from './links.js';
import { paymentsScenarios } from './payments.js';
import { refundsScenarios } from './refunds.js';
import type { Scenario } from './scenario.js';
import { subscriptionsScenarios } from './subscriptions.js';

/** What each projection, by its name, is to do with each kind of snapshot. */
export const scenarios: Readonly<Record<string, readonly Scenario[]>> = {
  subscriptions: subscriptionsScenarios,
  invoices: invoicesScenarios,
  payments: paymentsScenarios,
  refunds: refundsScenarios,
  disputes: disputesScenarios,
  invoice_payments: invoicePaymentsScenarios,
  customers: customersScenarios,
  entitlements: entitlementsScenarios,
  links: linksScenarios,
};
