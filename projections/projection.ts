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
  /** Stripe's API showed the object so, and no event told it: what it shows began at the latest then, and may have been so for years. */
  observed: boolean;
}>;

/** One Stripe event as a projection sees it: what its object was then, and where it stands in the order. */
export type Fact<S extends Snapshot = Snapshot> = Readonly<{ snapshot: S; event: EventReference; order: OrderKey }>;

/** A row by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** A table of a read model: its columns by name, the names of those that identify a row, and of those it is searched by. */
export type Table = Readonly<{
  columns: Columns;
  key: readonly string[];
  indexes: readonly (readonly string[])[];
  /**
   * What lists of its rows go by, the newest first: a time, and the id of what a row shows. The filters of its columns have
   * their indexes where there is a list.
   */
  listedBy?: Readonly<{ time: string; id: string }>;
  /** What a list may be narrowed to beside the values of columns, by the name of the parameter. */
  whether?: Readonly<Record<string, Condition>>;
}>;

/** A condition on a row, in SQL and in memory: a flag that no column has. An index has the rows of which it is true. */
export type Condition = Readonly<{ sql: string; holds(row: Row): boolean }>;
export type Tables = Readonly<Record<string, Table>>;
/** The rows of each table. */
export type RowsOf<T extends Tables> = { readonly [Name in keyof T]: readonly RowOf<T[Name]['columns']>[] };

/** For each kind of snapshot one step, or that it does not matter: a new kind makes each projection of several sorts of object take a stand. */
export type Evolve<State> = Readonly<{
  [K in SnapshotKind]: 'ignored' | ((state: State, fact: Fact<Extract<Snapshot, { kind: K }>>) => State);
}>;

/** Says of kinds that they do not matter, one by one: a kind that is new is then missed by the compiler. */
export const ignored = <K extends SnapshotKind>(...kinds: readonly K[]): Readonly<Record<K, 'ignored'>> =>
  Object.fromEntries(kinds.map((kind) => [kind, 'ignored'])) as Record<K, 'ignored'>;

/** For kinds of snapshot, what is kept of one: steps that are written for that see nothing else. */
export type Narrowing = Readonly<{
  [K in SnapshotKind]?: (snapshot: Extract<Snapshot, { kind: K }>) => Pick<Snapshot, 'kind'>;
}>;

/** For a projection of one sort of object: nothing else will ever matter to it. */
export const allBut = <K extends SnapshotKind>(
  ...kinds: readonly K[]
): Readonly<Record<Exclude<SnapshotKind, K>, 'ignored'>> =>
  ignored(
    ...snapshotKinds.filter(
      (kind): kind is Exclude<SnapshotKind, K> => !(kinds as readonly SnapshotKind[]).includes(kind),
    ),
  );

/**
 * A read model as data and pure functions (ARCHITECTURE.md, Projections). State and rows are those of one object of a stream; it sees
 * the facts that concern the object, in logical order, each once. The state must survive JSON, and must not grow with what
 * else the stream holds. No clock, randomness, logging, database or async: order, idempotence and the checkpoint are the
 * projector's work.
 *
 * Every row belongs to exactly one stream: its key holds the id of the stream's own object. What a stream
 * mentions of another's object is a row of its own, keyed by what is said and who says it.
 */
export type Projection<State, T extends Tables = Tables> = Readonly<{
  name: string;
  /** Raised when the rows would come out otherwise: the read model is then built anew from the log. */
  version: number;
  /** By name, which no other projection may use: it is what people find in Postgres. */
  tables: T;
  /**
   * The object, within the fact's stream, whose state a fact changes; null when it is none of the projection's business,
   * although its kind is handled. By default that of the order key. Facts of one order key have the same object: they are
   * in order among themselves only.
   */
  objectOf?(fact: Fact): string | null;
  /** What its steps look at, where that is little: a state keeps the facts of its latest second, and no more of them. By default all. */
  narrow?: Narrowing;
  /** The state of an object before its first fact: it has no rows. */
  initial(): State;
  evolve: Evolve<State>;
  rows(state: State): RowsOf<T>;
}>;

/** What has tables in Postgres, whoever fills them: a projection, or a derivation, which `reads` others. */
export type ReadModel<T extends Tables = Tables> = Readonly<{
  name: string;
  version: number;
  tables: T;
  reads?: readonly string[];
  rollups?: Readonly<Record<string, Table>>;
}>;

/** A projection whose state the projector need not know. */
export type AnyProjection<T extends Tables = Tables> = Projection<unknown, T>;

/** Checks a projection's form where it is written, and hides its state from the list. */
export function defineProjection<State, T extends Tables>(projection: Projection<State, T>): AnyProjection<T> {
  return projection as AnyProjection<T>;
}

export const handles = (projection: AnyProjection, kind: SnapshotKind): boolean =>
  projection.evolve[kind] !== 'ignored';

/** The object whose state a fact changes, as Postgres can hold its name; null when the fact does not matter. */
export function objectOf(projection: AnyProjection, fact: Fact): string | null {
  if (!handles(projection, fact.snapshot.kind)) return null;
  const object = projection.objectOf === undefined ? fact.order.objectKey : projection.objectOf(fact);
  return object === null ? null : storable(object);
}

/** A fact with what a projection looks at. */
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

/** The rows of a state, each of which its table can hold. @throws BadValue */
export function checkedRows<T extends Tables>(projection: AnyProjection<T>, state: unknown): RowsOf<T> {
  const rows = projection.rows(state);
  for (const [name, table] of Object.entries(projection.tables))
    for (const row of rows[name] ?? []) checkRow(name, table, row);
  return rows;
}
