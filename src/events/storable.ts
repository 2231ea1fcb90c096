/**
 * Postgres has no place in text or jsonb for U+0000 and lone surrogates: they become U+FFFD in a read model, while the
 * log keeps the bytes.
 */

const unstorable = /[\0\p{Cs}]/u;
const allUnstorable = /[\0\p{Cs}]/gu;

/** Whether Postgres can hold a text as it is. */
export const isStorable = (text: string): boolean => !unstorable.test(text);

/** A text as Postgres can hold it. */
export const storable = (text: string): string => (isStorable(text) ? text : text.replace(allUnstorable, '\u{FFFD}'));

/** A value as JSON that Postgres can hold. */
export function jsonForPostgres(value: unknown): string {
  const json = JSON.stringify(value);
  return suspect.test(json) ? JSON.stringify(JSON.parse(json), withStorableTexts) : json;
}

/** As `JSON.stringify` writes them. */
const suspect = /\\u(?:0000|d[89a-f])/i;

function withStorableTexts(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return storable(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storable(key), inner]));
}
