import type { Fact } from '../../projections/projection.js';
import { isoTime } from '../events/fields.js';
import type { ObjectStates, OrderKey } from '../events/order.js';
import type { FoldState } from './fold.js';
import type { KeptStates, ObjectState } from './object-fold.js';

/**
 * A state as text, in tables and in memory. As objects, the states of a batch would be promoted to V8's old generation
 * and traversed until the batch is written; text lets them become garbage at once. `kept` is null while no state is
 * kept.
 */
export type StateText = Readonly<{ revision: bigint; text: string; kept: string | null }>;

const NOTHING_KEPT: KeptStates = { base: null, middle: null };

/** `before`: the text of a state with the same kept states, which are the larger part and seldom change. */
export const textOfState = ({ revision, now, tail, kept }: ObjectState, before?: StateText): StateText => ({
  revision,
  text: JSON.stringify([listOf(now), tail.map(String)] satisfies Text),
  kept: before !== undefined ? before.kept : kept.middle === null ? null : JSON.stringify(keptListOf(kept)),
});

export function stateFrom({ revision, text, kept }: StateText): ObjectState {
  const [now, tail] = JSON.parse(text) as Text;
  return {
    revision,
    now: stateOf(now),
    tail: tail.map(BigInt),
    kept: kept === null ? NOTHING_KEPT : keptOf(JSON.parse(kept) as KeptList),
  };
}

/**
 * States are stored as lists without property names, which took half of the space. A change of this format requires a
 * new version of every projection.
 */
type Text = readonly [now: StateList, tail: readonly string[]];
type KeptList = readonly [base: StateList | null, middle: StateList | null];
type StateList = readonly [settled: unknown, objects: ObjectsList, second: number | null, recent: readonly FactList[]];
type ObjectsList = Readonly<Record<string, ShownList>>;
type ShownList = readonly [
  ...[after: string, before: string | null, oursAfter: string, oursBefore: string | null],
  ...[apiVersion: string | null, created: number, others: NonNullable<OrderKey['others']> | null],
];
type FactList = readonly [
  ...[snapshot: Fact['snapshot'], eventId: string, type: string, observed: boolean],
  ...[objectKey: string, kindRank: number, phase: OrderKey['phase'], lifecycleRank: number, isOneWay: boolean],
  ...[answered: number | null, shown: ShownList],
];

const listOf = ({ settled, objects, second, recent }: FoldState): StateList => [
  settled,
  Object.fromEntries(Object.entries(objects).map(([key, shown]) => [key, shownListOf(shown)])),
  second,
  recent.map(factListOf),
];

const stateOf = ([settled, objects, second, recent]: StateList): FoldState => ({
  settled,
  objects: Object.fromEntries(Object.entries(objects).map(([key, shown]) => [key, shownOf(shown)])),
  second,
  recent: recent.map(factOf),
});

const keptListOf = ({ base, middle }: KeptStates): KeptList => [base && listOf(base), middle && listOf(middle)];
const keptOf = ([base, middle]: KeptList): KeptStates => ({
  base: base && stateOf(base),
  middle: middle && stateOf(middle),
});

const shownListOf = ({ after, before, ours, apiVersion, created, others }: ObjectStates[string]): ShownList => [
  ...([after, before, ours.after, ours.before, apiVersion, created, others ?? null] as const),
];

function shownOf([after, before, oursAfter, oursBefore, apiVersion, created, others]: ShownList): ObjectStates[string] {
  const shown = { after, before, apiVersion, created, ours: { after: oursAfter, before: oursBefore } };
  return others === null ? shown : { ...shown, others };
}

/** Stores once what the order key and the event both contain. */
function factListOf({ snapshot, order, event: { type, observed } }: Fact): FactList {
  const { eventId, objectKey, kindRank, phase, lifecycleRank, isOneWay, answered } = order;
  const place = [objectKey, kindRank, phase, lifecycleRank, isOneWay] as const;
  return [snapshot, eventId, type, observed, ...place, answered ?? null, shownListOf(order)];
}

function factOf(fact: FactList): Fact {
  const [snapshot, eventId, type, observed, objectKey, kindRank, phase, lifecycleRank, isOneWay, answered, list] = fact;
  const shown = shownOf(list);
  const { created, apiVersion } = shown;
  return {
    snapshot,
    order: {
      ...{ eventId, kindRank, objectKey, phase, lifecycleRank, isOneWay },
      ...(answered === null ? {} : { answered }),
      ...shown,
    },
    event: { stripeEventId: eventId, type, created: isoTime(created), apiVersion, observed },
  };
}
