import assert from 'node:assert/strict';
import { withoutLast } from '../src/events/order.js';
import { isFinalStatus, type InvoiceSnapshot, type SubscriptionSnapshot } from '../src/events/normalise.js';
import { isOutdatedInvoice } from './invoices.js';
import { isPastDue, pastDueAfter, pastDueWith, type PastDue } from './past-due.js';
import { atLeast, between, count, id, money, oneOf, text, time } from './columns.js';
import { defineProjection, ignored } from './projection.js';
import { isSameRow, provenanceColumns, provenanceOf, rowOf, withId, type ById, type FactOf } from './row.js';

const PAST_DUE = ['past_due', 'unpaid'];

/**
 * `amount_minor`, in minor units of `currency`, is what its overdue invoices still ask for; 0 while none is known.
 * `last_failed_…` describe the last failed attempt to collect one of them, and are null when none failed.
 */
const columns = {
  id: id(),
  customer: id().orNull().filtered(),
  status: id().filtered(oneOf(PAST_DUE)),
  collection_method: text(),
  currency: id().orNull().filtered(),
  amount_minor: money().filtered(atLeast('minAmountMinor')),
  overdue_invoices: count(),
  past_due_since: time().filtered(between('')),
  last_failed_invoice: id().orNull(),
  last_failed_at: time().orNull(),
  last_failed_attempt: count().orNull(),
  next_payment_attempt: time().orNull(),
};

/** What the state keeps of an invoice in any status. */
type Known = Pick<InvoiceSnapshot, 'status' | 'attemptCount'> &
  Readonly<{
    /** When the last attempt to collect it failed. */
    failedAt: string | null;
  }>;
type Open = Known &
  Pick<InvoiceSnapshot, 'id' | 'currency' | 'amountRemainingMinor' | 'dueDate' | 'nextPaymentAttempt'>;
type Ended = Known & Readonly<{ endedAt: string }>;
type State = Readonly<{
  subscription: Pick<SubscriptionSnapshot, 'id' | 'customer' | 'status' | 'collectionMethod' | 'currency'> | null;
  pastDue: PastDue | null;
  /** Invoices that are overdue, or may be once their due date passes. */
  open: ById<Open>;
  /** The `ENDED_MAX` invoices that ended last, so that a stale snapshot does not reopen them. */
  ended: ById<Ended>;
  /** The content of the row, and the event behind it. */
  risk: ReturnType<typeof riskOf>;
  provenance: ReturnType<typeof provenanceOf> | null;
}>;

/** What the steps read of a snapshot. */
const narrow = {
  subscription: ({
    kind,
    id,
    livemode,
    account,
    customer,
    status,
    collectionMethod,
    currency,
    latestInvoice,
    periodEnd,
  }: SubscriptionSnapshot) => ({
    kind,
    id,
    livemode,
    account,
    customer,
    status,
    collectionMethod,
    currency,
    latestInvoice,
    periodEnd,
  }),
  invoice: ({
    kind,
    id,
    livemode,
    account,
    status,
    formerStatus,
    attemptCount,
    currency,
    amountRemainingMinor,
    dueDate,
    nextPaymentAttempt,
  }: InvoiceSnapshot) => ({
    kind,
    id,
    livemode,
    account,
    status,
    formerStatus,
    attemptCount,
    currency,
    amountRemainingMinor,
    dueDate,
    nextPaymentAttempt,
  }),
};

/**
 * A stale snapshot arrives within days of the end that it precedes; in that time fewer invoices of a subscription end.
 */
const ENDED_MAX = 100;

/**
 * Which subscriptions are past due, how much is owed, since when, and when did the last attempt to collect fail? A row
 * exists while the status is `past_due` or, after the last attempt, `unpaid`. It covers one subscription and the
 * invoices in its stream; why an attempt failed is in `payments`, which have their own streams. The state holds the
 * open invoices and the last 100 that ended, so it does not grow with the subscription's age.
 */
export const churnRisk = defineProjection({
  name: 'churn_risk',
  version: 6,
  tables: {
    churn_risk: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [],
      listedBy: { time: 'past_due_since', id: 'id' },
    },
  },
  // The subscription and its invoices; an invoice that names no subscription puts none at risk.
  objectOf: ({ snapshot }) => {
    const subscription =
      snapshot.kind === 'subscription' ? snapshot.id : snapshot.kind === 'invoice' ? snapshot.subscription : null;
    return subscription === null ? null : `subscription ${subscription}`;
  },
  narrow,
  initial: (): State => ({ subscription: null, pastDue: null, open: {}, ended: {}, risk: null, provenance: null }),
  evolve: {
    subscription: (state, fact) => judged(state, withSubscription(state, fact), fact),
    invoice: (state, fact) => judged(state, withInvoice(state, fact), fact),
    ...ignored(
      'upcoming_invoice',
      'invoice_item',
      'invoice_payment',
      'payment',
      'refund',
      'dispute',
      'credit_note',
      'checkout_session',
      'subscription_schedule',
      'customer',
      'discount',
      'entitlements',
      'price',
      'plan',
      'product',
      'coupon',
      'deletion',
      'related_object',
      'movement',
      'balance_transaction',
      'balance',
      'payout_transactions',
      'payment_method',
      'promotion_code',
    ),
  },
  rows: ({ risk, provenance }) => ({
    churn_risk: risk === null || provenance === null ? [] : [{ ...risk, ...provenance }],
  }),
});

