import { evolve, type AnyProjection, type Fact } from '../../projections/projection.js';
import type { Snapshot } from '../events/normalise.js';
import { orderSecond, type ObjectStates } from '../events/order.js';
import type { JsonObject } from '../events/json.js';
import type { OrderKey } from '../events/order.js';
import { mergeRenderings, combine } from '../events/renderings.js';

/**
 * How far an object of a stream is folded, in two parts: what is settled before its latest second, and the facts of
 * that second, which another arrival may still come between (ARCHITECTURE.md, Projections). It survives JSON.
 */
export type FoldState = Readonly<{
  settled: unknown;
  /** The last known state, before `second`, of each of Stripe's objects that the facts are about. */
  objects: ObjectStates;
  /** Unix seconds; null before the first fact. */
  second: number | null;
  /** Each rendering of an event by itself: another one may come. */
  recent: readonly Fact[];
}>;

/** `guesses` are the facts whose place within their second is one, and was none in the state that was folded on. */
export type Folded = Readonly<{ state: FoldState; settled: Settled; current: unknown; guesses: readonly Fact[] }>;

export const unfolded = (projection: AnyProjection): FoldState => ({
  settled: projection.initial(),
  objects: {},
  second: null,
  recent: [],
});

/**
 * Folds facts onto a state; `late` when one belongs before the latest second: then the object is folded again. `first`: what the state
 * amounts to, where the fold that reached it has told.
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

/** Facts of other events than these. */
export function withoutEvents(facts: readonly Fact[], known: readonly Fact[]): readonly Fact[] {
  if (facts.length === 0 || known.length === 0) return facts;
  const ids = new Set(known.map(({ event }) => event.stripeEventId));
  return facts.filter(({ event }) => !ids.has(event.stripeEventId));
}

/** In the order of their seconds, in which none comes late because of another. */
export const bySecond = (facts: readonly Fact[]): readonly Fact[] =>
  [...facts].sort((a, b) => a.order.created - b.order.created);

/** All facts of an object, in whatever order they arrived. */
export function foldAll(projection: AnyProjection, facts: readonly Fact[]): Folded {
  const folded = advance(projection, unfolded(projection), bySecond(facts));
  if (folded.kind === 'late') throw new Error('Sorted facts cannot be late.');
  return folded;
}

/** A state with its latest second. */
export type Settled = Pick<FoldState, 'settled' | 'objects'> & { readonly ambiguous: readonly Fact[] };

/** Facts with the renderings of each event made one. */
export const eventsOf = (facts: readonly Fact[]): readonly Fact[] => mergeRenderings(facts, mergeFacts);

/** The fact of an event that was rendered in several API versions, the highest first. */
const mergeFacts = (renderings: readonly [Fact, ...Fact[]], order: OrderKey): Fact => ({
  ...renderings[0],
  snapshot: combine(renderings.map(({ snapshot }) => snapshot) as unknown as [JsonObject]) as unknown as Snapshot,
  order,
});

/** What a state amounts to, its latest second included. */
export function settle(projection: AnyProjection, state: FoldState): Settled {
  if (state.recent.length === 0) return { settled: state.settled, objects: state.objects, ambiguous: [] };
  const { ordered, ambiguous, states } = orderSecond(eventsOf(state.recent), state.objects);
  return {
    settled: ordered.reduce((before: unknown, fact) => evolve(projection, before, fact), state.settled),
    objects: states,
    ambiguous,
  };
}
