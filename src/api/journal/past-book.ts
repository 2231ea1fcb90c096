import { journal } from '../../../derivations/journal/journal.js';
import { policyHash, type MoneyPolicy } from '../../../derivations/policy.js';
import { projections } from '../../../projections/index.js';
import { invoices } from '../../../projections/invoices.js';
import type { Row } from '../../../projections/projection.js';
import type { Moment } from '../../as-of/moment.js';
import { deriveFromRows, readBy, streamsOfKeys } from '../../deriving/derive-past.js';
import type { Snapshots } from '../../read-models/database.js';
import { answerOf, type Answer } from '../answer.js';
import { asOfAnswer, notKnownThen, tablesAt, type AsOf } from '../past/as-of.js';
import { streamsOfInvoice } from '../past/past-payments.js';
import { withBalances, type PostingAnswer } from './journal.js';

/** What the journal derives from: projections only, whose past can be folded. */
const { models: READ, tables: TABLES } = readBy(journal, projections);

type Parts = Readonly<{ past: AsOf; database: Snapshots; policy: MoneyPolicy }>;

/**
 * Returns the book of an invoice at a moment: folds the streams it depends on up to then, and derives with the same
 * functions, by the current policy. @throws ProblemError 404 when nothing of it was known, or true, by then
 */
export async function pastBook({ past, database, policy }: Parts, invoice: string, at: Moment): Promise<Answer> {
  const { own, others } = await streamsOfInvoice(database, invoice);
  const followed = await database.snapshot((connection) =>
    streamsOfKeys(connection, journal, { keys: [invoice], tables: TABLES }),
  );
  const streams = await past.read([...new Set([...own, ...others, ...followed])]);
  const rows = tablesAt(READ, streams, at);
  if (!rows[Object.keys(invoices.tables)[0] ?? '']?.some(({ id }) => id === invoice))
    throw notKnownThen('invoice', invoice);
  const books = await database.snapshot((connection) =>
    deriveFromRows(connection, journal, { keys: [invoice], models: READ, rows, policy }),
  );
  const book = books.get(invoice) ?? {};
  const asOf = asOfAnswer(streams, at);
  return {
    invoice,
    data: withBalances(entriesOf(book, invoice)),
    months: [...(book['revenue_months'] ?? [])].sort(byMonth).map((row) => ({
      ...{ month: row['month'], line: row['line'], part: row['part'], currency: row['currency'] },
      ...{ revenueMinor: row['revenue_minor'], contraMinor: row['contra_minor'] },
    })),
    asOf,
    isComplete: true,
    books: { position: asOf.position, policy: policyHash(policy), behindKeys: 0, parkedKeys: 0, parkedStreams: 0 },
  };
}

const byMonth = (one: Row, other: Row): number => (nameOf(one) < nameOf(other) ? -1 : 1);
const nameOf = ({ month, line, part }: Row): string => [month, line, part].map(String).join(' ');

function entriesOf(book: Readonly<Record<string, readonly Row[]>>, key: string): readonly Answer[] {
  const postings = new Map<unknown, PostingAnswer[]>();
  for (const { entry, name, currency, amount_minor: amountMinor, line } of book['journal_postings'] ?? [])
    postings.set(entry, [
      ...(postings.get(entry) ?? []),
      { name, currency, amountMinor, line } as unknown as PostingAnswer,
    ]);
  const place = ({ effective_at: time, id }: Row): string => `${String(time)} ${String(id)}`;
  return [...(book['journal_entries'] ?? [])]
    .sort((one, other) => (place(one) < place(other) ? -1 : 1))
    .map((row) => ({ ...answerOf(row), book: key, isIncomplete: false, postings: postings.get(row['id']) ?? [] }));
}
