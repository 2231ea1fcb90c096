import type { LogEnd } from '../eventstore/log-end.js';
import { isDatabaseAway, isLockConflict, type Queryable } from '../read-models/database.js';
import { newlyParked, show, type Target } from '../read-models/generations.js';
import { lockCheckpoints, readCheckpoints, type Checkpoint, type LogPosition } from '../read-models/checkpoints.js';
import { nameOfGeneration, lockSchema } from '../read-models/schema.js';
import { chase, workedOff } from './build.js';
import { positionOf, type Group } from '../projector/group.js';
import { withLeases, type BuildOptions, type Held, type Parts } from './held.js';

/** What happened at the meeting: `busy`, another process has one of the checkpoints; `stopped`, what was written stays. */
export type Met<T> = Readonly<{ kind: 'met'; result: T }> | Readonly<{ kind: 'busy' | 'stopped' }>;

/** For how long the generations that are shown may be held still, and how long to wait for that. */
const HELD_STILL_MS = 5_000;
const LOCK_TIMEOUT = `set local lock_timeout = '2s'`;

/**
 * Fills generations until each stands exactly where the one stands that it is held against, which follows the log all the
 * while; then does `atMeeting`, for which those generations are held still for a moment. Readers never wait.
 */
export async function meet<T>(
  parts: Parts,
  targets: readonly Target[],
  {
    signal,
    applied,
    atMeeting,
  }: Pick<BuildOptions, 'signal' | 'applied'> & { atMeeting: (connection: Queryable) => Promise<T> },
): Promise<Met<T>> {
  const goals = targets.flatMap(({ against }) => (against === null ? [] : [nameOfGeneration(against)]));
  const met = await withLeases(
    parts,
    { generations: targets.map(({ name }) => name), signal, applied },
    async (held): Promise<Met<T>> => {
      for (let { checkpoints } = held; ;) {
        const goal = async () =>
          lowest(positionsOf((await readCheckpoints(parts.database)).filter(({ name }) => goals.includes(name))));
        const chased = await chase({ ...held, checkpoints }, goal);
        if (chased.kind !== 'reached') return { kind: 'stopped' };
        ({ checkpoints } = chased.group);
        const meeting = await holdStill(parts, goals, async (connection, positions) => {
          const arrived = await arrive(held, { group: chased.group, targets, positions });
          ({ checkpoints } = arrived);
          return arrived.all ? { result: await atMeeting(connection) } : null;
        });
        if (meeting !== null) return { kind: 'met', result: meeting.result };
        if (held.pursuit.signal.aborted) return { kind: 'stopped' };
      }
    },
  );
  return met ?? { kind: 'busy' };
}

/** What may happen at a meeting: the views move, unless the new rows lack streams that the old ones have. */
export async function showAll(
  connection: Queryable,
  targets: readonly Target[],
  { acceptsParked }: { acceptsParked: boolean },
): Promise<Readonly<{ kind: 'shown' }> | Readonly<{ kind: 'parked'; streams: readonly string[] }>> {
  const parked: string[] = [];
  for (const target of targets) parked.push(...(await newlyParked(connection, target)));
  if (parked.length > 0 && !acceptsParked) return { kind: 'parked', streams: [...new Set(parked)] };
  await lockSchema(connection);
  for (const target of targets) await show(connection, target);
  return { kind: 'shown' };
}

type Positions = ReadonlyMap<string, LogPosition>;

/** Does `work` while nobody can move these checkpoints; null when they were not to be had, or it took too long. */
async function holdStill<T>(
  { database }: Parts,
  names: readonly string[],
  work: (connection: Queryable, positions: Positions) => Promise<T | null>,
): Promise<T | null> {
  return database
    .transaction(async (connection) => {
      await connection.query(LOCK_TIMEOUT);
      return work(connection, positionsOf(await lockCheckpoints(connection, names)));
    })
    .catch((error: unknown) => {
      // Postgres ends a transaction that has held the checkpoints still for too long.
      if (isLockConflict(error) || isDatabaseAway(error)) return null;
      throw error;
    });
}

/** Brings each target to exactly where the checkpoint stands that it is held against. */
async function arrive(
  { near, projector, pursuit }: Held,
  { group, targets, positions }: { group: Group; targets: readonly Target[]; positions: Positions },
): Promise<{ checkpoints: Checkpoint[]; all: boolean }> {
  // No AbortSignal.timeout: inside of `any` nothing keeps it from being collected, and then it never fires.
  const late = new AbortController();
  const limit = setTimeout(() => late.abort(), HELD_STILL_MS);
  const signal = AbortSignal.any([pursuit.signal, late.signal]);
  const checkpoints: Checkpoint[] = [];
  let all = true;
  try {
    for (const checkpoint of group.checkpoints) {
      const against = targets.find((target) => target.name === checkpoint.name)?.against;
      const goal = against == null ? null : (positions.get(nameOfGeneration(against)) ?? null);
      const own = { ...group, checkpoints: [checkpoint] };
      const reached = goal === null ? own : (await near(own, { ...pursuit, signal, until: goal })).group;
      checkpoints.push(...reached.checkpoints);
      if ((await projector.workOff(() => reached, signal, workedOff(pursuit, reached))) !== 'done') all = false;
      if (goal !== null && positionOf(reached) < goal.position) all = false;
    }
  } finally {
    clearTimeout(limit);
  }
  return { checkpoints, all };
}

const positionsOf = (checkpoints: readonly Checkpoint[]): Positions =>
  new Map(checkpoints.map(({ name, at }) => [name, at]));

/** The lowest place at which one of these checkpoints stands; `empty` before the first event. */
function lowest(positions: Positions): LogEnd {
  const position = [...positions.values()]
    .map((at) => at?.position ?? -1n)
    .reduce((low, one) => (one < low ? one : low));
  return position < 0n ? { kind: 'empty' } : { kind: 'at', position };
}
