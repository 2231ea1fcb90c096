import type { Queryable } from '../../read-models/database.js';
import type { Answer } from '../answer.js';
import { rowsOfKeys, JOURNAL, VIEWS } from '../books/views.js';
import { amountOf } from '../books/amounts.js';
import type { Resource } from '../resource.js';

/** A signed amount on an account: positive is debit. */
export type PostingAnswer = Readonly<{ name: string; currency: string; amountMinor: number; line: string | null }>;

/** Entries of the journal; each belongs to a book, such as that of an invoice. */
export const ENTRIES: Resource = {
  name: 'journal',
  kind: 'journal entry',
  table: JOURNAL.tables.journal_entries,
  sources: [rowsOfKeys(JOURNAL, 'journal_entries')],
  own: {
    name: (values) =>
      `exists (select from ${VIEWS.postings} posted where posted.entry = id and posted.name = any(${values}::text[]))`,
    book: (values) => `stream = any(${values}::text[])`,
  },
  complete: withPostings,
};

async function withPostings(connection: Queryable, entries: readonly Answer[]): Promise<readonly Answer[]> {
  const { rows } = await connection.query<{
    entry: string;
    name: string;
    currency: string;
    amount: bigint;
    line: string | null;
  }>(
    `select entry, name, currency, amount_minor as amount, line from ${VIEWS.postings} where entry = any($1) order by entry, no`,
    [entries.map(({ id }) => id)],
  );
  const byEntry = new Map<string, PostingAnswer[]>();
  for (const { entry, name, currency, amount, line } of rows) {
    const own = byEntry.get(entry) ?? [];
    byEntry.set(entry, own);
    own.push({ name, currency, amountMinor: amountOf(amount), line });
  }
  return entries.map(({ key, isIncomplete, ...entry }) => ({
    ...entry,
    book: key,
    isIncomplete,
    postings: byEntry.get(String(entry['id'])) ?? [],
  }));
}

/** The balance of an account after an entry. */
type Balance = Readonly<{ name: string; currency: string; balanceMinor: number }>;

/** Returns the entries of one book, the oldest first, each with the book's balances after it, without zeros. */
export function withBalances(entries: readonly Answer[]): readonly Answer[] {
  const balances = new Map<string, Balance>();
  return entries.map((entry) => {
    for (const { name, currency, amountMinor } of entry['postings'] as readonly PostingAnswer[]) {
      const key = `${name} ${currency}`;
      const balanceMinor = (balances.get(key)?.balanceMinor ?? 0) + amountMinor;
      balances.set(key, { name, currency, balanceMinor });
    }
    const standing = [...balances.values()].filter(({ balanceMinor }) => balanceMinor !== 0);
    return { ...entry, balances: standing.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)) };
  });
}
