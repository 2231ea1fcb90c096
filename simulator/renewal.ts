import { amountDueMinor } from './amounts.js';
import type { Invoice } from './books.js';
import { afterIntervals, DAY, HOUR, type Seconds } from './calendar.js';
import { cancel } from './changes.js';
import { endDiscount, isOver } from './discounts.js';
import {
  attempted,
  collectAtOnce,
  draftInvoice,
  finalized,
  openIntent,
  paid,
  periodLines,
  recordAttempt,
  recordBalance,
  recordFailure,
  recordInvoice,
  recordPaid,
  voided,
  writtenOff,
  type Attempt,
} from './collection.js';
import { creditOpenInvoice } from './credit-notes.js';
import type { Operation } from './journal.js';
import { paymentIntentShape } from './shapes/payment.js';
import { announceExpiry, endSchedule, isLastPhase, nextPhase } from './schedules.js';
import { attachCard } from './signup.js';
import { billingInterval, recordSubscription, updateCustomer, updateSubscription, type Stage } from './stage.js';

/** What Stripe does at the end of a period, and afterwards when the card fails. */
const RETRIES_MAX = 3;

/** Records the reminder three days before a trial ends. */
export function announceTrialEnd(stage: Stage): void {
  const { trialEnd } = stage.subscription;
  if (trialEnd === null) return;
  recordSubscription(
    stage,
    stage.journal.operation(trialEnd - 3 * DAY, 'stripe'),
    'customer.subscription.trial_will_end',
  );
}

/** Ends the period: cancels if requested, else renews and collects. Returns the time when everything in it is over. */
export function endPeriod(stage: Stage): Seconds {
  announceExpiry(stage);
  const operation = stage.journal.operation(stage.subscription.periodEnd, 'stripe');
  if (stage.subscription.cancelAtPeriodEnd) {
    cancel(stage, operation, 'cancellation_requested');
    return operation.at;
  }
  if (isLastPhase(stage) && stage.schedule?.endBehavior === 'cancel') {
    endSchedule(stage, operation, 'completed');
    cancel(stage, operation, 'cancellation_requested');
    return operation.at;
  }
  const draft = renew(stage, operation);
  const collection = stage.journal.operation(operation.at + HOUR + stage.random.integer(0, 300), 'stripe');
  return stage.subscription.pauseCollection === null
    ? collect(stage, collection, draft)
    : settlePaused(stage, collection, draft);
}

/**
 * Pauses a subscription whose trial ended without a card, until a card is attached or for good. Returns the time when
 * it continues.
 */
export function pauseWithoutCard(stage: Stage): Seconds {
  const operation = stage.journal.operation(stage.subscription.periodEnd, 'stripe');
  updateSubscription(stage, operation, { status: 'paused' });
  recordSubscription(stage, operation, 'customer.subscription.paused');
  return stage.random.chance(0.6) ? resume(stage, operation.at + stage.random.integer(1, 20) * DAY) : operation.at;
}

/** Attaches a card, which starts a new period that is paid at once. */
function resume(stage: Stage, at: Seconds): Seconds {
  attachCard(stage, stage.journal.operation(at - 30, 'merchant'));
  const operation = stage.journal.operation(at, 'merchant');
  const periodEnd = afterIntervals(at, billingInterval(stage), 1);
  const draft = draftInvoice(stage, at, {
    reason: 'subscription_update',
    lines: periodLines(stage, { start: at, end: periodEnd }),
    periodStart: at,
    periodEnd: at,
  });
  const open = finalized(stage, at, draft);
  recordInvoice(operation, { type: 'invoice.created', invoice: draft });
  recordInvoice(operation, { type: 'invoice.finalized', invoice: open });
  collectAtOnce(stage, operation, open);
  updateSubscription(stage, operation, {
    status: 'active',
    anchorAt: at,
    periodStart: at,
    periodEnd,
    latestInvoice: open.id,
  });
  recordSubscription(stage, operation, 'customer.subscription.resumed');
  return at;
}

function renew(stage: Stage, operation: Operation): Invoice {
  const { periodStart, periodEnd, anchorAt, status } = stage.subscription;
  const planned = nextPhase(stage, operation);
  const next = {
    ...planned,
    ...endedDiscount(stage, operation),
    periodStart: periodEnd,
    periodEnd: periodAfter(anchorAt, billingInterval(stage), periodEnd),
  };
  stage.subscription = { ...stage.subscription, ...planned };
  const lines = [
    ...stage.pendingLines,
    ...periodLines(stage, {
      start: next.periodStart,
      end: next.periodEnd,
      used: { start: periodStart, end: periodEnd },
    }),
  ];
  stage.pendingLines = [];
  const draft = draftInvoice(stage, operation.at, { reason: 'subscription_cycle', lines, periodStart, periodEnd });
  recordInvoice(operation, { type: 'invoice.created', invoice: draft });
  updateSubscription(stage, operation, {
    ...next,
    latestInvoice: draft.id,
    ...(status === 'trialing' ? { status: 'active' } : {}),
  });
  return draft;
}

