import type { AnyProjection, Fact } from '../../projections/projection.js';
import { advance, settle, unfolded, withoutEvents, type FoldState, type Settled } from './fold.js';

/** The fact of one object in an event, and the event's revision. */
export type FactAt = Readonly<{ fact: Fact; revision: bigint }>;

/** Earlier states: a late event is folded from the nearest one before it. */
export type KeptStates = Readonly<{
  /** The state before the events of the tail; null while the tail has all events. */
  base: FoldState | null;
  /** The state including the first `KEPT_EVERY` events of the tail; null while there are fewer. */
  middle: FoldState | null;
}>;

/** The fold of one object of a stream. Serialisable as JSON except for the revisions. */
export type ObjectState = Readonly<{
  /** Of the last event folded, in stream order. */
  revision: bigint;
  now: FoldState;
  /** Revisions of the events after `kept.base`, ordered by second. */
  tail: readonly bigint[];
  kept: KeptStates;
}>;

/** A state is kept after this many events; a late event rereads at most twice as many. */
export const KEPT_EVERY = 32;
const NOTHING_KEPT: KeptStates = { base: null, middle: null };

const nothingFolded = (projection: AnyProjection): ObjectState => ({
  revision: -1n,
  now: unfolded(projection),
  tail: [],
  kept: NOTHING_KEPT,
});

/** `guesses`: facts whose place within their second is a guess, and was not one before. */
export type ObjectFold = Readonly<{ kind: 'folded'; state: ObjectState; current: unknown; guesses: readonly Fact[] }>;

/** A late event requires events to be read again: those at `revisions`, which follow the kept state `from`. */
export type LateFold = Readonly<{ kind: 'late'; from: ObjectState; revisions: readonly bigint[] }>;

/** Folds new events of an object onto its state, skipping known ones. `too_late`: older than all kept states. */
export function foldOnto(
  projection: AnyProjection,
  before: ObjectState | undefined,
  came: readonly FactAt[],
): ObjectFold | LateFold | Readonly<{ kind: 'unchanged' | 'too_late' }> {
  const state = before ?? nothingFolded(projection);
  const fresh = came.filter(({ revision }) => revision > state.revision);
  if (fresh.length === 0) return { kind: 'unchanged' };
  const earliest = Math.min(...fresh.map(({ fact }) => fact.order.created));
  if (isWithin(state.now, earliest)) return extended(projection, state, fresh);
  const { base, middle } = state.kept;
  if (middle !== null && isWithin(middle, earliest))
    return late(state, { now: middle, tail: state.tail.slice(0, KEPT_EVERY), kept: state.kept });
  if (!isWithin(base, earliest)) return { kind: 'too_late' };
  return late(state, { now: base ?? unfolded(projection), tail: [], kept: { base, middle: null } });
}

const late = ({ revision, tail }: ObjectState, from: Omit<ObjectState, 'revision'>): LateFold => ({
  kind: 'late',
  from: { ...from, revision },
  revisions: tail.slice(from.tail.length),
});

/** Folds facts that come in order of their seconds, in any order of revision. */
export const foldOntoInOrder = (
  projection: AnyProjection,
  before: ObjectState | undefined,
  facts: readonly FactAt[],
): ObjectFold => extended(projection, before ?? nothingFolded(projection), facts);

/** Whether a second is not before the latest second of a state. */
const isWithin = (state: FoldState | null, second: number): boolean => state?.second == null || second >= state.second;

/** Folds a late event: `again` are the events read again, `came` the new ones. */
export function foldLate(
  projection: AnyProjection,
  { from }: LateFold,
  { again, came }: { again: readonly FactAt[]; came: readonly FactAt[] },
): ObjectFold {
  const folded = extended(projection, from, [...again, ...came.filter(({ revision }) => revision > from.revision)]);
  // Folds once more without the new events, to find the guesses that existed before.
  return folded.guesses.length === 0
    ? folded
    : { ...folded, guesses: withoutEvents(folded.guesses, extended(projection, from, again).guesses) };
}

const lastOf = (facts: readonly FactAt[], before: bigint): bigint =>
  facts.reduce((last, { revision }) => (revision > last ? revision : last), before);

/** Returns a state including its latest second. */
export const currentOf = (projection: AnyProjection, state: FoldState): unknown => settle(projection, state).settled;

/** Appends facts, none of which is late, and keeps a state after every `KEPT_EVERY` events. */
function extended(projection: AnyProjection, state: ObjectState, facts: readonly FactAt[]): ObjectFold {
  const sorted = [...facts].sort((a, b) => a.fact.order.created - b.fact.order.created);
  const guesses: Fact[] = [];
  let { now, tail, kept } = state;
  let current: unknown;
  let settled: Settled | undefined;
  if (sorted.length === 0) current = currentOf(projection, now);
  for (let at = 0; at < sorted.length;) {
    const next = sorted.slice(at, at + KEPT_EVERY - (tail.length % KEPT_EVERY));
    const folded = advance(
      projection,
      now,
      next.map(({ fact }) => fact),
      settled,
    );
    if (folded.kind === 'late') throw new Error('Sorted facts cannot be late.');
    guesses.push(...folded.guesses);
    [now, settled, current, tail, at] = [
      folded.state,
      folded.settled,
      folded.current,
      [...tail, ...next.map(({ revision }) => revision)],
      at + next.length,
    ];
    if (tail.length === KEPT_EVERY) kept = { base: kept.base, middle: now };
    if (tail.length === 2 * KEPT_EVERY) [kept, tail] = [{ base: kept.middle, middle: now }, tail.slice(KEPT_EVERY)];
  }
  return { kind: 'folded', state: { revision: lastOf(facts, state.revision), now, tail, kept }, current, guesses };
}
