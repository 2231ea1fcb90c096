import type { AnyDerivation, Policy } from '../../derivations/derivation.js';
import type { AnyProjection, ReadModel, Row } from '../../projections/projection.js';
import { jsonForPostgres, type Queryable } from '../read-models/database.js';
import { givenAs, typesOf } from '../read-models/rows.js';
import { viewOf } from '../read-models/schema.js';
import { onTables } from './derived.js';
import { rowFrom } from './rows.js';

/** Returns the projections that a derivation reads, and the SQL names of their views by table name. */
export function readBy(
  { reads }: AnyDerivation,
  projections: readonly AnyProjection[],
): Readonly<{ models: readonly AnyProjection[]; tables: ReadonlyMap<string, string> }> {
  const models = projections.filter(({ name }) => reads.includes(name));
  const views = models.flatMap((projection) =>
    Object.keys(projection.tables).map((table) => [table, viewOf(projection, table)] as const),
  );
  return { models, tables: new Map(views) };
}

/** The rows of each key, by table. */
type RowsByKey = ReadonlyMap<string, Readonly<Record<string, readonly Row[]>>>;

/**
 * Derives the rows of keys from the current tables, without writing. `tables`: the SQL names of the tables that the
 * derivation reads.
 * @throws what the derivation throws
 */
export const deriveFromTables = (
  connection: Queryable,
  derivation: AnyDerivation,
  { keys, tables, policy }: Readonly<{ keys: readonly string[]; tables: ReadonlyMap<string, string>; policy: Policy }>,
): Promise<RowsByKey> => derivedKeys(connection, derivation, { keys, tables, more: [], policy });

/**
 * Derives the rows of keys from the given rows only. Given the rows of a past moment, the result is that moment's.
 * Postgres evaluates the queries on the given rows; nothing is written.
 * @throws what the derivation throws
 */
export function deriveFromRows(
  connection: Queryable,
  derivation: AnyDerivation,
  {
    keys,
    models,
    rows,
    policy,
  }: Readonly<{
    keys: readonly string[];
    /** All models that the derivation reads. */
    models: readonly ReadModel[];
    rows: Readonly<Record<string, readonly Row[]>>;
    policy: Policy;
  }>,
): Promise<RowsByKey> {
  const columns = Object.assign({}, ...models.map((model) => model.tables)) as ReadModel['tables'];
  const tables = new Map(
    Object.entries(columns).map(([name, table]) => [
      name,
      `(select * from ${givenAs({ ...typesOf(table.columns), stream: 'text' }, `($2::jsonb -> '${name}')`)})`,
    ]),
  );
  const all = jsonForPostgres(Object.fromEntries(Object.keys(columns).map((name) => [name, rows[name] ?? []])));
  return derivedKeys(connection, derivation, { keys, tables, more: [all], policy });
}

async function derivedKeys(
  connection: Queryable,
  derivation: AnyDerivation,
  {
    keys,
    tables,
    more,
    policy,
  }: Readonly<{
    keys: readonly string[];
    tables: ReadonlyMap<string, string>;
    more: readonly unknown[];
    policy: Policy;
  }>,
): Promise<RowsByKey> {
  const facts = new Map<string, Record<string, Row[]>>(keys.map((key) => [key, {}]));
  for (const [name, sql] of Object.entries(derivation.facts)) {
    for (const own of facts.values()) own[name] = [];
    const text = onTables(sql, { name: derivation.name, tables });
    const { rows } = await connection.query<Record<string, unknown>>(text, [keys, ...more]);
    for (const { key, ...values } of rows) facts.get(String(key))?.[name]?.push(rowFrom(values));
  }
  return new Map([...facts].map(([key, own]) => [key, derivation.derive(key, own, policy)]));
}

/**
 * Returns the streams that the rows of keys are currently derived from. `tables`: the SQL names of the tables that the
 * derivation reads.
 */
export async function streamsOfKeys(
  connection: Queryable,
  derivation: AnyDerivation,
  { keys, tables }: Readonly<{ keys: readonly string[]; tables: ReadonlyMap<string, string> }>,
): Promise<readonly string[]> {
  const streams = new Set<string>();
  for (const sql of Object.values(derivation.facts)) {
    const text = onTables(sql, { name: derivation.name, tables });
    const { rows } = await connection.query<{ stream?: unknown }>(text, [keys]);
    for (const { stream } of rows) if (typeof stream === 'string') streams.add(stream);
  }
  return [...streams];
}
