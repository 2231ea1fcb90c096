/** The seconds since 1970 of a row's time, rounded down. */
export const secondOf = (time: string): number => Math.floor(Date.parse(time) / 1000);
export const secondOrNull = (time: string | null): number | null => (time === null ? null : secondOf(time));

/** Formats whole seconds since 1970 as rows hold times. */
export { isoTime as timeOf } from '../src/events/fields.js';
