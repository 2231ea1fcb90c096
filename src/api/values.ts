import type { Row } from './answer.js';

/** The value if it is a string, else null. */
export const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** A time of a row: a Date from Postgres, text from a fold or JSON. */
export const timeOrNull = (value: unknown): Date | null =>
  value === null || value === undefined ? null : new Date(value as Date | string);

/** The same as text, in ISO 8601. */
export const isoOrNull = (value: unknown): string | null => timeOrNull(value)?.toISOString() ?? null;

/** Whether a row is the last good one of a parked stream; folded rows never are. */
export const isStale = (row: Row): boolean => row['stale_since'] instanceof Date;
