import { projections as allProjections } from '../../projections/index.js';
import { handles, type AnyProjection } from '../../projections/projection.js';
import { readEvent } from '../../src/folding/facts.js';
import type { Limits } from '../../src/projector/stream-folder.js';
import { recordedInOrder } from '../support/recorded.js';
import type { Random } from '../../simulator/random.js';
import { API_VERSIONS } from '../../simulator/api-version.js';
import { lives } from '../../simulator/simulator.js';
import type { NewEvent } from './log.js';
import { foreignEvent, notedEvent, notes, tallies, unreadableEvent, type Deed } from './test-projections.js';

/** An action outside of the engine. */
export type Action =
  | Readonly<{ does: 'append'; stream: string; event: NewEvent }>
  | Readonly<{ does: 'delete' | 'tombstone' | 'damage' | 'replay' | 'break' | 'heal'; stream: string }>
  | Readonly<{ does: 'truncate'; stream: string; share: number }>
  | Readonly<{ does: 'scavenge' | 'expire' | 'crash' }>;

/** The faults of a call to a port. */
export const CALL_FAULTS = ['away', 'cut', 'slow', 'rejected', 'crash_before', 'crash_after'] as const;
export type CallFault = (typeof CALL_FAULTS)[number];
/** The probability of each fault per call. */
export type FaultRates = Readonly<Record<CallFault, number>>;

/** Everything that a seed determines about a run, except the order in which tasks continue. */
export type Plan = Readonly<{
  projections: readonly AnyProjection[];
  limits: Limits;
  batchEventsMax: number;
  processes: number;
  /** Whether processes may at first hold only some of the generations. */
  isDivided: boolean;
  /** The number of workers when much is to be read. */
  workers: number;
  /** The number of actions before the first process starts. */
  before: number;
  actions: readonly Action[];
  rates: FaultRates;
}>;

type Pooled = Readonly<{ stream: string; event: NewEvent }>;
/** The events of a life, each in every API version, the account's first. */
type PooledLife = readonly (readonly [Pooled, ...Pooled[]])[];
const POOL_LIVES = 20;
let pool: readonly PooledLife[] | undefined;

/** Lives of the Stripe simulator, generated once. */
function pooledLives(): readonly PooledLife[] {
  pool ??= API_VERSIONS.flatMap((playedIn, seed) => {
    const versions = [playedIn, ...API_VERSIONS.filter((version) => version !== playedIn)];
    const [own, ...others] = versions.map((apiVersion) =>
      [...lives({ seed, subscriptions: POOL_LIVES, apiVersion, playedIn })].map(({ events }) =>
        recordedInOrder(events).map((recorded): Pooled => {
          const { eventId, stream, type, metadata, content } = readEvent(recorded);
          return { stream, event: { eventId, type, metadata, content } };
        }),
      ),
    );
    return (own ?? []).map((life, which) =>
      life.map((event, at) => [event, ...others.map((other) => other[which]?.[at] as Pooled)] as const),
    );
  });
  return pool;
}

const START = Date.UTC(2026, 0, 1) / 1000;

export function planOf(random: Random, { lives: hasLives }: Readonly<{ lives: boolean }> = { lives: true }): Plan {
  const isFaulty = random.chance(0.7);
  const appends = inDisorder(random, [...notedAppends(random, isFaulty), ...(hasLives ? livedAppends(random) : [])]);
  const streams = [...new Set(appends.map(({ stream }) => stream))];
  const events = [...appends];
  for (const again of repeatsOf(random, appends, streams)) events.splice(random.integer(0, events.length), 0, again);
  const actions: Action[] = [...events];
  if (isFaulty)
    for (const one of disturbances(random, streams)) actions.splice(random.integer(0, actions.length), 0, one);
  const isShortened = isFaulty && random.chance(0.15);
  if (isShortened) shortenAgainAndAgain(random, actions, random.pick(streams));
  const rate = (): number => (isFaulty && random.chance(0.4) ? random.pick([0.005, 0.02, 0.06]) : 0);
  const lived = allProjections.filter((projection) =>
    appends.some(
      ({ event: { content } }) =>
        content.kind === 'fact' &&
        content.fact.snapshot.kind !== 'coupon' &&
        handles(projection, content.fact.snapshot.kind),
    ),
  );
  const projections = [notes, tallies, ...lived.filter(() => random.chance(2 / lived.length))];
  return {
    projections,
    limits: isShortened
      ? { readInlineMax: 3, retriedMax: 2, pageEvents: 2 }
      : {
          readInlineMax: random.pick([3, 6, 20, 250]),
          retriedMax: random.pick([2, 5, 64]),
          pageEvents: random.pick([2, 7, 500]),
        },
    batchEventsMax: random.pick([1, 3, 10, 100]),
    processes: random.pick([1, 1, 2, 3]),
    isDivided: random.chance(0.25),
    workers: random.pick([1, 1, 1, 2, 3]),
    before: random.pick([0, 0, Math.floor(actions.length / 2), actions.length]),
    actions,
    rates: {
      away: rate(),
      cut: rate(),
      slow: rate(),
      rejected: rate(),
      crash_before: rate() / 3,
      crash_after: rate() / 3,
    },
  };
}

type Append = Extract<Action, { does: 'append' }>;

