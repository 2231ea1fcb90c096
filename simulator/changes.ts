import type { InvoiceLine, Price, Subscription, SubscriptionItem } from './books.js';
import { afterIntervals, DAY, type Seconds } from './calendar.js';
import { creditPaidInvoice } from './credit-notes.js';
import { collectAtOnce, draftInvoice, finalized, periodLines, recordInvoice } from './collection.js';
import type { Operation } from './journal.js';
import { changeDiscount } from './discounts.js';
import { dispute, refund } from './money-back.js';
import { oneOffInvoice } from './one-off.js';
import { prorationLines, recordPending } from './proration.js';
import { endSchedule, planAhead, releaseSchedule } from './schedules.js';
import { newId, recordSubscription, updateSubscription, type Stage } from './stage.js';

/** An act of a merchant or customer on a subscription between two renewals. */
export type Change = keyof typeof CHANGES;

const CHANGES = {
  quantity: changeQuantity,
  plan: changePlan,
  addItem,
  removeItem,
  interval: changeInterval,
  metadata: changeMetadata,
  pause: changePause,
  cancelAtPeriodEnd: changeCancelAtPeriodEnd,
  discount: changeDiscount,
  schedule: changeSchedule,
  oneOff: oneOffInvoice,
  creditNote: creditPaidInvoice,
  refund,
  dispute,
  quick,
  thereAndBack,
} as const;

const WEIGHTS: Readonly<Record<Exclude<Change, 'thereAndBack'>, number>> = {
  quantity: 5,
  plan: 4,
  addItem: 2,
  removeItem: 1,
  interval: 1,
  metadata: 3,
  pause: 2,
  cancelAtPeriodEnd: 3,
  discount: 2,
  schedule: 2,
  oneOff: 3,
  creditNote: 3,
  refund: 2,
  dispute: 1,
  quick: 2,
};
const NEVER = Object.fromEntries(Object.keys(CHANGES).map((name) => [name, 0])) as Record<Change, 0>;
/** Changes that a scheduled subscription can have without breaking the schedule. */
const PLANNED = { metadata: 3, schedule: 1, discount: 1, refund: 2, oneOff: 1 } as const;

/** Picks a change that fits the subscription's current state. */
export function pickChange({ random, subscription, cycles, several, bank, schedule }: Stage): Change {
  const alone = several ? (bank ? { oneOff: 10 } : {}) : { oneOff: 0 };
  if (schedule !== null) return random.weighted<Change>({ ...NEVER, ...PLANNED, ...alone });
  if (subscription.status === 'active')
    return random.weighted<Change>({ ...WEIGHTS, ...alone, thereAndBack: cycles ? 4 : 0 });
  return random.weighted({ metadata: 3, quantity: 2, cancelAtPeriodEnd: 2, discount: 1 });
}

export function change(stage: Stage, at: Seconds): void {
  CHANGES[pickChange(stage)](stage, stage.journal.operation(at, 'merchant'));
}

function changeQuantity(stage: Stage, operation: Operation): void {
  const chosen = stage.random.pick(licensed(stage));
  applyItems(
    stage,
    operation,
    stage.subscription.items.map((item) =>
      item === chosen ? { ...item, quantity: otherQuantity(stage, item) } : item,
    ),
  );
}

/** The items paid in advance by quantity; there is always at least one. */
const licensed = ({ subscription }: Stage): SubscriptionItem[] =>
  subscription.items.filter(({ quantity }) => quantity !== null);

function otherQuantity({ random }: Stage, { quantity }: SubscriptionItem): number {
  const other = random.integer(1, 12);
  return other === quantity ? other + 1 : other;
}

function changePlan(stage: Stage, operation: Operation): void {
  const [first, ...rest] = stage.subscription.items as [SubscriptionItem, ...SubscriptionItem[]];
  const price = freePrice(stage, 'licensed');
  if (price === undefined) return changeQuantity(stage, operation);
  applyItems(stage, operation, [{ ...first, price }, ...rest]);
}

/** A price in the subscription's currency and interval for a product that it does not have yet. */
function freePrice(stage: Stage, usage?: Price['usage']): Price | undefined {
  const { items, currency } = stage.subscription;
  const [first] = items as [SubscriptionItem];
  const free = stage.journal.view.account.prices.filter(
    (price) =>
      price.currency === currency &&
      price.interval === first.price.interval &&
      (usage ?? price.usage) === price.usage &&
      items.every((item) => item.price.product !== price.product),
  );
  return free.length === 0 ? undefined : stage.random.pick(free);
}

/**
 * Changes the items. An upgrade is prorated and paid at once; other changes wait for the next invoice or are not
 * prorated, as the merchant chooses.
 */
function applyItems(stage: Stage, operation: Operation, items: readonly SubscriptionItem[]): void {
  const lines = prorationLines(stage, { items, at: operation.at });
  const amountMinor = lines.reduce((sum, line) => sum + line.amountMinor, 0);
  const mayProrate = stage.subscription.status === 'active' && stage.subscription.pauseCollection === null;
  if (mayProrate && amountMinor > 0) {
    payAtOnce(stage, operation, { lines, change: { items } });
    return;
  }
  if (mayProrate && stage.random.chance(0.6)) recordPending(stage, operation, lines);
  updateSubscription(stage, operation, { items });
}

function addItem(stage: Stage, operation: Operation): void {
  const { items } = stage.subscription;
  const price = freePrice(stage);
  if (price === undefined) return changeQuantity(stage, operation);
  applyItems(stage, operation, [
    ...items,
    {
      id: newId(stage, 'si'),
      price,
      quantity: price.usage === 'metered' ? null : stage.random.integer(1, 5),
      createdAt: operation.at,
    },
  ]);
}

