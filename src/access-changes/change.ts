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

/** A decision with its place in the log, as feed, history and pushes tell it. */
export type AccessChange = Readonly<{ id: string; type: 'customer.access_changed'; position: string }> & Decision;

/** Beyond both, changes are held until somebody approves them. `percent` is of the customers who have access. */
export type Brake = Readonly<{ customers: number; percent: number }>;

/** Whether so many changes at one time are more than is to be believed. New customers do not count: they have nothing to lose. */
export const isTooMany = (changes: number, customers: number, brake: Brake): boolean =>
  changes > brake.customers && changes > (customers * brake.percent) / 100;
