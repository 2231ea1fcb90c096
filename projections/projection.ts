import type { Snapshot, SnapshotKind } from '../src/events/normalise.js';
import type { OrderKey } from '../src/events/order.js';

/** The Stripe event behind a fact, as rows name it. */
export type EventReference = Readonly<{ stripeEventId: string; type: string; created: string; apiVersion: string | null }>;

/** One Stripe event as a projection sees it: what its object was then, and where it stands in the order. */
export type Fact<S extends Snapshot = Snapshot> = Readonly<{ snapshot: S; event: EventReference; order: OrderKey }>;

export type Value = string | number | boolean | null | object;
/** A row by column name; its key column and its stream say what it belongs to. */
export type Row = Readonly<Record<string, Value>>;

/** For each kind of snapshot one step, or that it does not matter: a new kind makes every projection take a stand. */
export type Evolve<State> = Readonly<{
  [K in SnapshotKind]: 'ignored' | ((state: State, fact: Fact<Extract<Snapshot, { kind: K }>>) => State);
}>;

/** Says of kinds that they do not matter, one by one: a kind that is new is then missed by the compiler. */
export const ignored = <K extends SnapshotKind>(...kinds: readonly K[]): Readonly<Record<K, 'ignored'>> =>
  Object.fromEntries(kinds.map((kind) => [kind, 'ignored'])) as Record<K, 'ignored'>;

/**
 * A read model as data and pure functions (design, section 5). It sees one stream at a time, in logical
 * order, each event once. The state must survive JSON. No clock, randomness, logging, database or async:
 * order, idempotence and the checkpoint are the projector's work.
 */
export type Projection<State> = Readonly<{
  name: string;
  /** Raised when the rows would come out otherwise: the read model is then built anew from the log. */
  version: number;
  /** Column names and SQL types; the column `key` identifies a row and holds its own object's id. */
  key: string;
  columns: Readonly<Record<string, string>>;
  indexes: readonly (readonly string[])[];
  initial(): State;
  evolve: Evolve<State>;
  rows(state: State): readonly Row[];
}>;

/** A projection whose state the projector need not know. */
export type AnyProjection = Projection<unknown>;

/** Checks a projection's form where it is written, and hides its state from the list. */
export function defineProjection<State>(projection: Projection<State>): AnyProjection {
  return projection as AnyProjection;
}

export const handles = (projection: AnyProjection, kind: SnapshotKind): boolean => projection.evolve[kind] !== 'ignored';

/** One step of the fold. */
export function evolve(projection: AnyProjection, state: unknown, fact: Fact): unknown {
  const step = projection.evolve[fact.snapshot.kind];
  return step === 'ignored' ? state : (step as (state: unknown, fact: Fact) => unknown)(state, fact);
}
