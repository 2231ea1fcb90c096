import { isBasilOrLater } from './api-version.js';
import type { Customer, Invoice, PaymentMethod, Price, Subscription, SubscriptionItem } from './books.js';
import { afterIntervals, DAY, HOUR, MINUTE, type Seconds } from './calendar.js';
import {
  attempted,
  draftInvoice,
  finalized,
  openIntent,
  paid,
  periodLines,
  recordAttempt,
  recordFailure,
  recordInvoice,
  recordPaid,
  voided,
  type Attempt,
} from './collection.js';
import { newDiscount, recordDiscount } from './discounts.js';
import type { Operation } from './journal.js';
import type { Random } from './random.js';
import { checkoutSessionShape } from './shapes/customer.js';
import { paymentIntentShape, paymentMethodShape } from './shapes/payment.js';
import {
  billingInterval,
  newId,
  recordCustomer,
  recordSubscription,
  updateCustomer,
  updateSubscription,
  type Stage,
} from './stage.js';

const NAMES = [
  'Ada Byron',
  'Blaise Pascal',
  'Émilie du Châtelet',
  'Grace Hopper',
  'Srinivasa Ramanujan',
  '鈴木 一郎',
  'Zoë O’Hara',
] as const;
const COUNTRIES = ['US', 'DE', 'FR', 'GB', 'JP', 'CM'] as const;

/** A customer with a card, and a subscription that has not started yet. */
export function openStage(
  { random, journal, ...options }: Pick<Stage, 'random' | 'journal' | 'ledger' | 'cycles' | 'several' | 'bank'>,
  at: Seconds,
): Stage {
  const customer = newCustomer(random, at);
  const subscription = newSubscription({ random, journal, customer }, random.pick(['usd', 'eur', 'jpy', 'kwd']), at);
  return {
    random,
    journal,
    ...options,
    customer,
    paymentMethod: newCard(random, at),
    subscription,
    charges: [],
    invoices: [],
    schedule: null,
    pendingLines: [],
  };
}

/** A subscription to one product or two that has not started yet. */
export function newSubscription(
  { random, journal, customer }: Pick<Stage, 'random' | 'journal' | 'customer'>,
  currency: string,
  at: Seconds,
): Subscription {
  const interval = random.weighted({ month: 4, year: 1 });
  const prices = journal.view.account.prices.filter(
    (price) => price.currency === currency && price.interval === interval,
  );
  const first = random.pick(prices.filter(({ usage }) => usage === 'licensed'));
  const more = random.chance(0.3) ? [random.pick(prices.filter(({ product }) => product !== first.product))] : [];
  return incompleteSubscription(random, { customer, prices: [first, ...more], at });
}

function newCustomer(random: Random, at: Seconds): Customer {
  const id = newId({ random }, 'cus');
  return {
    id,
    name: random.pick(NAMES),
    email: `${id.slice(4).toLowerCase()}@customer.example`,
    country: random.pick(COUNTRIES),
    currency: null,
    invoicePrefix: random.alphanumeric(8).toUpperCase(),
    nextInvoiceSequence: 1,
    defaultPaymentMethod: null,
    delinquent: false,
    balanceMinor: 0,
    createdAt: at,
  };
}

function newCard(random: Random, at: Seconds): PaymentMethod {
  return {
    id: newId({ random }, 'pm'),
    brand: random.pick(['visa', 'mastercard', 'amex']),
    last4: String(random.integer(1000, 9999)),
    fingerprint: random.alphanumeric(16),
    expiresMonth: random.integer(1, 12),
    expiresYear: new Date(at * 1000).getUTCFullYear() + random.integer(1, 5),
    createdAt: at,
  };
}

