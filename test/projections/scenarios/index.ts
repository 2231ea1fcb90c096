import { invoicesScenarios } from './invoices.js';
import type { Scenario } from './scenario.js';
import { subscriptionsScenarios } from './subscriptions.js';

/** What each projection, by its name, is to do with each kind of snapshot. */
export const scenarios: Readonly<Record<string, readonly Scenario[]>> = {
  subscriptions: subscriptionsScenarios,
  invoices: invoicesScenarios,
};