/** Ends a discount that does not apply to the new period. */
function endedDiscount(stage: Stage, operation: Operation): { discount?: null } {
  const { discount } = stage.subscription;
  if (discount === null || !isOver(discount, stage.subscription, operation.at)) return {};
  endDiscount(operation, discount);
  stage.subscription = { ...stage.subscription, discount: null };
  return { discount: null };
}

function periodAfter(anchor: Seconds, interval: Parameters<typeof afterIntervals>[1], after: Seconds): Seconds {
  for (let count = 1; count < 1200; count += 1) {
    const end = afterIntervals(anchor, interval, count);
    if (end > after) return end;
  }
  throw new RangeError('No period of the next hundred years ends later.');
}

function collect(stage: Stage, operation: Operation, draft: Invoice): Seconds {
  const open = finalized(stage, operation.at, draft);
  recordInvoice(operation, { type: 'invoice.finalized', invoice: open });
  if (open.intent === null || stage.random.chance(0.8)) {
    collectAtOnce(stage, operation, open);
    return operation.at;
  }
  recordBalance(stage, operation, open);
  const intent = openIntent(stage, operation.at, open);
  operation.record('payment_intent.created', (view) => paymentIntentShape(view, intent));
  const attempt = attempted(stage, operation.at, { intent, succeeds: false });
  recordAttempt(stage, operation, attempt);
  const failed = recordFailure(stage, operation, { invoice: open, charge: attempt.charge, last: false });
  updateSubscription(stage, operation, { status: 'past_due' });
  // Support may have reduced the amount due before the next attempt.
  const asked = stage.random.chance(0.15) ? creditOpenInvoice(stage, failed, operation.at + DAY) : failed;
  return dun(stage, {
    invoice: asked,
    attempt: { ...attempt, intent: { ...attempt.intent, amountMinor: amountDueMinor(asked) } },
    retries: 0,
  });
}

interface Dunning {
  readonly invoice: Invoice;
  readonly attempt: Attempt;
  readonly retries: number;
}

/**
 * Retries every three days. Either the card recovers, or the account's rule ends the subscription as canceled, unpaid
 * or past due.
 */
function dun(stage: Stage, { invoice, attempt, retries }: Dunning): Seconds {
  const operation = stage.journal.operation(
    (invoice.nextAttemptAt ?? invoice.createdAt) + stage.random.integer(0, 600),
    'stripe',
  );
  const retry = attempted(stage, operation.at, { intent: attempt.intent, succeeds: stage.random.chance(0.4) });
  recordAttempt(stage, operation, retry);
  if (retry.charge.declineCode === null) {
    recordPaid(stage, operation, paid(operation.at, invoice, retry.charge));
    updateSubscription(stage, operation, { status: 'active' });
    updateCustomer(stage, operation, { delinquent: false });
    return operation.at;
  }
  const last = retries + 1 >= RETRIES_MAX;
  const failed = recordFailure(stage, operation, { invoice, charge: retry.charge, last });
  if (!last) return dun(stage, { invoice: failed, attempt: retry, retries: retries + 1 });
  giveUp(stage, operation);
  return operation.at;
}

function giveUp(stage: Stage, operation: Operation): void {
  const end = stage.random.weighted({ canceled: 5, unpaid: 3, past_due: 2 });
  if (end === 'canceled') cancel(stage, operation, 'payment_failed');
  if (end === 'unpaid') updateSubscription(stage, operation, { status: 'unpaid' });
}

/** While collection is paused the invoice is voided, written off or left a draft, as the merchant chose. */
function settlePaused(stage: Stage, operation: Operation, draft: Invoice): Seconds {
  const behavior = stage.subscription.pauseCollection?.behavior;
  if (behavior === 'keep_as_draft') {
    recordInvoice(operation, {
      type: 'invoice.updated',
      invoice: { ...draft, autoAdvance: false, nextAttemptAt: null },
    });
    return operation.at;
  }
  const open: Invoice = { ...finalized(stage, operation.at, draft), intent: null };
  recordInvoice(operation, { type: 'invoice.finalized', invoice: open });
  recordBalance(stage, operation, open);
  if (behavior === 'void') {
    recordInvoice(operation, { type: 'invoice.voided', invoice: voided(stage, operation.at, open) });
    recordBalance(stage, operation, open);
  } else {
    const ended = writtenOff(stage, operation.at, open);
    recordInvoice(operation, { type: 'invoice.marked_uncollectible', invoice: ended });
  }
  return operation.at;
}
