import { evolve, type AnyProjection, type Fact } from '../../projections/projection.js';
import type { Snapshot } from '../events/normalise.js';
import { orderSecond, type ObjectStates } from '../events/order.js';
import type { JsonObject } from '../events/json.js';
import type { OrderKey } from '../events/order.js';
import { mergeRenderings, combine } from '../events/renderings.js';

/**
 * The fold of one object, in two parts: the state before its latest second, and the facts of that second, among which
 * later arrivals may still belong (ARCHITECTURE.md, Projections). Serialisable as JSON.
 */
export type FoldState = Readonly<{
  settled: unknown;
  /** The last known state, before `second`, of each Stripe object that the facts concern. */
  objects: ObjectStates;
  /** Unix seconds; null before the first fact. */
  second: number | null;
  /** Each rendering of an event separately: another one may arrive. */
  recent: readonly Fact[];
}>;

/** `guesses`: the facts whose place within their second is a guess, and was not one in the previous state. */
export type Folded = Readonly<{ state: FoldState; settled: Settled; current: unknown; guesses: readonly Fact[] }>;

export const unfolded = (projection: AnyProjection): FoldState => ({
  settled: projection.initial(),
  objects: {},
  second: null,
  recent: [],
});

/**
 * Folds facts onto a state; `late` when one belongs before the latest second, so that the object must be folded again.
 * `first`: the settled state, if the previous fold returned it.
 */
export function advance(
  projection: AnyProjection,
  state: FoldState,
  facts: readonly Fact[],
  first = settle(projection, state),
): ({ kind: 'folded' } & Folded) | { kind: 'late' } {
  const guesses: Fact[] = [];
  let reached = state;
  let settled: Settled | null = first;
  for (const fact of facts) {
    const { created } = fact.order;
    if (reached.second !== null && created < reached.second) return { kind: 'late' };
    if (created === reached.second) reached = { ...reached, recent: [...reached.recent, fact] };
    else {
      const { ambiguous, ...before } = settled ?? settle(projection, reached);
      guesses.push(...ambiguous);
      reached = { ...before, second: created, recent: [fact] };
    }
    settled = null;
  }
  const last = settled ?? settle(projection, reached);
  guesses.push(...last.ambiguous);
  return {
    kind: 'folded',
    state: reached,
    settled: last,
    current: last.settled,
    guesses: withoutEvents(guesses, first.ambiguous),
  };
}

/** The facts of events that are not among `known`. */
export function withoutEvents(facts: readonly Fact[], known: readonly Fact[]): readonly Fact[] {
  if (facts.length === 0 || known.length === 0) return facts;
  const ids = new Set(known.map(({ event }) => event.stripeEventId));
  return facts.filter(({ event }) => !ids.has(event.stripeEventId));
}

/** Sorts facts by second, so that none is late. */
export const bySecond = (facts: readonly Fact[]): readonly Fact[] =>
  [...facts].sort((a, b) => a.order.created - b.order.created);

/** Folds all facts of an object, in any order. */
export function foldAll(projection: AnyProjection, facts: readonly Fact[]): Folded {
  const folded = advance(projection, unfolded(projection), bySecond(facts));
  if (folded.kind === 'late') throw new Error('Sorted facts cannot be late.');
  return folded;
}

/** A state including its latest second. */
export type Settled = Pick<FoldState, 'settled' | 'objects'> & { readonly ambiguous: readonly Fact[] };

/** Merges the renderings of each event into one fact. */
export const eventsOf = (facts: readonly Fact[]): readonly Fact[] => mergeRenderings(facts, mergeFacts);

/** Merges the renderings of one event, the highest API version first. */
const mergeFacts = (renderings: readonly [Fact, ...Fact[]], order: OrderKey): Fact => ({
  ...renderings[0],
  snapshot: combine(renderings.map(({ snapshot }) => snapshot) as unknown as [JsonObject]) as unknown as Snapshot,
  order,
});

/** Returns a state including its latest second. */
export function settle(projection: AnyProjection, state: FoldState): Settled {
  if (state.recent.length === 0) return { settled: state.settled, objects: state.objects, ambiguous: [] };
  const { ordered, ambiguous, states } = orderSecond(eventsOf(state.recent), state.objects);
  return {
    settled: ordered.reduce((before: unknown, fact) => evolve(projection, before, fact), state.settled),
    objects: states,
    ambiguous,
  };
}
