import type { Columns } from '../projections/columns.js';
import type { ReadModel, Row, RowsOf, Table, Tables } from '../projections/projection.js';

/** What the queries of a derivation found for one key, by their names. Times are ISO 8601 texts in UTC, whole numbers are numbers. */
export type FactRows = Readonly<Record<string, readonly Row[]>>;

/** What decides between derivations by different rules: data, which a hash tells apart. */
export type Policy = Readonly<Record<string, unknown>>;

/**
 * A read model that follows from the rows of several streams, as data and pure functions. What belongs together is a *key*, such
 * as an invoice: every row belongs to exactly one. When rows change that it reads, the engine asks `keysOf` which keys that concerns,
 * finds the facts of these keys, derives all of their rows again, and writes what is different. No clock, randomness, logging,
 * database or async.
 *
 * SQL names tables in braces, `from {payments} p`: the engine puts the generation there that the derivation stands on.
 */
export type Derivation<F extends FactRows, T extends Tables = Tables, P extends Policy = Policy> = Readonly<{
  name: string;
  /** Raised when the rows would come out otherwise. What it reads need not be thought of: a new version of that is a new one of this. */
  version: number;
  /** The names of the projections whose tables it reads, and of derivations that stand before it in the list. */
  reads: readonly string[];
  /** By name, which no other read model may use. Postgres' columns `key` and `is_incomplete` come by themselves. */
  tables: T;
  /** Sums over its tables, by name: the engine moves them by what changes. */
  rollups?: Readonly<Record<string, Rollup>>;
  /** For each table that it reads, the keys that a row concerns. Asked of rows as they were and as they are. */
  keysOf: Readonly<Record<string, (row: Row) => readonly string[]>>;
  /** One step further, in SQL by name: keys that only a join knows. `$1` is the array of keys; a row of the answer has a `key`. */
  reach?: Readonly<Record<string, string>>;
  /**
   * SQL by name: `$1` is an array of keys, of which each row names its `key`. A row that has a `stream`, or `is_incomplete`, tells
   * whether it is the last good one of a parked stream. Ordered where the order matters.
   */
  facts: { readonly [Name in keyof F]: string };
  /** All rows of a key; those of a key without facts are none. What it throws parks the key, whose rows stay. */
  derive(key: string, facts: F, policy: P): RowsOf<T>;
}>;

/** A table of sums: of the rows of one table, those that have the same key are added up. */
export type Rollup = Readonly<{
  /** The table whose rows are added up. */
  of: string;
  /** Its key, and beside it the sums, which are money or counts. Postgres' column `row_count` comes by itself. */
  columns: Columns;
  key: readonly string[];
  indexes: readonly (readonly string[])[];
  /** Under which key a row is added up, and what it adds to each sum; null where it adds nothing. */
  add(row: Row): Row | null;
}>;

/** A derivation whose facts and policy the engine need not know. */
export type AnyDerivation = Derivation<FactRows>;

/** Checks a derivation's form where it is written, and hides its facts from the list. */
export function defineDerivation<F extends FactRows, T extends Tables, P extends Policy>(
  derivation: Derivation<F, T, P>,
): AnyDerivation & Readonly<{ tables: T }> {
  return derivation;
}

/** The table of a rollup, as Postgres has it. */
export const tableOfRollup = ({ columns, key, indexes }: Rollup): Table => ({ columns, key, indexes });

/**
 * Derivations as they stand on these projections: the version of one counts those of all that it reads, so that it is
 * another one when what it reads is. @throws when one reads what is not there, or what comes after it
 */
export function standingOn(
  projections: readonly ReadModel[],
  derivations: readonly AnyDerivation[],
): readonly AnyDerivation[] {
  const versions = new Map(projections.map(({ name, version }) => [name, version]));
  return derivations.map((derivation) => {
    const version = derivation.reads.reduce((sum, name) => {
      const read = versions.get(name);
      if (read === undefined) throw new Error(`${derivation.name} reads ${name}, which does not come before it.`);
      return sum + read;
    }, derivation.version);
    if (versions.has(derivation.name)) throw new Error(`Two read models have the name ${derivation.name}.`);
    versions.set(derivation.name, version);
    return { ...derivation, version };
  });
}
