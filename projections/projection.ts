import { snapshotKinds, type Snapshot, type SnapshotKind } from '../src/events/normalise.js';
import type { OrderKey } from '../src/events/order.js';
import { storable } from '../src/events/storable.js';
import { checkRow, type Columns, type RowOf } from './columns.js';

/** The Stripe event behind a fact, as rows name it. */
export type EventReference = Readonly<{
  stripeEventId: string;
  type: string;
  created: string;
  apiVersion: string | null;
  /** The state came from Stripe's API, not from an event: it began at this time at the latest, perhaps years before. */
  observed: boolean;
}>;

/** One Stripe event as a projection sees it: the object's snapshot, and its place in the order. */
export type Fact<S extends Snapshot = Snapshot> = Readonly<{ snapshot: S; event: EventReference; order: OrderKey }>;

/** A row by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** A table of a read model: its columns, the names of the key columns, and the indexed columns. */
export type Table = Readonly<{
  columns: Columns;
  key: readonly string[];
  indexes: readonly (readonly string[])[];
  /**
   * The order of lists of its rows, newest first: a time, and the id of the object in the row. Only with a list do the
   * filters of its columns get indexes.
   */
  listedBy?: Readonly<{ time: string; id: string }>;
  /** Further filters of a list, besides those of columns, by parameter name. */
  whether?: Readonly<Record<string, Condition>>;
}>;

/**
 * A condition on a row, in SQL and in memory, for a flag that is no column. A partial index holds the rows for which it
 * is true.
 */
export type Condition = Readonly<{ sql: string; holds(row: Row): boolean }>;
export type Tables = Readonly<Record<string, Table>>;
/** The rows of each table. */
export type RowsOf<T extends Tables> = { readonly [Name in keyof T]: readonly RowOf<T[Name]['columns']>[] };

/** For each kind of snapshot a step, or 'ignored'. A new kind thus makes every projection of several kinds decide. */
export type Evolve<State> = Readonly<{
  [K in SnapshotKind]: 'ignored' | ((state: State, fact: Fact<Extract<Snapshot, { kind: K }>>) => State);
}>;

/** Marks kinds as ignored, each by name, so that the compiler reports a new kind as missing. */
export const ignored = <K extends SnapshotKind>(...kinds: readonly K[]): Readonly<Record<K, 'ignored'>> =>
  Object.fromEntries(kinds.map((kind) => [kind, 'ignored'])) as Record<K, 'ignored'>;

/** By kind: the part of a snapshot that is kept. Steps written for that part see nothing else. */
export type Narrowing = Readonly<{
  [K in SnapshotKind]?: (snapshot: Extract<Snapshot, { kind: K }>) => Pick<Snapshot, 'kind'>;
}>;

/** Marks all other kinds as ignored, for a projection of one kind of object to which no new kind can matter. */
export const allBut = <K extends SnapshotKind>(
  ...kinds: readonly K[]
): Readonly<Record<Exclude<SnapshotKind, K>, 'ignored'>> =>
  ignored(
    ...snapshotKinds.filter(
      (kind): kind is Exclude<SnapshotKind, K> => !(kinds as readonly SnapshotKind[]).includes(kind),
    ),
  );

/**
 * A read model as data and pure functions (ARCHITECTURE.md, Projections). State and rows are those of one object of a
 * stream; the projection sees the facts about that object, in logical order, each once. The state must survive JSON,
 * and must not grow with the rest of the stream. No clock, randomness, logging, database or async: the projector
 * handles order, idempotence and the checkpoint.
 *
 * Every row belongs to exactly one stream, because its key holds the id of the stream's own object. What a stream says
 * about another stream's object is a row of its own, keyed by what is said and who says it.
 */
export type Projection<State, T extends Tables = Tables> = Readonly<{
  name: string;
  /** Raised when the rows would differ; the read model is then rebuilt from the log. */
  version: number;
  /** By name, unique across all projections, since it is the name in Postgres. */
  tables: T;
  /**
   * The object within the fact's stream whose state the fact changes; null when the fact does not concern the
   * projection although it handles its kind. Default: the object of the order key. Facts with the same order key must
   * have the same object, since they are ordered only among themselves.
   */
  objectOf?(fact: Fact): string | null;
  /**
   * What its steps read of a snapshot, if that is little: a state keeps the facts of its latest second, reduced to
   * this. Default: everything.
   */
  narrow?: Narrowing;
  /** The state of an object before its first fact; it yields no rows. */
  initial(): State;
  evolve: Evolve<State>;
  rows(state: State): RowsOf<T>;
}>;

/** Anything with tables in Postgres: a projection, or a derivation, which `reads` others. */
export type ReadModel<T extends Tables = Tables> = Readonly<{
  name: string;
  version: number;
  tables: T;
  reads?: readonly string[];
  rollups?: Readonly<Record<string, Table>>;
}>;

/** A projection without its state type, which the projector does not need. */
export type AnyProjection<T extends Tables = Tables> = Projection<unknown, T>;

/** Type-checks a projection where it is written, and erases its state type. */
export function defineProjection<State, T extends Tables>(projection: Projection<State, T>): AnyProjection<T> {
  return projection as AnyProjection<T>;
}

export const handles = (projection: AnyProjection, kind: SnapshotKind): boolean =>
  projection.evolve[kind] !== 'ignored';

/** The object whose state a fact changes, as text that Postgres can store; null when the fact does not matter. */
export function objectOf(projection: AnyProjection, fact: Fact): string | null {
  if (!handles(projection, fact.snapshot.kind)) return null;
  const object = projection.objectOf === undefined ? fact.order.objectKey : projection.objectOf(fact);
  return object === null ? null : storable(object);
}

/** The fact, reduced to what the projection reads. */
export function narrowed(projection: AnyProjection, fact: Fact): Fact {
  const narrow = projection.narrow?.[fact.snapshot.kind] as ((snapshot: Snapshot) => Snapshot) | undefined;
  return narrow === undefined ? fact : { ...fact, snapshot: narrow(fact.snapshot) };
}

/** The kinds of snapshot that matter to any of these. */
export const kindsOf = (projections: readonly AnyProjection[]): ReadonlySet<SnapshotKind> =>
  new Set(
    projections.flatMap((projection) =>
      (Object.keys(projection.evolve) as SnapshotKind[]).filter((kind) => handles(projection, kind)),
    ),
  );

/** One step of the fold. */
export function evolve(projection: AnyProjection, state: unknown, fact: Fact): unknown {
  const step = projection.evolve[fact.snapshot.kind];
  return step === 'ignored' ? state : (step as (state: unknown, fact: Fact) => unknown)(state, fact);
}

/** The rows of a state, checked against their tables. @throws BadValue */
export function checkedRows<T extends Tables>(projection: AnyProjection<T>, state: unknown): RowsOf<T> {
  const rows = projection.rows(state);
  for (const [name, table] of Object.entries(projection.tables))
    for (const row of rows[name] ?? []) checkRow(name, table, row);
  return rows;
}
