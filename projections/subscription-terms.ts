import {
  isFinalStatus,
  type DiscountFacts,
  type SubscriptionItem,
  type SubscriptionSnapshot,
} from '../src/events/normalise.js';
import { count, flag, id, json, text, time } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { discount, listOf, pauseCollection, subscriptionItem } from './shapes.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';

const columns = {
  subscription: id(),
  /** The number of these terms within the subscription, from 1, in logical order. */
  no: count(),
  effective_at: time(),
  customer: id(),
  status: id(),
  currency: text().orNull(),
  items: json<readonly SubscriptionItem[]>(listOf(subscriptionItem)),
  has_all_items: flag(),
  discounts: json<readonly DiscountFacts[]>(listOf(discount)),
  pause: json<NonNullable<SubscriptionSnapshot['pauseCollection']>>(pauseCollection).orNull(),
  created_at: time().orNull(),
  started_at: time().orNull(),
  trial_start: time().orNull(),
  trial_end: time().orNull(),
  cancel_at: time().orNull(),
  cancel_at_period_end: flag(),
  canceled_at: time().orNull(),
  ended_at: time().orNull(),
  test_clock: id().orNull(),
};
type Row = ReturnType<typeof termsRow>;

/**
 * What was each subscription to pay, and since when? One row per change of its terms: items, quantities, discounts,
 * status, pause, end. A renewal changes nothing.
 */
export const subscriptionTerms = defineProjection({
  name: 'subscription_terms',
  version: 2,
  tables: {
    subscription_terms: {
      columns: { ...columns, ...provenanceColumns },
      key: ['subscription', 'no'],
      indexes: [['customer']],
    },
  },
  initial: (): readonly Row[] => [],
  evolve: {
    subscription: (rows, fact) => {
      const last = rows.at(-1);
      // `canceled` and `incomplete_expired` are final for a subscription id: a stale snapshot never revives it.
      if (last !== undefined && isFinalStatus(last.status) && !isFinalStatus(fact.snapshot.status)) return rows;
      const next = termsRow(fact, rows.length + 1);
      return last !== undefined && saying(last) === saying(next) ? rows : [...rows, next];
    },
    ...allBut('subscription'),
  },
  rows: (rows) => ({ subscription_terms: rows }),
});

function termsRow(fact: Fact<SubscriptionSnapshot>, no: number) {
  const { id: subscription, pauseCollection: pause } = fact.snapshot;
  const base = { pause, subscription, no };
  return rowOf(columns, { ...fact.snapshot, ...base, effectiveAt: fact.event.created }, provenanceOf(fact));
}

/** The terms of a row as text, for comparing rows. */
function saying(row: Row): string {
  const { status, currency, items, has_all_items: hasAll, discounts, pause, ...rest } = row;
  const { trial_start: trialStart, trial_end: trialEnd, started_at: startedAt, customer } = rest;
  const { cancel_at: cancelAt, cancel_at_period_end: atPeriodEnd, canceled_at: canceledAt, ended_at: endedAt } = rest;
  const charged = items.map(({ periodStart: _start, periodEnd: _end, ...item }) => item);
  return JSON.stringify([
    ...[customer, status, currency, charged, hasAll, discounts, pause, trialStart, trialEnd, startedAt],
    ...[cancelAt, atPeriodEnd, canceledAt, endedAt],
  ]);
}
