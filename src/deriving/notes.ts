import type { Queryable } from '../read-models/database.js';

/** Notes keys of a generation that are to be derived later; in one order, since others note the same. */
export async function note(connection: Queryable, generation: string, keys: Iterable<string>): Promise<void> {
  const sorted = [...keys].sort();
  if (sorted.length === 0) return;
  await connection.query(
    'insert into ledger.derivation_notes (generation, key) select $1, unnest($2::text[]) on conflict do nothing',
    [generation, sorted],
  );
}

/** Takes some notes away, within the transaction that derives their keys. */
export async function takeNotes(connection: Queryable, generation: string, max: number): Promise<string[]> {
  const { rows } = await connection.query<{ key: string }>(
    `delete from ledger.derivation_notes where generation = $1 and key in
       (select key from ledger.derivation_notes where generation = $1 order by key limit $2) returning key`,
    [generation, max],
  );
  return rows.map(({ key }) => key);
}

/** How many keys of each of these generations wait to be derived. */
export async function countNotes(connection: Queryable, generations: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await connection.query<{ generation: string; keys: bigint }>(
    'select generation, count(*) as keys from ledger.derivation_notes where generation = any($1) group by generation',
    [generations],
  );
  return new Map(rows.map(({ generation, keys }) => [generation, Number(keys)]));
}
