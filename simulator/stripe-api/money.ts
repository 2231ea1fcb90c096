import type { Account } from '../account.js';
import type { ApiVersion } from '../api-version.js';
import { bankEvents } from '../bank/events.js';
import type { Bank } from '../bank/bank.js';
import type { BalanceTransaction } from '../bank/transactions.js';
import type { Seconds } from '../calendar.js';
import type { StripeObject } from '../json.js';
import { balanceTransactionShape } from '../shapes/bank.js';
import { happeningOf, ofShape, type Happening } from './happenings.js';

/** The payout of a transaction; null while it is in the balance. One of Stripe's list filters uses it. */
export const PAYOUT_OF = 'simulated_payout';

/** The bank as the API shows it: transactions, which have no events, and payouts, which have some. */
export function moneyOf(account: Account, apiVersion: ApiVersion, bank: Bank): Happening[] {
  const payouts = bankEvents(account, apiVersion, bank).map((simulated) =>
    happeningOf(simulated, simulated.stripeEvent.created),
  );
  const wentWith = new Map(
    bank.payouts.flatMap((payout) =>
      [...payout.of, payout.transaction].map((id) => [id, { payout: payout.id, at: payout.createdAt }] as const),
    ),
  );
  return [...payouts, ...bank.transactions.flatMap((one) => statesOf(one, wentWith.get(one.id) ?? null))];
}

/** A transaction's states over time: pending, available, paid out. */
function statesOf(transaction: BalanceTransaction, out: Readonly<{ payout: string; at: Seconds }> | null): Happening[] {
  const { createdAt, availableAt } = transaction;
  const state = (at: Seconds, status: 'pending' | 'available', payout: string | null): Happening => {
    const shape = (): StripeObject => ({ ...balanceTransactionShape(transaction, status), [PAYOUT_OF]: payout });
    return { at, ...ofShape(shape()), object: shape, event: null };
  };
  const states = [state(createdAt, availableAt > createdAt ? 'pending' : 'available', null)];
  if (availableAt > createdAt) states.push(state(availableAt, 'available', null));
  if (out !== null) states.push(state(Math.max(out.at, createdAt), 'available', out.payout));
  return states;
}
