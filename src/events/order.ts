import assert from 'node:assert/strict';
import type { OrderKey, Shown } from './order-key.js';
import { takeTrail, unusedSteps, type Step, type UnusedSteps } from './trail.js';

export { orderKeyOf, type OrderKey } from './order-key.js';

/**
 * The last known state of each object before a second; plain JSON. Holds the last `statesMax` objects changed. For any
 * other object the start is unknown, and its events are ordered by what they show themselves.
 */
export type ObjectStates = {
  readonly [objectKey: string]: State;
};
/** The state of an object that its last event showed. */
type State = Pick<OrderKey, keyof Shown | 'apiVersion' | 'others' | 'ours' | 'created'>;

/** Events in logical order, and those of them whose position is a guess. */
export type Ordered<T> = { readonly ordered: readonly T[]; readonly ambiguous: readonly T[] };

type Keyed = { readonly order: OrderKey };
const statesMax = 100;

/**
 * Returns the logical order of the events of one stream: a total order that depends only on the set. By `created`, and
 * within a second as `orderSecond` says. Event ids must differ.
 */
export function order<T extends Keyed>(events: readonly T[]): Ordered<T> {
  const ordered: T[] = [];
  const ambiguous: T[] = [];
  let states: ObjectStates = {};
  for (const [, second] of [...groupBy(events, (event) => event.order.created)].sort(([a], [b]) => a - b)) {
    const next = orderSecond(second, states);
    ordered.push(...next.ordered);
    ambiguous.push(...next.ambiguous);
    states = next.states;
  }
  return { ordered, ambiguous };
}

/**
 * Returns the logical order of events that share one second.
 * - Observations of Stripe's API come first, by object and time of answer: their state precedes the events of the
 *   second.
 * - The other events are grouped by object. Groups sort by the rank of their kind, then by object key.
 * - Within a group `*.created` comes first and `*.deleted` last. The events between form a path: B follows A when B's
 *   snapshot with its `previous_attributes` put back equals A's snapshot. The path starts at the state that `*.created`
 *   shows (or before it, if the creation was rendered late), else at the object's last state before the second.
 *   `takeTrail` chooses among several paths. An event without `previous_attributes` changes nothing and stands at its
 *   state.
 * - States are compared in an API version that the whole group has, else as our own snapshots.
 * - Events on no path sort by lifecycle rank, then event id; connected ones stay together. They count as ambiguous,
 *   unless the object's life cycle is one-way and the rank alone decides.
 */
export function orderSecond<T extends Keyed>(
  events: readonly T[],
  before: ObjectStates,
): Ordered<T> & { readonly states: ObjectStates } {
  const [only] = events;
  if (only !== undefined && events.length === 1) {
    // The common case: one event in its second, nothing to order.
    const { objectKey } = only.order;
    const states = { ...before, [objectKey]: leftBy(only) };
    return { ordered: events, ambiguous: [], states: Object.hasOwn(before, objectKey) ? states : latestOf(states) };
  }
  assert(
    new Set(events.map((event) => event.order.eventId)).size === events.length,
    'one event stands in a second twice',
  );
  assert(
    events.every((event) => event.order.created === events[0]?.order.created),
    'the events are of several seconds',
  );
  const ordered: T[] = events.filter(isObserved).sort(compareObserved);
  const ambiguous: T[] = [];
  const states: Record<string, State> = { ...before };
  for (const event of ordered) states[event.order.objectKey] = leftBy(event);
  const groups = [
    ...groupBy(
      events.filter((event) => !isObserved(event)),
      (event) => event.order.objectKey,
    ),
  ].sort(
    ([a, [first]], [b, [second]]) => (first as T).order.kindRank - (second as T).order.kindRank || compareText(a, b),
  );
  for (const [objectKey, group] of groups) {
    const next = orderGroup(group, Object.hasOwn(states, objectKey) ? (states[objectKey] as State) : null);
    ordered.push(...next.ordered);
    ambiguous.push(...next.ambiguous);
    states[objectKey] = leftBy(next.ordered.at(-1) as T);
  }
  assert(ordered.length === events.length, 'the order lost an event or holds one twice');
  return { ordered, ambiguous, states: latestOf(states) };
}

const isObserved = ({ order }: Keyed): boolean => order.phase === -1;

