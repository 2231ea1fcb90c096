import type { Account } from '../account.js';
import type { ApiVersion } from '../api-version.js';
import { HOUR } from '../calendar.js';
import { Journal, type SimulatedEvent } from '../journal.js';
import type { StripeObject } from '../json.js';
import { seededRandom } from '../random.js';
import { balanceShape, payoutShape, type PayoutState } from '../shapes/bank.js';
import type { Bank } from './bank.js';

/** The delay until Stripe reports what a payout consists of. */
const TOLD_AFTER = 18 * HOUR;

/**
 * Stripe's events about the bank: the progress of each payout, and the balance when something becomes available.
 * Transactions have no events.
 */
export function bankEvents(account: Account, apiVersion: ApiVersion, bank: Bank): SimulatedEvent[] {
  const random = seededRandom(account.id, 'bank events', bank.payouts.length, bank.transactions.length);
  const journal = new Journal(random, { account, apiVersion, playedIn: apiVersion, clock: null }, { twins: true });
  for (const payout of bank.payouts) {
    const { createdAt, arrivesAt, failed } = payout;
    const record = (at: number, type: string, state: PayoutState): void =>
      journal.operation(at, 'stripe').record(type, (view) => payoutShape(view, payout, state));
    record(createdAt, 'payout.created', { status: 'in_transit', reconciliation: 'in_progress' });
    const payoutState = { status: 'in_transit', reconciliation: 'completed' } as const;
    record(createdAt + TOLD_AFTER, 'payout.reconciliation_completed', payoutState);
    if (failed === null || failed.at >= arrivesAt) record(arrivesAt, 'payout.paid', { ...payoutState, status: 'paid' });
    if (failed !== null) record(failed.at, 'payout.failed', { ...payoutState, status: 'failed' });
  }
  for (const balance of bank.balances)
    journal
      .operation(balance.at, 'stripe')
      .record('balance.available', (view) => balanceShape(view, balance) as unknown as StripeObject);
  return journal.taken();
}
