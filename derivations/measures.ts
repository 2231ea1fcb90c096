import type { Row } from '../projections/projection.js';
import { earnedMoves } from './journal/moved.js';

/**
 * An amount in a derived row and what it belongs to. Minor units; `account` is '' for one's own, `customer` is '' where
 * the row names none.
 */
export type Measured = Readonly<{
  livemode: boolean;
  account: string;
  currency: string;
  /** `MRR`, an account of the journal, or a month. */
  name: string;
  customer: string;
  minor: number;
}>;

/** What two policies are compared by: the amounts in the rows of a derivation, up to a moment. */
export type Measure = Readonly<{
  derivation: string;
  /** The amounts in the rows of one key, by table; `until` is ISO 8601 in UTC. */
  amounts(rows: Readonly<Record<string, readonly Row[]>>, until: string): readonly Measured[];
}>;

const scopeOf = (row: Row) => ({
  livemode: row['livemode'] === true,
  account: textOf(row['account']),
  currency: textOf(row['currency']),
});
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const isBy = (row: Row, column: string, until: string): boolean => Date.parse(textOf(row[column])) <= Date.parse(until);

/** MRR, the balances of the journal, and net revenue by month. */
export const measures = {
  mrr: {
    derivation: 'subscription_mrr',
    amounts: ({ mrr_parts = [] }, until) =>
      mrr_parts
        .filter((part) => isBy(part, 'at', until))
        .map((part) => ({
          ...{ ...scopeOf(part), name: 'MRR', customer: textOf(part['customer']) },
          minor: Number(part['mrr_minor']),
        })),
  },
  journal: {
    derivation: 'journal',
    amounts: ({ journal_entries = [], journal_postings = [] }, until) => {
      const customers = new Map(journal_entries.map(({ id, customer }) => [id, textOf(customer)]));
      return journal_postings
        .filter((posting) => isBy(posting, 'effective_at', until))
        .map((posting) => ({
          ...{ ...scopeOf(posting), name: textOf(posting['name']), customer: customers.get(posting['entry']) ?? '' },
          minor: Number(posting['amount_minor']),
        }));
    },
  },
  /**
   * Earned revenue less what was taken back, plus recoveries: everything below `Income`. Earned revenue alone would
   * depend on the recognition rule even over all time, since a refund takes back only what was recognised before it.
   */
  revenue: {
    derivation: 'journal',
    amounts: ({ journal_entries = [], journal_postings = [], revenue_months = [] }, until) => {
      const customers = new Map(journal_entries.map(({ id, customer }) => [id, textOf(customer)]));
      const isCounted = ({ month }: Row): boolean => textOf(month) <= until.slice(0, 7);
      const income = journal_postings.filter((posting) => textOf(posting['name']).startsWith('Income:'));
      return [
        ...revenue_months.filter(isCounted).map((row) => ({
          ...{ ...scopeOf(row), name: textOf(row['month']), customer: textOf(row['customer']) },
          minor: Number(row['revenue_minor']),
        })),
        ...income.filter(isCounted).map((posting) => ({
          ...{ ...scopeOf(posting), name: textOf(posting['month']), customer: customers.get(posting['entry']) ?? '' },
          minor: -Number(posting['amount_minor']),
        })),
      ];
    },
  },
} as const satisfies Readonly<Record<string, Measure>>;

/**
 * The movement on each account in each month, named `2026-01 Income:Revenue`, as in the trial balance; includes every
 * month.
 */
export const movedByMonth: Measure = {
  derivation: 'journal',
  amounts: ({ journal_postings = [], revenue_months = [] }) => [
    ...journal_postings.map((posting) => movedOn(posting, posting['month'], posting['name'], posting['amount_minor'])),
    ...revenue_months.flatMap((row) => {
      const earned = { revenue: Number(row['revenue_minor']), unbilled: Number(row['unbilled_minor']) };
      return earnedMoves(row['part'], earned).map(([name, minor]) => movedOn(row, row['month'], name, minor));
    }),
  ],
};

const movedOn = (row: Row, month: unknown, name: unknown, minor: unknown): Measured => ({
  ...{ ...scopeOf(row), customer: '' },
  ...{ name: `${textOf(month)} ${textOf(name)}`, minor: Number(minor) },
});