function incompleteSubscription(
  random: Random,
  start: { customer: Customer; prices: readonly [Price, ...Price[]]; at: Seconds },
): Subscription {
  const { customer, prices, at } = start;
  const [price] = prices;
  const items = prices.map((each): SubscriptionItem => ({
    id: newId({ random }, 'si'),
    price: each,
    quantity: each.usage === 'metered' ? null : random.integer(1, 12),
    createdAt: at,
  }));
  return {
    id: newId({ random }, 'sub'),
    customer: customer.id,
    currency: price.currency,
    status: 'incomplete',
    items,
    createdAt: at,
    anchorAt: at,
    periodStart: at,
    periodEnd: afterIntervals(at, price.interval, 1),
    trialStart: null,
    trialEnd: null,
    cancelAt: null,
    cancelAtPeriodEnd: false,
    canceledAt: null,
    endedAt: null,
    cancellationReason: null,
    pauseCollection: null,
    discount: null,
    schedule: null,
    latestInvoice: null,
    defaultPaymentMethod: null,
    metadata: random.chance(0.5) ? { workspace: `ws_${random.integer(1000, 9999)}` } : {},
  };
}

/** Records the creation of the customer. */
export function openAccount(stage: Stage, operation: Operation): void {
  recordCustomer(stage, operation, 'customer.created');
}

/** Attaches a card, which becomes the default in the same second. */
export function attachCard(stage: Stage, operation: Operation): void {
  const { paymentMethod, customer } = stage;
  operation.record('payment_method.attached', (view) => paymentMethodShape(view, paymentMethod, customer));
  updateCustomer(stage, operation, { defaultPaymentMethod: stage.paymentMethod.id });
}

/** Sets the start of the subscription that has not started yet. */
export function beginAt(stage: Stage, at: Seconds, trialDays: number): void {
  const trialEnd = trialDays > 0 ? at + trialDays * DAY : null;
  const items = stage.subscription.items.map((item) => ({ ...item, createdAt: at }));
  stage.subscription = {
    ...stage.subscription,
    items,
    status: trialEnd === null ? 'incomplete' : 'trialing',
    createdAt: at,
    anchorAt: trialEnd ?? at,
    periodStart: at,
    periodEnd: trialEnd ?? afterIntervals(at, billingInterval(stage), 1),
    trialStart: trialEnd === null ? null : at,
    trialEnd,
  };
  if (stage.random.chance(0.2)) stage.subscription = { ...stage.subscription, discount: newDiscount(stage, at) };
}

/** Starts a trial: the first invoice is zero and paid, and the status is trialing from the first event. */
export function startTrial(stage: Stage, operation: Operation): void {
  const { invoice } = firstInvoice(stage, operation, true);
  const settled = paid(operation.at, invoice, null);
  fixCurrency(stage, operation);
  for (const type of ['invoice.created', 'invoice.finalized']) recordInvoice(operation, { type, invoice: settled });
  recordPaid(stage, operation, settled);
  recordBirth(stage, operation);
}

/**
 * Subscribes through the API: incomplete at first; active in the same second with a valid card, else open for 23 hours.
 */
export function startByApi(stage: Stage, operation: Operation, goodCard: boolean): Seconds {
  const { draft, invoice } = firstInvoice(stage, operation, false);
  fixCurrency(stage, operation);
  recordBirth(stage, operation);
  const intent = openIntent(stage, operation.at, invoice);
  operation.record('payment_intent.created', (view) => paymentIntentShape(view, intent));
  const attempt = attempted(stage, operation.at, { intent, succeeds: goodCard });
  if (goodCard) {
    const settled = paid(operation.at, invoice, attempt.charge);
    recordFirstInvoice(stage, operation, [draft, invoice, settled]);
    recordAttempt(stage, operation, attempt);
    updateSubscription(stage, operation, { status: 'active', defaultPaymentMethod: stage.paymentMethod.id });
    recordPaid(stage, operation, settled);
    return operation.at;
  }
  recordFirstInvoice(stage, operation, [draft, invoice, invoice]);
  recordAttempt(stage, operation, attempt);
  const failed = recordFailure(stage, operation, { invoice, charge: attempt.charge, last: true });
  return stage.random.chance(0.5) ? recoverFirst(stage, failed, attempt) : expireFirst(stage, failed, operation.at);
}

