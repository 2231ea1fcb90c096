/** The books of journal and revenue, those of MRR, and what is settled of invoices: each is as far as it is. */
export const JOURNAL_BOOKS = Symbol('JournalBooks');
export const MRR_BOOKS = Symbol('MrrBooks');
export const SETTLED_BOOKS = Symbol('SettledBooks');
