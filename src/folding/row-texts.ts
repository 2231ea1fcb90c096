import { encodeRow, keyOf } from '../../projections/columns.js';
import type { AnyProjection } from '../../projections/projection.js';

/** Rows as JSON, by table and by key, which is also JSON. */
export type RowTexts = ReadonlyMap<string, ReadonlyMap<string, string>>;

export const NO_ROWS: RowTexts = new Map();

/** Returns the rows of an object's state, validated and encoded. @throws when a value does not fit its column */
export function rowTexts(projection: AnyProjection, stream: string, current: unknown): RowTexts {
  const rows = projection.rows(current);
  return new Map(
    Object.entries(projection.tables).map(([name, table]) => {
      const texts = new Map<string, string>();
      for (const row of rows[name] ?? []) {
        const [text, key] = [ofStream(stream, encodeRow(name, table, row)), keyOf(table, row)];
        if (texts.has(key)) throw new Error(`An object has two rows of ${name} with the key ${key}.`);
        texts.set(key, text);
      }
      return [name, texts];
    }),
  );
}

/** A row as JSON, with its stream. */
const ofStream = (stream: string, row: string): string => `{"stream":${JSON.stringify(stream)},${row.slice(1)}`;

/** A row's table and key. */
export type RowKey = Readonly<{ table: string; key: string }>;
/** A row to put, and the row that it replaces; null: none. */
export type RowText = RowKey & Readonly<{ text: string; was: string | null }>;
/** A row to delete, as it was. */
export type GoneRow = RowKey & Readonly<{ was: string }>;

/** Returns the changes from the current rows to the new ones. */
export function changesBetween(before: RowTexts, after: RowTexts): Readonly<{ puts: RowText[]; gone: GoneRow[] }> {
  const puts: RowText[] = [];
  const gone: GoneRow[] = [];
  for (const [table, rows] of after) {
    const old = before.get(table);
    for (const [key, text] of rows) {
      const was = old?.get(key) ?? null;
      if (was !== text) puts.push({ table, key, text, was });
    }
  }
  for (const [table, rows] of before) {
    for (const [key, was] of rows) if (after.get(table)?.has(key) !== true) gone.push({ table, key, was });
  }
  return { puts, gone };
}

/** The length of rows as JSON, in characters. */
export function sizeOf(texts: RowTexts): number {
  let size = 0;
  for (const rows of texts.values()) for (const text of rows.values()) size += text.length;
  return size;
}
