/** Seconds since 1970 of a time in a row. */
export const secondOf = (time: string): number => Math.floor(Date.parse(time) / 1000);
export const secondOrNull = (time: string | null): number | null => (time === null ? null : secondOf(time));

/** The time of a second, as rows hold it. */
export const timeOf = (second: number): string => new Date(second * 1000).toISOString();