/** Events for the test projections. */
function notedAppends(random: Random, isFaulty: boolean): Append[] {
  const appends: Append[] = [];
  const count = random.integer(1, 4);
  for (let at = 0; at < count; at += 1) {
    const stream = `notes-${'abcd'[at]}`;
    const isLong = random.chance(0.04);
    const length = random.chance(0.1) ? 20 : isLong ? random.integer(60, 110) : random.integer(1, 12);
    const objects = ['x', 'y', ' unheeded'].slice(0, random.integer(1, 3));
    const oddRate = isFaulty && random.chance(0.4) ? (isLong ? 0.01 : 0.1) : 0;
    const claimRate = random.chance(0.3) ? (isLong ? 0.02 : 0.2) : 0;
    const created = new Map<string, string>();
    let now = START;
    for (let n = 0; n < length; n += 1) {
      now += random.pick([0, 0, 1, 5]);
      const object = `${stream}/${random.pick(objects)}`;
      const eventId = `${stream} ${random.integer(100, 999)} ${n}`;
      const after = random.chance(0.1) ? 'twin' : `state ${n}`;
      const before = random.chance(0.2) ? null : (created.get(object) ?? null);
      created.set(object, after);
      const noted = notedEvent({
        eventId,
        object,
        created: now,
        before,
        after,
        deed: deedOf(random, { object, oddRate, claimRate, isLong }),
      });
      const event = random.chance(oddRate / 2)
        ? unreadableEvent(eventId, random.chance(0.7) ? noted : null)
        : random.chance(0.02)
          ? foreignEvent(eventId)
          : noted;
      appends.push({ does: 'append', stream, event });
    }
  }
  return appends;
}

function deedOf(
  random: Random,
  { object, oddRate, claimRate, isLong }: { object: string; oddRate: number; claimRate: number; isLong: boolean },
): Deed {
  if (random.chance(oddRate))
    return { does: random.weighted({ throw: isLong ? 0 : 1, break: 3, fragile: 3, reject: 2 }) };
  // No two objects of a stream may claim the same row.
  if (random.chance(claimRate))
    return {
      does: random.pick(['claim', 'claim', 'drop'] as const),
      key: `shared ${object.split('/')[1]} ${random.pick(['1', '2'])}`,
    };
  return { does: 'note' };
}

/** Parts of simulated lives. */
function livedAppends(random: Random): Append[] {
  const appends: Append[] = [];
  for (let left = random.pick([0, 0, 1, 1, 2]); left > 0; left -= 1) {
    const life = random.pick(pooledLives());
    if (appends.some(({ event }) => event.eventId === life[0]?.[0].event.eventId)) continue;
    const length = random.integer(5, 30);
    const renderedRate = random.pick([0, 0, 0.3, 0.9]);
    for (const [own, ...others] of life.slice(0, length)) {
      const renderings = [own, ...others.filter(() => random.chance(renderedRate))];
      appends.push(...renderings.map((one) => ({ does: 'append' as const, ...one })));
    }
  }
  return appends;
}

/** Reorders the appends within a window. */
function inDisorder(random: Random, appends: readonly Append[]): Append[] {
  // Interleaves the streams, each at its own pace.
  const places = new Map<string, number>();
  const window = random.pick([0, 0, 0.2, 1]);
  return appends
    .map((one) => {
      const place = places.get(one.stream) ?? random.next() * 0.5;
      places.set(one.stream, place + random.next() * 0.05);
      return { one, at: place + random.next() * window };
    })
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

/** Adds repeated events, in their own stream or in another. */
function repeatsOf(random: Random, appends: readonly Append[], streams: readonly string[]): Append[] {
  const [again, elsewhere] = [random.pick([0, 0.1, 0.3]), random.pick([0, 0, 0.03, 0.1])];
  return appends.flatMap((one) => [
    ...(random.chance(again) ? [one] : []),
    ...(random.chance(elsewhere) && !isClaim(one)
      ? [{ ...one, stream: random.chance(0.3) ? `stray-${random.pick(['1', '2'])}` : random.pick(streams) }]
      : []),
  ]);
}

const isClaim = ({ event: { content } }: Append): boolean =>
  content.kind === 'fact' &&
  content.fact.snapshot.kind === 'coupon' &&
  /claim|drop/.test(String(content.fact.snapshot.name));

/** In some runs one stream is truncated repeatedly while it is folded again. */
function shortenAgainAndAgain(random: Random, actions: Action[], stream: string): void {
  for (let at = random.integer(0, actions.length); at <= actions.length; at += random.integer(1, 8)) {
    actions.splice(
      at,
      0,
      random.chance(0.7)
        ? { does: 'truncate', stream, share: random.next() }
        : { does: random.pick(['delete', 'replay'] as const), stream },
    );
  }
}

/** Actions on streams, processes and leases. */
function disturbances(random: Random, streams: readonly string[]): Action[] {
  const actions: Action[] = [];
  const some = (chance: number, max: number, make: () => Action): void => {
    if (random.chance(chance)) for (let left = random.integer(1, max); left > 0; left -= 1) actions.push(make());
  };
  some(0.2, 2, () => ({ does: 'delete', stream: random.pick(streams) }));
  some(0.1, 1, () => ({ does: 'tombstone', stream: random.pick(streams) }));
  some(0.2, 2, () => ({ does: 'truncate', stream: random.pick(streams), share: random.next() }));
  some(0.1, 1, () => ({ does: 'scavenge' }));
  some(0.4, 3, () => ({ does: 'expire' }));
  some(0.3, 3, () => ({ does: 'crash' }));
  some(0.15, 2, () => ({ does: 'damage', stream: random.pick(streams) }));
  some(0.3, 4, () => ({ does: 'replay', stream: random.pick(streams) }));
  some(0.15, 2, () => ({ does: 'break', stream: random.pick(streams) }));
  some(0.15, 2, () => ({ does: 'heal', stream: random.pick(streams) }));
  return actions;
}
