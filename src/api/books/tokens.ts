/** The books of journal and revenue, and those of MRR: each is as far as it is. */
export const JOURNAL_BOOKS = Symbol('JournalBooks');
export const MRR_BOOKS = Symbol('MrrBooks');
