import { hash } from 'node:crypto';
import { canonicalJson } from '../events/json.js';
import type { ClosedRows } from './closed-rows.js';

/** The books of one mode and account; null: one's own account. */
export type Whose = Readonly<{ livemode: boolean; account: string | null }>;

/** An account in a month: minor units, debit positive. */
export type MonthOfAccount = Readonly<{
  name: string;
  startMinor: number;
  debitMinor: number;
  creditMinor: number;
  endMinor: number;
  /** The part of debit less credit that corrects earlier closed months, for facts that became known later. */
  correctionMinor: number;
}>;
export type MonthOfCurrency = Readonly<{ currency: string; accounts: readonly MonthOfAccount[] }>;

/** What was accepted at the closing: rows that cannot be derived, or unexplained money. */
export type Accepted = 'parked' | 'unexplained';

/** A month of books as it was closed. Later facts do not change the figures shown for it. */
export type Closing = Whose &
  Readonly<{
    /** `2026-01` in the time zone `zone`. */
    month: string;
    zone: string;
    /** The log position that the books included; later events count as late. */
    position: string;
    /** The hash of the policy of the books. */
    policy: string;
    build: string;
    by: string;
    closedAt: string;
    accepted: readonly Accepted[];
    balances: readonly MonthOfCurrency[];
    /** The rows behind the figures; missing in closings from before rows were kept. */
    rows?: ClosedRows;
    /** The policy. */
    rules?: Readonly<Record<string, string | number | null>>;
    /** The hash of the closing before it; null for the first one. */
    previous: string | null;
    /** SHA-256 of all other fields as canonical JSON. */
    hash: string;
  }>;

/** The last closed month was reopened. */
export type Reopening = Whose & Readonly<{ month: string; by: string; reopenedAt: string; reason: string | null }>;

/** Returns the closing with its hash. */
export const sealed = (closing: Omit<Closing, 'hash'>): Closing => ({ ...closing, hash: hashOf(closing) });

const hashOf = (closing: Omit<Closing, 'hash'>): string => hash('sha256', canonicalJson(closing));

/** The fault in a closing, given the one before it (null: it is the first); null: none. */
export function faultOf({ hash: written, ...closing }: Closing, before: Pick<Closing, 'hash' | 'month'> | null) {
  if (hashOf(closing) !== written) return 'The hash of its content differs from the recorded hash.';
  if (closing.previous !== (before?.hash ?? null)) return 'It does not follow the closing before it.';
  return before !== null && closing.month <= before.month
    ? 'Its month is not later than the month closed before it.'
    : null;
}

/** The name of the books: the mode, and the account if it is not one's own. */
export const nameOfBooks = ({ livemode, account }: Whose): string =>
  account === null ? mode(livemode) : `${mode(livemode)} ${account}`;

const mode = (livemode: boolean): string => (livemode ? 'live' : 'test');
