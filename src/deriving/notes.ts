/** Work to be derived later: keys, and changed rows whose keys have not been looked up yet. */
import type { Row } from '../../projections/projection.js';
import type { Queryable } from '../read-models/database.js';
import type { ChangedRow } from './concerned-keys.js';

/**
 * Notes keys of a generation. Updates an existing note, so that no other transaction takes it before this one ends and
 * derives the key without its changes.
 */
export async function note(connection: Queryable, generation: string, keys: Iterable<string>): Promise<void> {
  // Sorted to avoid deadlocks with transactions that note the same keys.
  const sorted = [...new Set(keys)].sort();
  if (sorted.length === 0) return;
  await connection.query(
    `insert into ledger.derivation_notes as old (generation, key) select $1, unnest($2::text[])
     on conflict (generation, key) do update set key = excluded.key`,
    [generation, sorted],
  );
}

/**
 * Deletes and returns some notes, in the transaction that derives their keys; skips notes that another transaction has
 * locked.
 */
export async function takeNotes(connection: Queryable, generation: string, max: number): Promise<string[]> {
  const { rows } = await connection.query<{ key: string }>(
    `delete from ledger.derivation_notes where generation = $1 and key in
       (select key from ledger.derivation_notes where generation = $1 order by key limit $2 for update skip locked) returning key`,
    [generation, max],
  );
  return rows.map(({ key }) => key);
}

/** Notes changed rows for a generation that this transaction does not derive. */
export async function noteRows(connection: Queryable, generation: string, rows: readonly ChangedRow[]): Promise<void> {
  if (rows.length === 0) return;
  await connection.query(
    'insert into ledger.derivation_changes (generation, source, content) select $1, * from unnest($2::text[], $3::text[])',
    [generation, rows.map(({ table }) => table), rows.map(({ row }) => JSON.stringify(row))],
  );
}

/**
 * Deletes and returns changed rows, in the transaction that notes their keys: at most `rowsMax`, and `bytesMax` unless
 * a single row is larger.
 */
export async function takeRows(
  connection: Queryable,
  generation: string,
  { rowsMax, bytesMax }: Readonly<{ rowsMax: number; bytesMax: number }>,
): Promise<ChangedRow[]> {
  const { rows: sizes } = await connection.query<{ no: bigint; bytes: number }>(
    `select no, octet_length(content) as bytes from ledger.derivation_changes where generation = $1 order by no limit $2 for update skip locked`,
    [generation, rowsMax],
  );
  let held = 0;
  const taken = sizes.filter(({ bytes }, at) => {
    held += bytes;
    return at === 0 || held <= bytesMax;
  });
  if (taken.length === 0) return [];
  const { rows } = await connection.query<{ source: string; content: string }>(
    'delete from ledger.derivation_changes where generation = $1 and no = any($2) returning source, content',
    [generation, taken.map(({ no }) => no)],
  );
  return rows.map(({ source, content }) => ({ table: source, row: JSON.parse(content) as Row }));
}
