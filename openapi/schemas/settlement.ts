import { CAUSES } from '../../src/api/reconciliation/reconciliation.js';
import { flag, list, minor, object, oneOf, orNull, ref, text, time, whole, type Properties } from './words.js';
import { scope, booked } from './books.js';

export const settlementSchemas: Properties = {
  OpenItem: object({
    ...{
      cause: oneOf(...CAUSES),
      name: orNull(text),
      object: text,
    },
    ...scope,
    ...{ at: time, ageDays: whole, amountMinor: minor },
  }),
  BalanceCheckpoint: {
    ...object({ at: time, stripeMinor: minor, balanceMinor: minor, clearingMinor: minor, unseenMinor: minor }),
    description: 'The last balance that Stripe reported, and the balance of the books at that time.',
  },
  Reconciled: object({
    ...scope,
    accounts: list(object({ name: text, balanceMinor: minor })),
    checkpoint: orNull(ref('BalanceCheckpoint')),
  }),
  Reconciliation: object({
    ...{ since: time, data: list(ref('Reconciled')), open: list(ref('OpenItem')), isTruncated: flag },
    ...booked,
  }),
  PayoutReconciliation: object({
    ...{ data: list(ref('PayoutTransaction')), nextCursor: orNull(text) },
    payout: object({
      ...{ id: text, status: text, ...scope, amountMinor: minor, isAutomatic: orNull(flag) },
      ...{ reconciliationStatus: orNull(text), balanceTransaction: orNull(text) },
      ...{ createdAt: orNull(time), arrivesAt: orNull(time) },
    }),
    parts: list(object({ category: text, count: whole, amountMinor: minor, feeMinor: minor, netMinor: minor })),
    ...{ unseenTransactions: whole, sumMinor: minor, differenceMinor: minor, isExact: flag },
    cause: orNull(oneOf('not_automatic', 'payout_not_asked', 'transactions_not_seen', 'payout_differs')),
    ...booked,
  }),
  PayoutTransaction: object({
    ...{ id: text, isSeen: flag, category: orNull(text), source: orNull(text) },
    ...{ amountMinor: orNull(minor), feeMinor: orNull(minor), netMinor: orNull(minor), createdAt: orNull(time) },
    ...{ payment: orNull(text), customer: orNull(text), invoices: list(text), entry: orNull(text) },
  }),
};
