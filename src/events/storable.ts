/**
 * Postgres cannot store U+0000 or lone surrogates in text or jsonb: read models show them as U+FFFD, while the log
 * keeps the original bytes.
 */

const unstorable = /[\0\p{Cs}]/u;
const allUnstorable = /[\0\p{Cs}]/gu;

/** Whether Postgres can store a text unchanged. */
export const isStorable = (text: string): boolean => !unstorable.test(text);

/** Returns a text in a form that Postgres can store. */
export const storable = (text: string): string => (isStorable(text) ? text : text.replace(allUnstorable, '\u{FFFD}'));

/** Returns a value as JSON that Postgres can store. */
export function jsonForPostgres(value: unknown): string {
  const json = JSON.stringify(value);
  // Few texts contain an escape; searching for one first costs an eighth of the regular expression.
  return json.includes('\\u') && suspect.test(json) ? JSON.stringify(JSON.parse(json), withStorableTexts) : json;
}

/** Matches such characters in the escaped form that `JSON.stringify` writes. */
const suspect = /\\u(?:0000|d[89a-f])/i;

function withStorableTexts(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return storable(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), inner]));
}
