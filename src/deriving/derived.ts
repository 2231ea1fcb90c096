import type { AnyDerivation } from '../../derivations/derivation.js';
import type { ReadModel } from '../../projections/projection.js';
import type { Checkpoint } from '../read-models/checkpoints.js';
import type { Queryable } from '../read-models/database.js';
import { IS_WANTED } from '../read-models/parked-streams.js';
import { tableOf, type Generation } from '../read-models/schema.js';

/** The current state of a generation of a derivation, of any build. */
export type Derived = Readonly<{
  name: string;
  state: Checkpoint['state'];
  shown: boolean;
  /** The generations that it follows from; empty before it has started. */
  standsOn: readonly string[];
  /** The hash of the policy that its rows follow. */
  policy: string;
  /** Raised at every restart, so that work done for an earlier epoch is ignored. */
  epoch: bigint;
  /** Whether every existing key has been noted since the start; those whose notes remain are not derived yet. */
  isNoted: boolean;
}>;

/** A generation of this build, with its derivation. */
export type OwnDerived = Derived &
  Readonly<{
    generation: Generation<AnyDerivation>;
    /** The SQL names of the tables that it reads, by table name. */
    tables: ReadonlyMap<string, string>;
    /** The key columns of each table. */
    keyColumns: ReadonlyMap<string, readonly string[]>;
    /** The SQL names of those tables that belong to derivations: their rows have keys instead of streams. */
    keyed: ReadonlySet<string>;
  }>;

export const isOwn = (one: Derived | OwnDerived): one is OwnDerived => 'generation' in one;

type Numbered = { projection: string; version: number; generation: number };
type Row = Numbered & {
  name: string;
  state: Checkpoint['state'];
  shown: boolean;
  stands_on: string[];
  policy: string;
  epoch: bigint;
  is_noted: boolean;
  read: Numbered[];
};

export type Models = Readonly<{ models: ReadonlyMap<string, ReadModel>; derivations: readonly AnyDerivation[] }>;

/**
 * Returns the generations of derivations, except those kept for a rollback: first this build's, each after those that
 * it reads, then those of other builds.
 */
export async function readDerived(
  connection: Queryable,
  { models, derivations }: Models,
): Promise<(Derived | OwnDerived)[]> {
  const { rows } = await connection.query<Row>(
    `select name, projection, version, generation, state, shown, stands_on, policy, epoch, is_noted,
       (select coalesce(jsonb_agg(jsonb_build_object('projection', projection, 'version', version, 'generation', generation)), '[]')
        from ledger.checkpoints one where one.name = any(stands_on)) as read
     from ledger.derived_generations join ledger.checkpoints using (name) where state <> 'kept' order by name`,
  );
  const placeOf = (row: Row): number =>
    derivations.findIndex(({ name, version }) => name === row.projection && version === row.version);
  const sorted = rows.map((row) => ({ row, place: placeOf(row) })).sort((a, b) => a.place - b.place);
  return [...sorted.filter(({ place }) => place >= 0), ...sorted.filter(({ place }) => place < 0)].map(
    ({ row, place }) => derivedFrom(row, derivations[place], models),
  );
}

/**
 * Returns the generations with noted keys, changed rows, or parked keys to retry. A query of its own, because after
 * many deletions Postgres scans dead notes, and batches do not need the answer.
 */
export async function readNoted(connection: Queryable): Promise<ReadonlySet<string>> {
  const { rows } = await connection.query<{ name: string }>(
    `select name from ledger.derived_generations where exists (select from ledger.derivation_notes note where note.generation = name)
       or exists (select from ledger.derivation_changes change where change.generation = name)
       or exists (select from ledger.parked_streams parked where parked.generation = name and (${IS_WANTED}))`,
  );
  return new Set(rows.map(({ name }) => name));
}

function derivedFrom(
  { name, state, shown, stands_on: standsOn, policy, epoch, is_noted: isNoted, ...row }: Row,
  projection: AnyDerivation | undefined,
  models: ReadonlyMap<string, ReadModel>,
): Derived | OwnDerived {
  const derived = { name, state, shown, standsOn, policy, epoch, isNoted };
  if (projection === undefined) return derived;
  const tables = new Map<string, string>();
  const keyColumns = new Map<string, readonly string[]>();
  const keyed = new Set<string>();
  for (const { projection: read, version, generation: number } of row.read) {
    const model = models.get(read);
    for (const [table, { key }] of Object.entries(model?.tables ?? {})) {
      const source = tableOf({ projection: { ...(model as ReadModel), version }, generation: number }, table);
      tables.set(table, source);
      keyColumns.set(table, key);
      if (model?.reads !== undefined) keyed.add(source);
    }
  }
  return { ...derived, generation: { projection, generation: row.generation }, tables, keyColumns, keyed };
}

/** Replaces the table names in a derivation's SQL. @throws for a table that it does not read */
export function onTables(
  sql: string,
  { name, tables }: Readonly<{ name: string; tables: Pick<ReadonlyMap<string, string>, 'get'> }>,
): string {
  return sql.replaceAll(/\{(\w+)\}/g, (_, table: string) => {
    const found = tables.get(table);
    if (found === undefined) throw new Error(`${name} does not read the table ${table}.`);
    return found;
  });
}