function withSubscription(state: State, { snapshot, event }: FactOf<ReturnType<typeof narrow.subscription>>): State {
  if (state.subscription !== null && isFinalStatus(state.subscription.status) && !isFinalStatus(snapshot.status))
    return state;
  const { id, customer, status, collectionMethod, currency } = snapshot;
  const before = state.subscription?.status ?? null;
  const pastDue = pastDueAfter(state.pastDue, { status: before, snapshot, at: event.created });
  return { ...state, subscription: { id, customer, status, collectionMethod, currency }, pastDue };
}

function withInvoice(state: State, { snapshot, event }: FactOf<ReturnType<typeof narrow.invoice>>): State {
  const { id, status, attemptCount } = snapshot;
  const before = withId(state.open, id) ?? withId(state.ended, id);
  if (before !== undefined && isOutdatedInvoice(before, snapshot)) return state;
  const pastDue = pastDueWith(state.pastDue, snapshot);
  const { [id]: _open, ...open } = state.open;
  const { [id]: _ended, ...ended } = state.ended;
  // A draft asks for nothing, so nothing about it is kept.
  if (status === 'draft') return { ...state, pastDue, open, ended };
  const hasFailed = status === 'open' && attemptCount > (before?.attemptCount ?? 0);
  const known = {
    status,
    attemptCount,
    failedAt: hasFailed ? event.created : (before?.failedAt ?? null),
  };
  if (status !== 'open')
    return { ...state, pastDue, open, ended: endedLast({ ...ended, [id]: { ...known, endedAt: event.created } }) };
  const { currency, amountRemainingMinor, dueDate, nextPaymentAttempt } = snapshot;
  return {
    ...state,
    pastDue,
    open: { ...open, [id]: { ...known, id, currency, amountRemainingMinor, dueDate, nextPaymentAttempt } },
    ended,
  };
}

function endedLast(ended: ById<Ended>): ById<Ended> {
  return withoutLast(
    ended,
    ENDED_MAX,
    ([a, one], [b, other]) => compared(other.endedAt, one.endedAt) || compared(a, b),
  );
}

/** The state after a fact, with its row. A fact that does not change the row does not become the event behind it. */
function judged(before: State, after: State, fact: Parameters<typeof provenanceOf>[0]): State {
  const risk = riskOf(after, fact.event.created);
  return { ...after, risk, provenance: isSameRow(risk, before.risk) ? before.provenance : provenanceOf(fact) };
}

/** The row as of a time: that of the stream's last fact, since a due date passes without an event of its own. */
function riskOf({ subscription, pastDue, open }: State, at: string) {
  if (subscription === null || pastDue === null || !isPastDue(subscription.status)) return null;
  const overdue = Object.values(open).filter((invoice) => isOverdue(invoice, at));
  const currencies = [
    ...new Set([
      ...(subscription.currency === null ? [] : [subscription.currency]),
      ...overdue.map(({ currency }) => currency),
    ]),
  ];
  assert(
    currencies.length <= 1,
    `a subscription has one currency, and ${subscription.id} has ${currencies.join(', ')}`,
  );
  const failed = overdue
    .filter(({ failedAt }) => failedAt !== null)
    .sort((a, b) => compared(a.failedAt, b.failedAt) || compared(a.id, b.id))
    .at(-1);
  return rowOf(columns, {
    ...subscription,
    currency: currencies[0] ?? null,
    amountMinor: overdue.reduce((sum, { amountRemainingMinor }) => sum + amountRemainingMinor, 0),
    overdueInvoices: overdue.length,
    pastDueSince: pastDue.since,
    lastFailedInvoice: failed?.id ?? null,
    lastFailedAt: failed?.failedAt ?? null,
    lastFailedAttempt: failed?.attemptCount ?? null,
    nextPaymentAttempt: failed?.nextPaymentAttempt ?? null,
  });
}

/** Whether an attempt to collect it failed, or its due date has passed. */
const isOverdue = ({ attemptCount, dueDate }: Open, at: string): boolean =>
  attemptCount > 0 || (dueDate !== null && dueDate <= at);

const compared = (a: string | null, b: string | null): number =>
  Number(String(a) > String(b)) - Number(String(a) < String(b));