/** Subscribes through Checkout: since basil the subscription is created only after the payment. */
export function startByCheckout(stage: Stage, operation: Operation): void {
  const { view } = stage.journal;
  const { draft, invoice } = firstInvoice(stage, operation, false);
  const attempt = attempted(stage, operation.at, { intent: openIntent(stage, operation.at, invoice), succeeds: true });
  const settled = paid(operation.at, invoice, attempt.charge);
  const active = { status: 'active', defaultPaymentMethod: stage.paymentMethod.id } as const;
  fixCurrency(stage, operation);
  recordAttempt(stage, operation, attempt);
  if (isBasilOrLater(view.playedIn)) stage.subscription = { ...stage.subscription, ...active };
  recordBirth(stage, operation);
  recordFirstInvoice(stage, operation, [draft, invoice, settled]);
  if (!isBasilOrLater(view.playedIn)) updateSubscription(stage, operation, active);
  recordPaid(stage, operation, settled);
  const session = {
    id: newId(stage, view.account.livemode ? 'cs_live' : 'cs_test'),
    customer: stage.customer,
    subscription: stage.subscription,
  };
  operation.record('checkout.session.completed', (view) =>
    checkoutSessionShape(view, { ...session, invoice: settled, createdAt: operation.at - 2 * MINUTE }),
  );
}

function recordBirth(stage: Stage, operation: Operation): void {
  recordSubscription(stage, operation, 'customer.subscription.created');
  const { discount } = stage.subscription;
  if (discount !== null) recordDiscount(operation, discount);
}

function firstInvoice(stage: Stage, operation: Operation, trial: boolean): { draft: Invoice; invoice: Invoice } {
  const { periodStart, periodEnd } = stage.subscription;
  const lines = periodLines(stage, { start: periodStart, end: periodEnd, trial });
  const draft = draftInvoice(stage, operation.at, {
    reason: 'subscription_create',
    lines,
    periodStart,
    periodEnd: periodStart,
  });
  stage.subscription = { ...stage.subscription, latestInvoice: draft.id };
  return { draft, invoice: finalized(stage, operation.at, draft) };
}

/** Stripe renders an operation's snapshots when it sends them, so the first sometimes already shows the final state. */
function recordFirstInvoice(
  stage: Stage,
  operation: Operation,
  states: readonly [draft: Invoice, open: Invoice, end: Invoice],
): void {
  const [draft, open, end] = states;
  const late = stage.random.chance(0.2);
  recordInvoice(operation, { type: 'invoice.created', invoice: late ? end : draft });
  recordInvoice(operation, { type: 'invoice.finalized', invoice: late ? end : open });
}

/** The first invoice fixes the customer's currency. */
function fixCurrency(stage: Stage, operation: Operation): void {
  updateCustomer(stage, operation, { currency: stage.subscription.currency });
}

function recoverFirst(stage: Stage, invoice: Invoice, { intent }: Attempt): Seconds {
  // Under a test clock the customer needs more time to react.
  const operation = stage.journal.operation(
    invoice.createdAt + stage.random.integer(20, 20 * MINUTE) + (stage.journal.view.clock === null ? 0 : 2 * HOUR),
    'merchant',
  );
  const retry = attempted(stage, operation.at, { intent, succeeds: true });
  recordAttempt(stage, operation, retry);
  updateSubscription(stage, operation, { status: 'active', defaultPaymentMethod: stage.paymentMethod.id });
  recordPaid(stage, operation, paid(operation.at, invoice, retry.charge));
  updateCustomer(stage, operation, { delinquent: false });
  return operation.at;
}

function expireFirst(stage: Stage, invoice: Invoice, startedAt: Seconds): Seconds {
  const operation = stage.journal.operation(startedAt + 23 * HOUR, 'stripe');
  recordInvoice(operation, { type: 'invoice.voided', invoice: voided(stage, operation.at, invoice) });
  updateSubscription(stage, operation, {
    status: 'incomplete_expired',
    canceledAt: operation.at,
    endedAt: operation.at,
  });
  return operation.at;
}
