import type { AnyDerivation, Policy } from '../../derivations/derivation.js';
import type { ReadModel, Row } from '../../projections/projection.js';
import { jsonForPostgres, type Queryable } from '../read-models/database.js';
import { givenAs, typesOf } from '../read-models/rows.js';
import { onTables } from './derived.js';
import { rowFrom } from './rows.js';

/**
 * The rows of a key as they would be derived from these rows and no others, by table: from the rows of a past moment, they are what the books
 * were then. Postgres only evaluates the queries: it is given the rows, and nothing is written.
 * @throws what the derivation throws
 */
export async function deriveFromRows(
  connection: Queryable,
  derivation: AnyDerivation,
  {
    key,
    models,
    rows,
    policy,
  }: Readonly<{
    key: string;
    /** All that the derivation reads. */
    models: readonly ReadModel[];
    rows: Readonly<Record<string, readonly Row[]>>;
    policy: Policy;
  }>,
): Promise<Readonly<Record<string, readonly Row[]>>> {
  const tables = Object.assign({}, ...models.map((model) => model.tables)) as ReadModel['tables'];
  const given = new Map(
    Object.entries(tables).map(([name, { columns }]) => [
      name,
      `(select * from ${givenAs({ ...typesOf(columns), stream: 'text' }, `($2::jsonb -> '${name}')`)})`,
    ]),
  );
  const all = jsonForPostgres(Object.fromEntries(Object.keys(tables).map((name) => [name, rows[name] ?? []])));
  const facts: Record<string, readonly Row[]> = {};
  for (const [name, sql] of Object.entries(derivation.facts)) {
    const text = onTables(sql, { name: derivation.name, tables: given });
    const found = await connection.query<Record<string, unknown>>(text, [[key], all]);
    facts[name] = found.rows.filter((row) => row['key'] === key).map(({ key: _, ...values }) => rowFrom(values));
  }
  return derivation.derive(key, facts, policy);
}

/** The streams whose rows a key is derived from now: `tables` are those that the derivation reads, as SQL names them. */
export async function streamsOfKey(
  connection: Queryable,
  derivation: AnyDerivation,
  { key, tables }: Readonly<{ key: string; tables: ReadonlyMap<string, string> }>,
): Promise<readonly string[]> {
  const streams = new Set<string>();
  for (const sql of Object.values(derivation.facts)) {
    const text = onTables(sql, { name: derivation.name, tables });
    const { rows } = await connection.query<{ stream?: unknown }>(text, [[key]]);
    for (const { stream } of rows) if (typeof stream === 'string') streams.add(stream);
  }
  return [...streams];
}
