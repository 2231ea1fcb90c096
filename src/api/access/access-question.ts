import { accessAnswer, type AccessAnswer, type Wanted } from '../../access/answer.js';
import type { AccessFacts } from '../../access/facts.js';
import type { AccessPolicy } from '../../access/policy.js';

/** Whether a person may enter at a time; `customers` are those that the person is in Stripe. */
export type AccessQuestion = Readonly<{
  customers: readonly string[];
  wanted: Wanted;
  policy: AccessPolicy;
  /** Null: now, which on a test clock is another time than elsewhere. */
  time: Date | null;
  /** The customer whose address was asked, which is a 404 when nothing is known; null for an address that always answers. */
  customer: string | null;
}>;

export type AnsweredAccess = { customer?: string; customers: readonly string[]; at: Date } & AccessAnswer;

/** The answer; null where the address asked is of a customer that nothing is known of. */
export function answerAccess(
  { customers, wanted, policy, time, customer }: AccessQuestion,
  facts: readonly AccessFacts[],
): AnsweredAccess | null {
  if (customer !== null && facts.length === 0) return null;
  const whose = customer === null ? { customers } : { customer, customers };
  const at = time ?? new Date();
  return { ...whose, at, ...accessAnswer(wanted, facts, { policy, at }) };
}
