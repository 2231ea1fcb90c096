import type { Customer, PaymentMethod, Subscription } from './books.js';
import type { Journal, Operation } from './journal.js';
import type { Random } from './random.js';
import { customerShape } from './shapes/customer.js';
import { subscriptionShape } from './shapes/subscription.js';
import { stripeId } from './account.js';

/** The present of one customer's life: the books in force, and the journal of how they came about. */
export interface Stage {
  readonly random: Random;
  readonly journal: Journal;
  customer: Customer;
  paymentMethod: PaymentMethod;
  subscription: Subscription;
}

export function newId(stage: Pick<Stage, 'random'>, prefix: string): string {
  return stripeId(stage.random, prefix);
}

/** Changes the subscription in the books and says so. */
export function updateSubscription(stage: Stage, operation: Operation, change: Partial<Subscription>): void {
  stage.subscription = { ...stage.subscription, ...change };
  recordSubscription(stage, operation, 'customer.subscription.updated');
}

export function recordSubscription(stage: Stage, operation: Operation, type: string): void {
  operation.record(type, subscriptionShape(stage.journal.view, stage.subscription));
}

/** Changes the customer in the books and says so. */
export function updateCustomer(stage: Stage, operation: Operation, change: Partial<Customer>): void {
  stage.customer = { ...stage.customer, ...change };
  operation.record('customer.updated', customerShape(stage.journal.view, stage.customer));
}
