import type { AnyDerivation } from '../../derivations/derivation.js';
import type { ReadModel } from '../../projections/projection.js';
import type { Checkpoint } from '../read-models/checkpoints.js';
import type { Queryable } from '../read-models/database.js';
import { nameOfGeneration, tableOf, type Generation } from '../read-models/schema.js';

/** A generation of a derivation, as it is now. */
export type Derived = Readonly<{
  generation: Generation<AnyDerivation>;
  name: string;
  state: Checkpoint['state'];
  /** The generations that it reads; empty before it has begun. */
  standsOn: readonly string[];
  /** The hash of the policy that its rows follow. */
  policy: string;
  /** Whether each key that there is has been noted since it began, and not derived yet where a note is left. */
  isNoted: boolean;
  hasNotes: boolean;
  /** The tables that it reads, as SQL names them, by their names. */
  tables: ReadonlyMap<string, string>;
}>;

/** Of these checkpoints those of derivations, each after those that it reads. */
export const derivedOf = (
  checkpoints: readonly Checkpoint[],
  derivations: readonly AnyDerivation[],
): Generation<AnyDerivation>[] =>
  derivations.flatMap((projection) =>
    checkpoints
      .filter((one) => one.projection === projection.name && one.version === projection.version)
      .map(({ generation }) => ({ projection, generation })),
  );

type Row = {
  name: string;
  state: Checkpoint['state'];
  stands_on: string[];
  policy: string;
  is_noted: boolean;
  has_notes: boolean;
  read: { projection: string; version: number; generation: number }[];
};

/** How these generations are now, in their order. */
export async function readDerived(
  connection: Queryable,
  generations: readonly Generation<AnyDerivation>[],
  models: ReadonlyMap<string, ReadModel>,
): Promise<Derived[]> {
  if (generations.length === 0) return [];
  const { rows } = await connection.query<Row>(
    `select name, state, stands_on, policy, is_noted, exists (select from ledger.derivation_notes where generation = name) as has_notes,
       (select coalesce(jsonb_agg(jsonb_build_object('projection', projection, 'version', version, 'generation', generation)), '[]')
        from ledger.checkpoints one where one.name = any(stands_on)) as read
     from ledger.derived_generations join ledger.checkpoints using (name) where name = any($1)`,
    [generations.map(nameOfGeneration)],
  );
  const byName = new Map(rows.map((row) => [row.name, row]));
  return generations.flatMap((generation) => {
    const row = byName.get(nameOfGeneration(generation));
    return row === undefined ? [] : [derivedFrom(generation, row, models)];
  });
}

function derivedFrom(
  generation: Generation<AnyDerivation>,
  { name, state, stands_on: standsOn, policy, is_noted: isNoted, has_notes: hasNotes, read }: Row,
  models: ReadonlyMap<string, ReadModel>,
): Derived {
  const tables = new Map(
    read.flatMap(({ projection, version, generation: number }) => {
      const model = models.get(projection);
      if (model === undefined) return [];
      const source = { projection: { ...model, version }, generation: number };
      return Object.keys(model.tables).map((table) => [table, tableOf(source, table)] as const);
    }),
  );
  return { generation, name, state, standsOn, policy, isNoted, hasNotes, tables };
}

/** SQL of a derivation with the tables that a generation of it stands on. @throws when it names one that it does not read */
export function onTables(sql: string, { name, tables }: Derived): string {
  return sql.replaceAll(/\{(\w+)\}/g, (_, table: string) => {
    const found = tables.get(table);
    if (found === undefined) throw new Error(`${name} does not read the table ${table}.`);
    return found;
  });
}
