import type { Columns } from '../projections/columns.js';
import type { ReadModel, Row, RowsOf, Table, Tables } from '../projections/projection.js';

/**
 * The rows that the queries of a derivation return for one key, by query name. Times are ISO 8601 texts in UTC; whole
 * numbers are numbers.
 */
export type FactRows = Readonly<Record<string, readonly Row[]>>;

/** The settings that a derivation's rules depend on: data, identified by a hash. */
export type Policy = Readonly<Record<string, unknown>>;

/**
 * A read model derived from the rows of several streams, as data and pure functions. Its unit is a *key*, such as an
 * invoice: every row belongs to exactly one. When rows that it reads change, the engine asks `keysOf` for the affected
 * keys, queries their facts, derives all of their rows again, and writes the differences. No clock, randomness,
 * logging, database or async.
 *
 * SQL names tables in braces, `from {payments} p`: the engine replaces them with the generation that the derivation
 * reads.
 */
export type Derivation<F extends FactRows, T extends Tables = Tables, P extends Policy = Policy> = Readonly<{
  name: string;
  /**
   * Raised when the same facts derive to other rows. A new version of what it reads raises it as well, see
   * `standingOn`.
   */
  version: number;
  /** The projections whose tables it reads, and the derivations before it in the list. */
  reads: readonly string[];
  /** By name, unique among all read models. The engine adds the columns `key` and `is_incomplete`. */
  tables: T;
  /** Sums over its tables, by name; the engine updates them by the rows that change. */
  rollups?: Readonly<Record<string, Rollup>>;
  /** For each table that it reads: the keys that a row affects. Called with rows before and after their change. */
  keysOf: Readonly<Record<string, (row: Row) => readonly string[]>>;
  /** Further keys, found in SQL by a join, by name. `$1` is the array of keys; each row of the answer has a `key`. */
  reach?: Readonly<Record<string, string>>;
  /**
   * SQL by name: `$1` is an array of keys, and each row names its `key`. By a column `stream` or `is_incomplete`, the
   * engine finds rows that are the last good ones of a parked stream. Ordered where the order matters.
   */
  facts: { readonly [Name in keyof F]: string };
  /** Returns all rows of a key; none for a key without facts. An error parks the key and keeps its rows. */
  derive(key: string, facts: F, policy: P): RowsOf<T>;
}>;

/** A table of sums: the rows of one table, added up by a key. */
export type Rollup = Readonly<{
  /** The table whose rows are added up. */
  of: string;
  /** The columns of its key, and the sums: money or counts. The engine adds the column `row_count`. */
  columns: Columns;
  key: readonly string[];
  indexes: readonly (readonly string[])[];
  /** The key that a row counts under, and what it adds to each sum; null: the row adds nothing. */
  add(row: Row): Row | null;
}>;

/** A derivation with the types of its facts and policy erased, as the engine sees it. */
export type AnyDerivation = Derivation<FactRows>;

/** Checks a derivation's types at its definition, and erases those of its facts for the list. */
export function defineDerivation<F extends FactRows, T extends Tables, P extends Policy>(
  derivation: Derivation<F, T, P>,
): AnyDerivation & Readonly<{ tables: T }> {
  return derivation;
}

/** The Postgres table of a rollup. */
export const tableOfRollup = ({ columns, key, indexes }: Rollup): Table => ({ columns, key, indexes });

/**
 * Derivations with their effective versions: each adds the versions of all that it reads, so that a change below is a
 * change of it.
 * @throws Error when one reads an unknown read model or one after it, or when two have the same name
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
