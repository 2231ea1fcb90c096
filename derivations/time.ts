/** Seconds since 1970 of a time in a row. */
export const secondOf = (time: string): number => Math.floor(Date.parse(time) / 1000);
export const secondOrNull = (time: string | null): number | null => (time === null ? null : secondOf(time));

/** The time of a whole second, as rows hold it. */
export { isoTime as timeOf } from '../src/events/fields.js';
