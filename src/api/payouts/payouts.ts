import { payouts } from '../../../projections/payouts.js';
import { resourceOf } from '../resource.js';

/** What went to the bank, or came back. */
export const PAYOUTS = resourceOf(payouts, 'payouts', { name: 'payouts', kind: 'payout' });
