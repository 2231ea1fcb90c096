import assert from 'node:assert/strict';
import type { OrderKey, Shown } from './order-key.js';
import { takeTrail, unusedSteps, type Step, type UnusedSteps } from './trail.js';

export { orderKeyOf, type OrderKey } from './order-key.js';

/**
 * The last known state of each object before a second; plain JSON. Holds the `statesMax` objects touched last: a change
 * of another finds no known start, and is ordered by what the events of its second tell.
 */
export type ObjectStates = {
  readonly [objectKey: string]: State;
};
/** What the last event about an object showed of it. */
type State = Pick<OrderKey, keyof Shown | 'apiVersion' | 'others' | 'ours' | 'created'>;

/** Events in logical order, and those of them whose place in it is a guess. */
export type Ordered<T> = { readonly ordered: readonly T[]; readonly ambiguous: readonly T[] };

type Keyed = { readonly order: OrderKey };
const statesMax = 100;

/**
 * The logical order of events of one stream: a total order, and a function of the set. By `created`; within a second as
 * `orderSecond` says, whose fold it is. Event ids must differ.
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
 * The logical order of events that share one second. First comes what Stripe's API showed, by object and by when it answered: it is older
 * than what happened in the second that it stands in. The others are grouped by object: groups by the rank of their kind, then
 * by object key. Within a group come first `*.created`, last `*.deleted`, and between them the others as a path: B follows
 * A when B's snapshot with its `previous_attributes` put back equals A's snapshot, both in an API version that all of the group
 * have, or else as our own snapshots, starting at
 * the state that `*.created` shows, or at what led to it when that was rendered late, else at the object's last state before the
 * second (`takeTrail` says which path, if several are possible). An event without `previous_attributes` changes nothing and stands where its snapshot does.
 * What lies on no path goes by the lifecycle rank of its snapshot, then event id; those that hang together stay together.
 * It counts as ambiguous, unless its object is of a kind whose life never goes back, and the rank alone decides.
 */
export function orderSecond<T extends Keyed>(
  events: readonly T[],
  before: ObjectStates,
): Ordered<T> & { readonly states: ObjectStates } {
  const [only] = events;
  if (only !== undefined && events.length === 1) {
    // The common case: one event in its second. There is nothing to put in order.
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

/** The events of one object in one second. `start` is the object's last state before it, null when unknown. */
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

/** An object is created and deleted once: several such events are one, unless their snapshots differ. */
const isOneState = (events: readonly Keyed[], form: Form): boolean =>
  new Set(events.map(({ order }) => shownIn(order, form).after)).size < 2;

/** How states are compared: as an API version shows them, or as our own snapshots do. */
type Form = { readonly apiVersion: string } | 'ours';

/**
 * The highest API version in which all of them are there. Snapshots of two versions cannot be compared: where one lacks every
 * version of the others, all are taken as ours, which may miss a change of what no projection reads.
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
 * The path from the known start, and the rest as fragments among it. A creation may be rendered late, in a state that changes of its own
 * second led to: these then come before the path.
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

/** Changes that hang together, but do not follow from the known start. `end` is the state they lead to; `isCircle`: they may begin anywhere. */
type Fragment<T> = { readonly events: readonly T[]; readonly end: string; readonly isCircle: boolean };

/**
 * Whether a fragment's place is a guess. It is none when the fragment is alone; nor when its object's life never goes
 * back, and no other event shows that life at a stage that the fragment spans.
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

/** A path begins in a state that more changes leave than reach, or that none reaches. */
function beginningsOf(steps: readonly Step[]): (step: Step) => boolean {
  const moving = steps.filter(({ from, to }) => from !== to);
  const left = groupBy(moving, ({ from }) => from);
  const reached = groupBy(moving, ({ to }) => to);
  return ({ from }) => !reached.has(from) || (left.get(from)?.length ?? 0) > (reached.get(from)?.length ?? 0);
}

/** Each fragment goes before the first event of the path that shows the object further on in its life. */
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

/** The state in which an event leaves its object. */
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
 * An object with no more than `max` of its members, those that come first in an order. Mostly one is too many, and is looked for
 * without sorting: each event asks for it.
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

/** By code unit, as Postgres' collation "C" for the ASCII of Stripe's ids; never by locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
