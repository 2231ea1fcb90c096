import type { LogEnd } from '../eventstore/log-end.js';
import { DerivedBuild } from '../deriving/derived-build.js';
import { isDatabaseAway, isLockConflict, type Queryable } from '../read-models/database.js';
import { newlyParked, show, type Target } from '../read-models/generations.js';
import { lockCheckpoints, readCheckpoints, type Checkpoint, type LogPosition } from '../read-models/checkpoints.js';
import { nameOfGeneration, lockSchema } from '../read-models/schema.js';
import { followToGoal, workedOff } from './build.js';
import { positionOf, type Group } from '../projector/group.js';
import { withLeases, type BuildOptions, type Held, type Parts } from './held.js';

/**
 * `level`: the targets reached the position, and the work was done. `busy`: another process holds a checkpoint, or
 * fills the source rows of derived ones. `stopped`: progress is kept.
 */
export type BroughtLevel<T> = Readonly<{ kind: 'level'; result: T }> | Readonly<{ kind: 'busy' | 'stopped' }>;

/** How long the displayed generations may be locked, and how long to wait for the locks. */
const HELD_STILL_MS = 5_000;
const LOCK_TIMEOUT = `set local lock_timeout = '2s'`;

/**
 * Fills generations until each is at the exact position of the displayed generation, which keeps following the log, and
 * derives their dependent rows. Then runs `whenLevel` while the displayed generations are locked briefly. Readers never
 * wait.
 */
export async function bringLevel<T>(
  parts: Parts,
  targets: readonly Target[],
  {
    signal,
    applied,
    whenLevel,
  }: Pick<BuildOptions, 'signal' | 'applied'> & { whenLevel: (connection: Queryable) => Promise<T> },
): Promise<BroughtLevel<T>> {
  const outcome = await withLeases(parts, { generations: targets.map(({ name }) => name), signal, applied }, (held) =>
    bringHeldLevel(parts, held, { targets, whenLevel }),
  );
  return outcome ?? { kind: 'busy' };
}

/** As `bringLevel`, for leases that the caller already holds. */
export async function bringHeldLevel<T>(
  parts: Pick<Parts, 'database' | 'deriver'>,
  held: Held,
  { targets, whenLevel }: { targets: readonly Target[]; whenLevel: (connection: Queryable) => Promise<T> },
): Promise<BroughtLevel<T>> {
  const derived = targets.filter(isDerived);
  const projected = targets.filter((target) => !derived.includes(target));
  const goals = projected.flatMap(({ against }) => (against === null ? [] : [nameOfGeneration(against)]));
  const derivedBuild = new DerivedBuild(parts.database, parts.deriver, derived, projected);
  const { settings } = held;
  let checkpoints: readonly Checkpoint[] = held.checkpoints.filter((one) => !parts.deriver.isDerived(one));
  for (;;) {
    const goal = async () =>
      lowest(positionsOf((await readCheckpoints(parts.database)).filter(({ name }) => goals.includes(name))));
    if (projected.length > 0) {
      const followed = await followToGoal({ ...held, checkpoints }, goal);
      if (followed.kind !== 'reached') return { kind: 'stopped' };
      ({ checkpoints } = followed.group);
    }
    if (derived.length > 0) {
      if (!(await derivedBuild.begin())) return { kind: 'busy' };
      if ((await derivedBuild.work(settings.signal)) !== 'quiet') return { kind: 'stopped' };
    }
    const still = [...goals, ...(await derivedBuild.held())];
    const done = await holdStill(parts, still, async (connection, positions) =>
      withinLimit(settings.signal, async (signal) => {
        if (!(await derivedBuild.areBuilding(connection))) return null;
        const group = { checkpoints, logName: settings.logName };
        const moved = await moveToGoals(held, { group, targets, positions, signal });
        ({ checkpoints } = moved);
        const all = moved.all && (derived.length === 0 || (await derivedBuild.work(signal)) === 'quiet');
        return all && (await derivedBuild.isComplete(connection)) ? { result: await whenLevel(connection) } : null;
      }),
    );
    if (done !== null) return { kind: 'level', result: done.result };
    if (settings.signal.aborted) return { kind: 'stopped' };
  }
}

/** Switches the views to the targets, unless streams are parked in the new rows but not in the old ones. */
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

/** Runs `work` while these checkpoints are locked; null when the locks were not available, or it took too long. */
async function holdStill<T>(
  { database }: Pick<Parts, 'database'>,
  names: readonly string[],
  work: (connection: Queryable, positions: Positions) => Promise<T | null>,
): Promise<T | null> {
  return database
    .transaction(async (connection) => {
      await connection.query(LOCK_TIMEOUT);
      return work(connection, positionsOf(await lockCheckpoints(connection, names)));
    })
    .catch((error: unknown) => {
      // Postgres aborts a transaction that holds the locks for too long.
      if (isLockConflict(error) || isDatabaseAway(error)) return null;
      throw error;
    });
}

/** Moves each target to the exact position of the checkpoint of its displayed generation. */
async function moveToGoals(
  { near, projector, settings }: Held,
  {
    group,
    targets,
    positions,
    signal,
  }: { group: Group; targets: readonly Target[]; positions: Positions; signal: AbortSignal },
): Promise<{ checkpoints: Checkpoint[]; all: boolean }> {
  const checkpoints: Checkpoint[] = [];
  let all = true;
  for (const checkpoint of group.checkpoints) {
    const against = targets.find((target) => target.name === checkpoint.name)?.against;
    const goal = against == null ? null : (positions.get(nameOfGeneration(against)) ?? null);
    const own = { ...group, checkpoints: [checkpoint] };
    const reached = goal === null ? own : (await near(own, { ...settings, signal, until: goal })).group;
    checkpoints.push(...reached.checkpoints);
    if ((await projector.workOff(() => reached, signal, workedOff(settings, reached))) !== 'done') all = false;
    if (goal !== null && positionOf(reached) < goal.position) all = false;
  }
  return { checkpoints, all };
}

/** Runs `work` with a signal that aborts when the displayed generations have been locked for too long. */
async function withinLimit<T>(ended: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  // Not AbortSignal.timeout: inside `any` it may be garbage-collected and never fire.
  const late = new AbortController();
  const limit = setTimeout(() => late.abort(), HELD_STILL_MS);
  try {
    return await work(AbortSignal.any([ended, late.signal]));
  } finally {
    clearTimeout(limit);
  }
}

/** Whether a target is derived from other rows instead of the log. */
export const isDerived = ({ generation: { projection } }: Target): boolean => projection.reads !== undefined;

const positionsOf = (checkpoints: readonly Checkpoint[]): Positions =>
  new Map(checkpoints.map(({ name, at }) => [name, at]));

/** The lowest position of these checkpoints; `empty` before the first event. */
function lowest(positions: Positions): LogEnd {
  const position = [...positions.values()]
    .map((at) => at?.position ?? -1n)
    .reduce((low, one) => (one < low ? one : low));
  return position < 0n ? { kind: 'empty' } : { kind: 'at', position };
}
