import type { InvoiceLine, Price, Subscription, SubscriptionItem } from './books.js';
import { afterIntervals, DAY, type Seconds } from './calendar.js';
import { attempted, draftInvoice, finalized, openIntent, paid, periodLines, recordAttempt, recordInvoice, recordPaid } from './collection.js';
import type { Operation } from './journal.js';
import { paymentIntentShape } from './shapes/payment.js';
import { newId, recordSubscription, updateSubscription, type Stage } from './stage.js';

/** What a merchant or a customer does to a subscription between two renewals. */
export type Change = keyof typeof CHANGES;

const CHANGES = {
  quantity: changeQuantity,
  plan: changePlan,
  interval: changeInterval,
  metadata: changeMetadata,
  pause: changePause,
  cancelAtPeriodEnd: changeCancelAtPeriodEnd,
  /** Two calls of one second: each is an event of its own. */
  quick: (stage: Stage, operation: Operation): void => {
    changeMetadata(stage, operation);
    changeQuantity(stage, stage.journal.operation(operation.at, 'merchant'));
    changeMetadata(stage, stage.journal.operation(operation.at, 'merchant'));
  },
} as const;

const WEIGHTS: Readonly<Record<Change, number>> = {
  quantity: 5, plan: 4, interval: 1, metadata: 3, pause: 2, cancelAtPeriodEnd: 3, quick: 2,
};

/** What changes fit the subscription's present state. */
export function pickChange({ random, subscription }: Stage): Change {
  if (subscription.status === 'active') return random.weighted(WEIGHTS);
  return random.weighted({ metadata: 3, quantity: 2, cancelAtPeriodEnd: 2 });
}

export function change(stage: Stage, at: Seconds): void {
  CHANGES[pickChange(stage)](stage, stage.journal.operation(at, 'merchant'));
}

function changeQuantity(stage: Stage, operation: Operation): void {
  const index = stage.random.integer(0, stage.subscription.items.length - 1);
  const items = stage.subscription.items.map((item, at) => (at === index ? { ...item, quantity: otherQuantity(stage, item) } : item));
  applyItems(stage, operation, items);
}

function otherQuantity({ random }: Stage, { quantity }: SubscriptionItem): number {
  const other = random.integer(1, 12);
  return other === quantity ? quantity + 1 : other;
}

function changePlan(stage: Stage, operation: Operation): void {
  const [first, ...rest] = stage.subscription.items as [SubscriptionItem, ...SubscriptionItem[]];
  const price = otherPrice(stage, (candidate) => candidate.interval === first.price.interval && candidate.id !== first.price.id);
  applyItems(stage, operation, [{ ...first, price }, ...rest]);
}

function otherPrice(stage: Stage, fits: (price: Price) => boolean): Price {
  const { prices } = stage.journal.view.account;
  return stage.random.pick(prices.filter((price) => price.currency === stage.subscription.currency && fits(price)));
}

/** An upgrade is prorated and paid at once, everything else counts from the next invoice on (the merchant's choice here). */
function applyItems(stage: Stage, operation: Operation, items: readonly SubscriptionItem[]): void {
  const before = stage.subscription;
  const lines = prorationLines(stage, { items, at: operation.at });
  const amountMinor = lines.reduce((sum, line) => sum + line.amountMinor, 0);
  if (before.status === 'active' && before.pauseCollection === null && amountMinor > 0) {
    payAtOnce(stage, operation, { lines, change: { items } });
  } else {
    updateSubscription(stage, operation, { items });
  }
}

function prorationLines(stage: Stage, next: { items: readonly SubscriptionItem[]; at: Seconds }): InvoiceLine[] {
  const { periodStart, periodEnd, items } = stage.subscription;
  const share = (periodEnd - next.at) / (periodEnd - periodStart);
  const line = (item: SubscriptionItem, sign: 1 | -1): InvoiceLine => ({
    id: newId(stage, 'il'),
    item,
    amountMinor: sign * Math.round(item.price.unitAmountMinor * item.quantity * share),
    description: `${sign < 0 ? 'Unused' : 'Remaining'} time on ${item.quantity} × ${item.price.productName}`,
    proration: true,
    periodStart: next.at,
    periodEnd,
  });
  const changed = next.items.filter((item) => !items.includes(item));
  return changed.flatMap((item) => {
    const old = items.find(({ id }) => id === item.id);
    return [...(old === undefined ? [] : [line(old, -1)]), line(item, 1)];
  });
}