const compareObserved = (a: Keyed, b: Keyed): number =>
  a.order.kindRank - b.order.kindRank ||
  compareText(a.order.objectKey, b.order.objectKey) ||
  (a.order.answered ?? 0) - (b.order.answered ?? 0) ||
  compareId(a, b);

/** Orders the events of one object in one second. `start` is the object's last state before it, null when unknown. */
function orderGroup<T extends Keyed>(group: readonly T[], start: State | null): Ordered<T> {
  const byPhase = (phase: number): T[] => group.filter((event) => event.order.phase === phase).sort(compareLifecycle);
  const created = byPhase(0);
  const deleted = byPhase(2);
  const birth = created.at(-1);
  const form = formOf([...group.map(({ order }) => order), ...(start === null ? [] : [start])]);
  const others = orderChanges(
    byPhase(1)
      .sort(compareId)
      .map((event) => changeOf(event, form)),
    birth === undefined
      ? { state: start && shownIn(start, form).after, isBirth: false }
      : { state: shownIn(birth.order, form).after, isBirth: true },
  );
  const contradicting = (events: readonly T[]): readonly T[] => (isOneState(events, form) ? [] : events);
  return {
    ordered: [...created, ...others.ordered, ...deleted],
    ambiguous: [...contradicting(created), ...others.ambiguous, ...contradicting(deleted)],
  };
}

/** An object is created and deleted once: several such events count as one, unless their snapshots differ. */
const isOneState = (events: readonly Keyed[], form: Form): boolean =>
  new Set(events.map(({ order }) => shownIn(order, form).after)).size < 2;

/** The form in which states are compared: as an API version shows them, or as our own snapshots. */
type Form = { readonly apiVersion: string } | 'ours';

/**
 * Returns the highest API version in which every state is known. Without a common version all are compared as our own
 * snapshots, which may miss a change in fields that no projection reads.
 */
function formOf(all: readonly State[]): Form {
  const [first, ...rest] = all.map((state) => new Set([state.apiVersion ?? '', ...Object.keys(state.others ?? {})]));
  const common = [...(first ?? [])].filter((version) => rest.every((versions) => versions.has(version)));
  const highest = common.sort(compareText).at(-1);
  return highest === undefined ? 'ours' : { apiVersion: highest };
}

function shownIn(state: State, form: Form): Shown {
  if (form === 'ours') return state.ours;
  return form.apiVersion === (state.apiVersion ?? '') ? state : (state.others?.[form.apiVersion] ?? state.ours);
}

type Change<T> = Step & { readonly event: T };

/**
 * Orders the path from the known start, and the other changes as fragments around it. If a creation was rendered late,
 * its state is the result of changes in the same second; these come before the path.
 */
function orderChanges<T extends Keyed>(
  changes: readonly Change<T>[],
  start: { readonly state: string | null; readonly isBirth: boolean },
): Ordered<T> {
  const unused = unusedSteps(changes);
  const onwards = (start.state === null ? [] : takeTrail(unused, start.state)).map((change) => change.event);
  const rest = takeFragments(unused);
  const leading = start.isBirth ? rest.filter(({ end, isCircle }) => end === start.state && !isCircle) : [];
  const isLed = onwards.length > 0 && leading.length === 1;
  const path = isLed ? [...leading.flatMap((fragment) => fragment.events), ...onwards] : onwards;
  const fragments = isLed ? rest.filter((fragment) => !leading.includes(fragment)) : rest;
  return {
    ordered: withFragments(path, fragments),
    ambiguous: fragments.filter(isGuessedAmong(path, fragments)).flatMap((fragment) => fragment.events),
  };
}

/** Connected changes off the known path. `end`: the state they lead to; `isCircle`: any of them may be the first. */
type Fragment<T> = { readonly events: readonly T[]; readonly end: string; readonly isCircle: boolean };

/**
 * Returns a predicate: is a fragment's position a guess? It is not when the fragment is the only one, or when its
 * object's life cycle is one-way and no other event falls within the stages that the fragment spans.
 */
