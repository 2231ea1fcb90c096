import { evolve, type AnyProjection, type Fact } from '../../projections/projection.js';
import { orderSecond, type ObjectStates } from '../events/order.js';

/**
 * How far a stream is folded, in two parts: what is settled before the latest second, and the facts of that
 * second, which another arrival may still come between (design, section 5). It survives JSON.
 */
export type FoldState = Readonly<{
  settled: unknown;
  /** The last known state of each object before `second`. */
  objects: ObjectStates;
  /** Unix seconds; null before the first fact. */
  second: number | null;
  recent: readonly Fact[];
}>;

export type Folded = Readonly<{ state: FoldState; current: unknown }>;

export const unfolded = (projection: AnyProjection): FoldState => ({ settled: projection.initial(), objects: {}, second: null, recent: [] });

/** Folds facts onto a state; `late` when one belongs before the latest second: then the stream is folded again. */
export function advance(projection: AnyProjection, state: FoldState, facts: readonly Fact[]): { kind: 'folded' } & Folded | { kind: 'late' } {
  let reached = state;
  for (const fact of facts) {
    const { created } = fact.order;
    if (reached.second !== null && created < reached.second) return { kind: 'late' };
    reached = created === reached.second ? { ...reached, recent: [...reached.recent, fact] } : { ...settle(projection, reached), second: created, recent: [fact] };
  }
  return { kind: 'folded', state: reached, current: settle(projection, reached).settled };
}

/** The whole of a stream, in whatever order its facts arrived. */
export function foldAll(projection: AnyProjection, facts: readonly Fact[]): Folded {
  const bySecond = [...facts].sort((a, b) => a.order.created - b.order.created);
  const folded = advance(projection, unfolded(projection), bySecond);
  if (folded.kind === 'late') throw new Error('Sorted facts cannot be late.');
  return folded;
}

function settle(projection: AnyProjection, { settled, objects, recent }: FoldState): Pick<FoldState, 'settled' | 'objects'> {
  const [only] = recent;
  if (only !== undefined && recent.length === 1 && Object.hasOwn(objects, only.order.objectKey)) {
    // One event in its second, about an object that is known: there is nothing to put in order.
    const { objectKey, after, apiVersion, created } = only.order;
    return { settled: evolve(projection, settled, only), objects: { ...objects, [objectKey]: { after, apiVersion, created } } };
  }
  const { ordered, states } = orderSecond(recent, objects);
  return { settled: ordered.reduce((state: unknown, fact) => evolve(projection, state, fact), settled), objects: states };
}