function removeItem(stage: Stage, operation: Operation): void {
  const { items } = stage.subscription;
  if (items.length === 1) return changeQuantity(stage, operation);
  const [kept] = licensed(stage);
  const gone = stage.random.pick(items.filter((item) => item !== kept));
  applyItems(
    stage,
    operation,
    items.filter((item) => item !== gone),
  );
}

/** Changes the billing interval, which starts a new period and invoices it at once. */
function changeInterval(stage: Stage, operation: Operation): void {
  const {
    items: [first, ...more],
    cancelAtPeriodEnd,
    pauseCollection,
    currency,
  } = stage.subscription;
  if (first === undefined || more.length > 0 || cancelAtPeriodEnd || pauseCollection !== null)
    return changeMetadata(stage, operation);
  const price = stage.random.pick(
    stage.journal.view.account.prices.filter(
      (candidate) =>
        candidate.product === first.price.product &&
        candidate.currency === currency &&
        candidate.interval !== first.price.interval,
    ),
  );
  const items = [{ ...first, price }];
  const periodEnd = afterIntervals(operation.at, price.interval, 1);
  const lines = periodLines(
    { ...stage, subscription: { ...stage.subscription, items } },
    { start: operation.at, end: periodEnd },
  );
  payAtOnce(stage, operation, {
    lines,
    change: { items, anchorAt: operation.at, periodStart: operation.at, periodEnd },
  });
}

function payAtOnce(
  stage: Stage,
  operation: Operation,
  plan: { lines: readonly InvoiceLine[]; change: Partial<Subscription> },
): void {
  const { at } = operation;
  const draft = draftInvoice(stage, at, {
    reason: 'subscription_update',
    lines: plan.lines,
    periodStart: at,
    periodEnd: at,
  });
  recordInvoice(operation, { type: 'invoice.created', invoice: draft });
  const open = finalized(stage, at, draft);
  recordInvoice(operation, { type: 'invoice.finalized', invoice: open });
  updateSubscription(stage, operation, { ...plan.change, latestInvoice: open.id });
  collectAtOnce(stage, operation, open);
}

/** Three API calls in one second, each with its own event. */
function quick(stage: Stage, operation: Operation): void {
  changeMetadata(stage, operation);
  changeQuantity(stage, stage.journal.operation(operation.at, 'merchant'));
  changeMetadata(stage, stage.journal.operation(operation.at, 'merchant'));
}

/**
 * A value changes, changes back and changes again within one second: only a path over all the events yields the last
 * state.
 */
function thereAndBack(stage: Stage, operation: Operation): void {
  const { metadata } = stage.subscription;
  const again = (): Operation => stage.journal.operation(operation.at, 'merchant');
  updateSubscription(stage, operation, { metadata: { ...metadata, draft: 'yes' } });
  updateSubscription(stage, again(), { metadata });
  if (stage.random.chance(0.5)) changeCancelAtPeriodEnd(stage, again());
}

function changeMetadata(stage: Stage, operation: Operation): void {
  const { seats_note: note, ...others } = stage.subscription.metadata;
  const metadata: Record<string, string> =
    note !== undefined && stage.random.chance(0.3)
      ? others
      : { ...others, seats_note: `note ${stage.random.alphanumeric(6)}` };
  updateSubscription(stage, operation, { metadata });
}

/** Schedules other items for the next period, or releases the schedule. */
function changeSchedule(stage: Stage, operation: Operation): void {
  if (stage.schedule !== null) return releaseSchedule(stage, operation);
  const {
    items: [first, ...rest],
    cancelAtPeriodEnd,
    pauseCollection,
  } = stage.subscription;
  const price = freePrice(stage, 'licensed');
  if (first === undefined || price === undefined || cancelAtPeriodEnd || pauseCollection !== null)
    return changeMetadata(stage, operation);
  planAhead(stage, operation, [{ ...first, price }, ...rest]);
}

/** Pauses or resumes collection; the status stays active. */
function changePause(stage: Stage, operation: Operation): void {
  const behavior = stage.random.pick(['keep_as_draft', 'mark_uncollectible', 'void'] as const);
  const resumes_at = stage.random.chance(0.5) ? operation.at + stage.random.integer(5, 60) * DAY : null;
  updateSubscription(stage, operation, {
    pauseCollection: stage.subscription.pauseCollection === null ? { behavior, resumes_at } : null,
  });
}

/** Schedules the cancellation for the end of the period, or revokes it. */
function changeCancelAtPeriodEnd(stage: Stage, operation: Operation): void {
  const { cancelAtPeriodEnd, periodEnd } = stage.subscription;
  updateSubscription(
    stage,
    operation,
    cancelAtPeriodEnd
      ? { cancelAtPeriodEnd: false, cancelAt: null, canceledAt: null, cancellationReason: null }
      : {
          cancelAtPeriodEnd: true,
          cancelAt: periodEnd,
          canceledAt: operation.at,
          cancellationReason: 'cancellation_requested',
        },
  );
}

/** Cancels the subscription. The `deleted` event carries the whole last object; no `updated` precedes it. */
export function cancel(stage: Stage, operation: Operation, reason: 'cancellation_requested' | 'payment_failed'): void {
  const { canceledAt } = stage.subscription;
  endSchedule(stage, operation, reason === 'payment_failed' ? 'aborted' : 'canceled');
  stage.subscription = {
    ...stage.subscription,
    status: 'canceled',
    canceledAt: canceledAt ?? operation.at,
    endedAt: operation.at,
    schedule: null,
    cancellationReason: reason,
  };
  recordSubscription(stage, operation, 'customer.subscription.deleted');
}