function isGuessedAmong<T extends Keyed>(
  path: readonly T[],
  fragments: readonly Fragment<T>[],
): (fragment: Fragment<T>) => boolean {
  if (path.length === 0 && fragments.length === 1) return (fragment) => fragment.isCircle;
  const spans = [...path.map((event) => spanOf([event])), ...fragments.map(({ events }) => spanOf(events))];
  return ({ events, isCircle }) => {
    if (isCircle || !events.every((event) => event.order.isOneWay)) return true;
    const { first, last } = spanOf(events);
    return spans.filter((span) => span.first <= last && span.last >= first).length > 1;
  };
}

function spanOf(events: readonly Keyed[]): { readonly first: number; readonly last: number } {
  const ranks = events.map((event) => event.order.lifecycleRank);
  return { first: Math.min(...ranks), last: Math.max(...ranks) };
}

function takeFragments<T extends Keyed>(unused: UnusedSteps<Change<T>>): Fragment<T>[] {
  const left = [...unused.values()]
    .flatMap((changes) => [...changes])
    .sort((a, b) => compareLifecycle(a.event, b.event));
  const isBeginning = beginningsOf(left);
  const fragments: Fragment<T>[] = [];
  for (const change of [...left.filter(isBeginning), ...left]) {
    while (unused.get(change.from)?.has(change) === true) {
      const trail = takeTrail(unused, change.from);
      fragments.push({
        events: trail.map(({ event }) => event),
        end: (trail.at(-1) as Change<T>).to,
        isCircle: !isBeginning(change),
      });
    }
  }
  return fragments.sort((a, b) => compareLifecycle(a.events[0] as T, b.events[0] as T));
}

/** Returns a predicate: does a step start a path? More changes leave its state than reach it, or none reaches it. */
function beginningsOf(steps: readonly Step[]): (step: Step) => boolean {
  const moving = steps.filter(({ from, to }) => from !== to);
  const left = groupBy(moving, ({ from }) => from);
  const reached = groupBy(moving, ({ to }) => to);
  return ({ from }) => !reached.has(from) || (left.get(from)?.length ?? 0) > (reached.get(from)?.length ?? 0);
}

/** Inserts each fragment before the first event of the path that shows a later stage of the life cycle. */
function withFragments<T extends Keyed>(path: readonly T[], fragments: readonly Fragment<T>[]): T[] {
  const ordered: T[] = [];
  let next = 0;
  for (const { events } of fragments) {
    const rank = (events[0] as T).order.lifecycleRank;
    for (; next < path.length && (path[next] as T).order.lifecycleRank <= rank; next += 1)
      ordered.push(path[next] as T);
    ordered.push(...events);
  }
  return [...ordered, ...path.slice(next)];
}

function changeOf<T extends Keyed>(event: T, form: Form): Change<T> {
  const { after, before } = shownIn(event.order, form);
  return { from: before ?? after, to: after, event };
}

/** The state of the object after an event. */
const leftBy = ({ order: { after, apiVersion, others, ours, created } }: Keyed): State => ({
  after,
  before: null,
  apiVersion,
  ...(others === undefined ? {} : { others }),
  ours: { after: ours.after, before: null },
  created,
});

function latestOf(states: ObjectStates): ObjectStates {
  return withoutLast(states, statesMax, ([a, one], [b, other]) => other.created - one.created || compareText(a, b));
}

/**
 * Returns an object with at most `max` of its members, the first ones by `compare`. Called for each event, and usually
 * one member is too many, so that case avoids the sort.
 */
export function withoutLast<T>(
  members: { readonly [name: string]: T },
  max: number,
  compare: (a: readonly [string, T], b: readonly [string, T]) => number,
): { readonly [name: string]: T } {
  const entries = Object.entries(members);
  if (entries.length <= max) return members;
  if (entries.length > max + 1) return Object.fromEntries(entries.sort(compare).slice(0, max));
  const last = entries.reduce((found, entry) => (compare(found, entry) < 0 ? entry : found));
  return Object.fromEntries(entries.filter((entry) => entry !== last));
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function compareLifecycle(a: Keyed, b: Keyed): number {
  return a.order.lifecycleRank - b.order.lifecycleRank || compareId(a, b);
}

function compareId(a: Keyed, b: Keyed): number {
  return compareText(a.order.eventId, b.order.eventId);
}

/** Compares by code unit, never by locale: as Postgres' collation "C" does for the ASCII of Stripe's ids. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
