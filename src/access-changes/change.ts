import { z } from 'zod';
import type { AccessAnswer } from '../access/answer.js';

/** What somebody has access to: a change of this is a change of access. */
export type Access = Readonly<{ granted: boolean; products: readonly string[]; entitlements: readonly string[] }>;

/** What holds for a customer of whom nothing was decided. */
export const NO_ACCESS: Access = { granted: false, products: [], entitlements: [] };

export const accessOf = ({ granted, products, entitlements }: Access): Access => ({ granted, products, entitlements });

/** Lists of an answer are sorted. */
export const isSameAccess = (a: Access, b: Access): boolean =>
  JSON.stringify(accessOf(a)) === JSON.stringify(accessOf(b));

/**
 * Why a decision was made when it was: an event came; a time that was told has come; the rules of ACCESS_… have changed; or rows were
 * put right, by a rebuild or after Postgres was lost.
 */
export type Because =
  | Readonly<{ kind: 'event'; stripeEventId: string | null; position: string }>
  | Readonly<{ kind: 'time' | 'policy' | 'repair' }>;

/** What a decision stands on, as `GET /v1/access` answers it. */
export type DecidedAnswer = Omit<AccessAnswer, 'considered'>;

/** A decision as its event says it. */
export type Decision = Readonly<{
  customer: string;
  /** The team's own id of its user or account, by REFERENCE_METADATA. */
  reference: string | null;
  /** Counts the decisions about a customer, from 0; that of its event. */
  revision: number;
  before: Access;
  now: DecidedAnswer;
  because: Because;
  decidedAt: string;
}>;

const WHY_MAX = 500;
/** What is asked of who rejects: the history of each customer bears it. */
export const rejection = z.strictObject({
  why: z
    .string({ error: 'must say why, as a text' })
    .trim()
    .min(1, 'must say why')
    .max(WHY_MAX, `must have at most ${WHY_MAX} characters`),
});

/** Who did not let a decision go that was held, why, and when. */
export type Rejection = Readonly<{ by: string; why: string; at: string }>;

const groundsOf = ({ reason }: DecidedAnswer): readonly (string | null)[] =>
  'status' in reason
    ? [reason.rule, reason.subscription, reason.status, reason.statusEvent]
    : [reason.rule, 'lookupKey' in reason ? reason.lookupKey : null];

/** Whether two answers say the same on the same grounds: what was rejected is not decided again until something new is behind it. */
export const isSameConclusion = (a: DecidedAnswer, b: DecidedAnswer): boolean =>
  isSameAccess(a, b) && JSON.stringify(groundsOf(a)) === JSON.stringify(groundsOf(b));

/** A decision with its place in the log, as feed, history and pushes tell it. */
export type AccessChange = Readonly<{ id: string; type: 'customer.access_changed'; position: string }> & Decision;

/** Beyond both, changes are held until somebody approves them. `percent` is of the customers who have access. */
export type Brake = Readonly<{ customers: number; percent: number }>;

/** Whether so many changes at one time are more than is to be believed. New customers do not count: they have nothing to lose. */
export const isTooMany = (changes: number, customers: number, brake: Brake): boolean =>
  changes > brake.customers && changes > (customers * brake.percent) / 100;
