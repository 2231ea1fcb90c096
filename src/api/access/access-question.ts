import { accessAnswer, type AccessAnswer, type Wanted } from '../../access/answer.js';
import type { AccessFacts } from '../../access/facts.js';
import type { AccessPolicy } from '../../access/policy.js';

/** Whether a person has access at a time; `customers` are the person's customers in Stripe. */
export type AccessQuestion = Readonly<{
  customers: readonly string[];
  wanted: Wanted;
  policy: AccessPolicy;
  /** Null: now, which differs on a test clock. */
  time: Date | null;
  /**
   * The customer in the request's path, answered 404 when nothing is known of it; null for a route that always answers.
   */
  customer: string | null;
}>;

export type AnsweredAccess = { customer?: string; customers: readonly string[]; at: Date } & AccessAnswer;

/** Returns the answer; null if the path names an unknown customer. */
export function answerAccess(
  { customers, wanted, policy, time, customer }: AccessQuestion,
  facts: readonly AccessFacts[],
): AnsweredAccess | null {
  if (customer !== null && facts.length === 0) return null;
  const whose = customer === null ? { customers } : { customer, customers };
  const at = time ?? new Date();
  return { ...whose, at, ...accessAnswer(wanted, facts, { policy, at }) };
}
