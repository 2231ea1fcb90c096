import type { Ledger } from './bank/ledger.js';
import type { Charge, Customer, Invoice, InvoiceLine, PaymentMethod, Schedule, Subscription } from './books.js';
import type { Interval } from './calendar.js';
import type { Journal, Operation } from './journal.js';
import type { Random } from './random.js';
import { customerShape } from './shapes/customer.js';
import { subscriptionShape } from './shapes/subscription.js';
import { stripeId } from './account.js';

/** The current state of one customer's life: its books, and the journal of the events so far. */
export interface Stage {
  readonly random: Random;
  readonly journal: Journal;
  /** Whether values may change back within a second. */
  readonly cycles: boolean;
  /** Whether the customer may have several subscriptions and one-off invoices. */
  readonly several: boolean;
  /** Whether customers also pay tax, pay in parts or too much, and payments are detached from invoices. */
  readonly bank: boolean;
  /** The double-entry books. */
  readonly ledger: Ledger;
  customer: Customer;
  paymentMethod: PaymentMethod;
  subscription: Subscription;
  /** Every successful payment, in its current state. */
  charges: readonly Charge[];
  /** Every paid invoice, in its current state. */
  invoices: readonly Invoice[];
  /** The subscription's schedule, if any. */
  schedule: Schedule | null;
  /** Prorations that wait for the next invoice. */
  pendingLines: readonly InvoiceLine[];
}

export function newId(stage: Pick<Stage, 'random'>, prefix: string): string {
  return stripeId(stage.random, prefix);
}

/** The items of one subscription share their interval. */
export function billingInterval({ subscription }: Pick<Stage, 'subscription'>): Interval {
  const [item] = subscription.items;
  if (item === undefined) throw new Error(`${subscription.id} has no items.`);
  return item.price.interval;
}

/** Changes the subscription in the books and records the update. */
export function updateSubscription(stage: Stage, operation: Operation, change: Partial<Subscription>): void {
  stage.subscription = { ...stage.subscription, ...change };
  recordSubscription(stage, operation, 'customer.subscription.updated');
}

export function recordSubscription(stage: Stage, operation: Operation, type: string): void {
  const { subscription } = stage;
  operation.record(type, (view) => subscriptionShape(view, subscription));
}

/** Changes the customer in the books and records the update. */
export function updateCustomer(stage: Stage, operation: Operation, change: Partial<Customer>): void {
  stage.customer = { ...stage.customer, ...change };
  recordCustomer(stage, operation, 'customer.updated');
}

/** Records the customer's current state. */
export function recordCustomer({ customer }: Stage, operation: Operation, type: string): void {
  operation.record(type, (view) => customerShape(view, customer));
}
