import type { Ledger } from './bank/ledger.js';
import type { Charge, Customer, Invoice, InvoiceLine, PaymentMethod, Schedule, Subscription } from './books.js';
import type { Interval } from './calendar.js';
import type { Journal, Operation } from './journal.js';
import type { Random } from './random.js';
import { customerShape } from './shapes/customer.js';
import { subscriptionShape } from './shapes/subscription.js';
import { stripeId } from './account.js';

/** The present of one customer's life: the books in force, and the journal of how they came about. */
export interface Stage {
  readonly random: Random;
  readonly journal: Journal;
  /** Whether values may go there and back within a second. */
  readonly cycles: boolean;
  /** Whether the customer may have several subscriptions, and invoices of none. */
  readonly several: boolean;
  /** Whether customers also pay tax, in parts and too much, and payments are taken off invoices again. */
  readonly bank: boolean;
  /** The books in double entry. */
  readonly ledger: Ledger;
  customer: Customer;
  paymentMethod: PaymentMethod;
  subscription: Subscription;
  /** Every payment that succeeded, as it is now. */
  charges: readonly Charge[];
  /** Every invoice that was paid, as it is now. */
  invoices: readonly Invoice[];
  /** What steers the subscription, if anything does. */
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

/** Changes the subscription in the books and says so. */
export function updateSubscription(stage: Stage, operation: Operation, change: Partial<Subscription>): void {
  stage.subscription = { ...stage.subscription, ...change };
  recordSubscription(stage, operation, 'customer.subscription.updated');
}

export function recordSubscription(stage: Stage, operation: Operation, type: string): void {
  const { subscription } = stage;
  operation.record(type, (view) => subscriptionShape(view, subscription));
}

/** Changes the customer in the books and says so. */
export function updateCustomer(stage: Stage, operation: Operation, change: Partial<Customer>): void {
  stage.customer = { ...stage.customer, ...change };
  recordCustomer(stage, operation, 'customer.updated');
}

/** Says how the customer is now. */
export function recordCustomer({ customer }: Stage, operation: Operation, type: string): void {
  operation.record(type, (view) => customerShape(view, customer));
}