/** Another billing interval starts a new period, which is invoiced at once. */
function changeInterval(stage: Stage, operation: Operation): void {
  const [first] = stage.subscription.items as [SubscriptionItem];
  const price = otherPrice(stage, (candidate) => candidate.interval !== first.price.interval && candidate.product === first.price.product);
  const periodEnd = afterIntervals(operation.at, price.interval, 1);
  const items = [{ ...first, price }];
  if (stage.subscription.cancelAtPeriodEnd || stage.subscription.pauseCollection !== null || stage.subscription.items.length > 1) {
    changeMetadata(stage, operation);
    return;
  }
  const change = { items, anchorAt: operation.at, periodStart: operation.at, periodEnd };
  const lines = periodLines({ ...stage, subscription: { ...stage.subscription, items } }, { start: operation.at, end: periodEnd });
  payAtOnce(stage, operation, { lines, change });
}

function payAtOnce(stage: Stage, operation: Operation, plan: { lines: readonly InvoiceLine[]; change: Partial<Subscription> }): void {
  const { at } = operation;
  const draft = draftInvoice(stage, at, { reason: 'subscription_update', lines: plan.lines, periodStart: at, periodEnd: at });
  const open = finalized(stage, at, draft);
  const intent = openIntent(stage, at, open);
  const attempt = attempted(stage, at, { intent, succeeds: true });
  recordInvoice(stage, operation, { type: 'invoice.created', invoice: draft });
  recordInvoice(stage, operation, { type: 'invoice.finalized', invoice: open });
  operation.record('payment_intent.created', paymentIntentShape(stage.journal.view, intent));
  updateSubscription(stage, operation, { ...plan.change, latestInvoice: open.id });
  recordAttempt(stage, operation, attempt);
  recordPaid(stage, operation, paid(at, open, attempt.charge));
}

function changeMetadata(stage: Stage, operation: Operation): void {
  const { seats_note: note, ...others } = stage.subscription.metadata;
  const metadata: Record<string, string> = note !== undefined && stage.random.chance(0.3)
    ? others
    : { ...others, seats_note: `note ${stage.random.alphanumeric(6)}` };
  updateSubscription(stage, operation, { metadata });
}

/** Collection is paused, or goes on again; the status stays active. */
function changePause(stage: Stage, operation: Operation): void {
  const behavior = stage.random.pick(['keep_as_draft', 'mark_uncollectible', 'void'] as const);
  const resumes_at = stage.random.chance(0.5) ? operation.at + stage.random.integer(5, 60) * DAY : null;
  updateSubscription(stage, operation, { pauseCollection: stage.subscription.pauseCollection === null ? { behavior, resumes_at } : null });
}

/** Cancels at the period's end, or changes one's mind. */
function changeCancelAtPeriodEnd(stage: Stage, operation: Operation): void {
  const { cancelAtPeriodEnd, periodEnd } = stage.subscription;
  updateSubscription(stage, operation, cancelAtPeriodEnd
    ? { cancelAtPeriodEnd: false, cancelAt: null, canceledAt: null, cancellationReason: null }
    : { cancelAtPeriodEnd: true, cancelAt: periodEnd, canceledAt: operation.at, cancellationReason: 'cancellation_requested' });
}

/** The end: `deleted` carries the whole last object, and no `updated` comes before it. */
export function cancel(stage: Stage, operation: Operation, reason: 'cancellation_requested' | 'payment_failed'): void {
  const { canceledAt } = stage.subscription;
  stage.subscription = {
    ...stage.subscription,
    status: 'canceled',
    canceledAt: canceledAt ?? operation.at,
    endedAt: operation.at,
    cancellationReason: reason,
  };
  recordSubscription(stage, operation, 'customer.subscription.deleted');
}
