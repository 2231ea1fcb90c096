import { payouts } from '../../../projections/payouts.js';
import { resourceOf } from '../resource.js';

/** Payouts to the bank, including those that came back. */
export const PAYOUTS = resourceOf(payouts, 'payouts', { name: 'payouts', kind: 'payout' });
