import { z } from 'zod';
import type { AccessAnswer } from '../access/answer.js';

/** A customer's access. A change of these fields is an access change. */
export type Access = Readonly<{ granted: boolean; products: readonly string[]; entitlements: readonly string[] }>;

/** The access of a customer without a decision. */
export const NO_ACCESS: Access = { granted: false, products: [], entitlements: [] };

export const accessOf = ({ granted, products, entitlements }: Access): Access => ({ granted, products, entitlements });

/** Compares two answers, whose lists are sorted. */
export const isSameAccess = (a: Access, b: Access): boolean =>
  JSON.stringify(accessOf(a)) === JSON.stringify(accessOf(b));

/**
 * Why a decision was made: an event arrived; a known time has passed; the ACCESS_… policy has changed; or rows were
 * repaired, by a rebuild or after Postgres was lost.
 */
export type Because =
  | Readonly<{ kind: 'event'; stripeEventId: string | null; position: string }>
  | Readonly<{ kind: 'time' | 'policy' | 'repair' }>;

/** The answer behind a decision, as in `GET /v1/access`. */
export type DecidedAnswer = Omit<AccessAnswer, 'considered'>;

/** A decision, as stored in its event. */
export type Decision = Readonly<{
  customer: string;
  /** The team's own id of the user or account, by REFERENCE_METADATA. */
  reference: string | null;
  /** The revision of its event: counts the decisions about a customer, from 0. */
  revision: number;
  before: Access;
  now: DecidedAnswer;
  because: Because;
  decidedAt: string;
}>;

const WHY_MAX = 500;
/** The body of a rejection; it is shown in the history of each customer. */
export const rejection = z.strictObject({
  why: z
    .string({ error: 'must be a text that gives the reason' })
    .trim()
    .min(1, 'must give the reason')
    .max(WHY_MAX, `must have at most ${WHY_MAX} characters`),
});

/** Who rejected a held decision, why, and when. */
export type Rejection = Readonly<{ by: string; why: string; at: string }>;

const groundsOf = ({ reason }: DecidedAnswer): readonly (string | null)[] =>
  'status' in reason
    ? [reason.rule, reason.subscription, reason.status, reason.statusEvent]
    : [reason.rule, 'lookupKey' in reason ? reason.lookupKey : null];

/**
 * Whether two answers are equal with equal reasons. A rejected answer is not decided again until its reason changes.
 */
export const isSameConclusion = (a: DecidedAnswer, b: DecidedAnswer): boolean =>
  isSameAccess(a, b) && JSON.stringify(groundsOf(a)) === JSON.stringify(groundsOf(b));

/** A decision with its position, as in the feed, the history and pushes. */
export type AccessChange = Readonly<{ id: string; type: 'customer.access_changed'; position: string }> & Decision;

/** Changes beyond both limits are held until they are approved. `percent` refers to the customers with access. */
export type Brake = Readonly<{ customers: number; percent: number }>;

/**
 * Whether the number of concurrent changes exceeds the brake. New customers do not count, since they have nothing to
 * lose.
 */
export const isTooMany = (changes: number, customers: number, brake: Brake): boolean =>
  changes > brake.customers && changes > (customers * brake.percent) / 100;
