import { subscriptions } from '../../../projections/subscriptions.js';
import { resourceOf } from '../resource.js';
import { withDiscounts } from './discounts.js';

/** What the ledger knows of subscriptions. */
export const SUBSCRIPTIONS = {
  ...resourceOf(subscriptions, 'subscriptions', {
    name: 'subscriptions',
    kind: 'subscription',
    complete: withDiscounts,
  }),
  past: { kind: 'subscription', page: 'subscriptions', hasRevisions: true },
} as const;
