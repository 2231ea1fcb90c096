import { hash } from 'node:crypto';
import { canonicalJson } from '../events/json.js';
import type { ClosedRows } from './closed-rows.js';

/** Whose books: one mode of one account; null is one's own. */
export type Whose = Readonly<{ livemode: boolean; account: string | null }>;

/** An account in a month: minor units, plus is debit. */
export type MonthOfAccount = Readonly<{
  name: string;
  startMinor: number;
  debitMinor: number;
  creditMinor: number;
  endMinor: number;
  /** What of debit less credit corrects months that were closed before: what became known of them later. */
  correctionMinor: number;
}>;
export type MonthOfCurrency = Readonly<{ currency: string; accounts: readonly MonthOfAccount[] }>;

/** Why somebody had to accept that a month is closed: rows that cannot be derived, or money that nobody can explain. */
export type Accepted = 'parked' | 'unexplained';

/** A month of somebody's books as it was closed: from then on it is shown so, whatever becomes known of it. */
export type Closing = Whose &
  Readonly<{
    /** `2026-01`, of the calendar of `zone`. */
    month: string;
    zone: string;
    /** Up to where in the log the books were complete: what came after it is late. */
    position: string;
    /** The hash of the policy that the books followed. */
    policy: string;
    build: string;
    by: string;
    closedAt: string;
    accepted: readonly Accepted[];
    balances: readonly MonthOfCurrency[];
    /** What the figures consist of; not there of what was closed before rows were kept. */
    rows?: ClosedRows;
    /** The policy itself. */
    rules?: Readonly<Record<string, string | number | null>>;
    /** The hash of the closing before it; null for the first one. */
    previous: string | null;
    /** SHA-256 over all else, as canonical JSON. */
    hash: string;
  }>;

/** Somebody has opened the last closed month again. */
export type Reopening = Whose & Readonly<{ month: string; by: string; reopenedAt: string; reason: string | null }>;

/** A closing with its hash. */
export const sealed = (closing: Omit<Closing, 'hash'>): Closing => ({ ...closing, hash: hashOf(closing) });

const hashOf = (closing: Omit<Closing, 'hash'>): string => hash('sha256', canonicalJson(closing));

/** What is wrong with a closing that stands after another one, or first; null where nothing is. */
export function faultOf({ hash: written, ...closing }: Closing, before: Pick<Closing, 'hash' | 'month'> | null) {
  if (hashOf(closing) !== written) return 'What it says has another hash than was written with it.';
  if (closing.previous !== (before?.hash ?? null)) return 'It does not follow the closing before it.';
  return before !== null && closing.month <= before.month ? 'Its month is not after the one closed before it.' : null;
}

/** Names whose books. */
export const nameOfBooks = ({ livemode, account }: Whose): string =>
  account === null ? mode(livemode) : `${mode(livemode)} ${account}`;

const mode = (livemode: boolean): string => (livemode ? 'live' : 'test');
