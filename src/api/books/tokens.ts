/** The books of journal and revenue, of MRR, and of settled invoices; each has its own progress. */
export const JOURNAL_BOOKS = Symbol('JournalBooks');
export const MRR_BOOKS = Symbol('MrrBooks');
export const SETTLED_BOOKS = Symbol('SettledBooks');
