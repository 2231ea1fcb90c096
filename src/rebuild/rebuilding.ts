/** Rebuilds, dry runs and rollbacks, each as one step for the command line and for operations. */
import { setTimeout as pause } from 'node:timers/promises';
import type { BuildOutcome } from '../catch-up/catch-up.js';
import type { RestatedMonth } from '../closings/restated.js';
import { DerivedBuild } from '../deriving/derived-build.js';
import { readCheckpoints } from '../read-models/checkpoints.js';
import { compareGenerations, type TableComparison } from '../read-models/comparison.js';
import { abandon, type Target } from '../read-models/generations.js';
import { build } from './build.js';
import { withLeases, type BuildOptions, type Parts } from './held.js';
import { bringLevel, isDerived, showAll } from './bring-level.js';
import { closedMonths, restatedBy } from './closed-months.js';

/** Callbacks and signal for work on tables. */
export type Watched = Pick<BuildOptions, 'signal' | 'applied'> &
  Readonly<{
    /** Called once when another process holds the tables. */
    waiting(): void;
    ended(): void;
  }>;
type Step = Readonly<{
  watch: Watch;
  /** Whether to keep the unfinished tables after the signal, so that a later run can resume. */
  isKept?: () => boolean;
}>;
/** Starts watching the work on these targets. */
export type Watch = (targets: readonly Target[]) => Watched;

/**
 * `busy`: another process builds these. `stopped`: unfinished tables are dropped unless kept; the views are unchanged.
 */
type GivenUp = Readonly<{ kind: 'busy' | 'stopped'; targets: readonly Target[] }>;

/**
 * `built`: new versions, which the services of their build display when they start. `shown`: the views were switched.
 */
export type Replaced =
  | Readonly<{ kind: 'replaced'; built: readonly Target[]; shown: readonly Target[] }>
  /** Streams are parked in the new tables but not in the old ones: nothing was changed. */
  | Readonly<{ kind: 'parked'; streams: readonly string[] }>
  | GivenUp;

/** The changes that a rebuild of a projection would make. */
export type Comparison = Readonly<{
  projection: string;
  version: number;
  tables: readonly TableComparison[];
  /** The closed months that would be restated; null for a projection without books. */
  closedMonths: readonly RestatedMonth[] | null;
}>;
/** `first`: generations without displayed rows to compare with. */
export type Compared =
  Readonly<{ kind: 'compared'; comparisons: readonly Comparison[]; first: readonly Target[] }> | GivenUp;

/** Fills the tables of new versions, and switches the views of the others to the targets. */
export async function replace(
  parts: Parts,
  targets: readonly Target[],
  { acceptsParked, ...step }: Step & { acceptsParked: boolean },
): Promise<Replaced> {
  const built = targets.filter(({ replaces }) => !replaces);
  if (built.length > 0) {
    const outcome = await watched(step.watch(built), async (progress) => {
      const ended = await buildAll(parts, built, progress);
      // A service that has just started may have built them first.
      const names = built.map(({ name }) => name);
      return ended.kind === 'busy' && (await areLive(parts, names)) ? { kind: 'built' as const } : ended;
    });
    if (outcome.kind === 'failed') throw new Error(outcome.cause);
    if (outcome.kind !== 'built') return giveUp(parts, { kind: outcome.kind, targets: built }, step);
  }
  const shown = targets.filter(({ replaces }) => replaces);
  if (shown.length === 0) return { kind: 'replaced', built, shown };
  const outcome = await watched(step.watch(shown), (progress) =>
    bringLevel(parts, shown, { ...progress, whenLevel: (connection) => showAll(connection, shown, { acceptsParked }) }),
  );
  if (outcome.kind !== 'level') return giveUp(parts, { kind: outcome.kind, targets: shown }, step);
  if (outcome.result.kind === 'shown') return { kind: 'replaced', built, shown };
  await drop(parts, shown);
  return { kind: 'parked', streams: outcome.result.streams };
}

/** Fills new versions: first those from the log, then those derived from them. */
async function buildAll(
  parts: Parts,
  targets: readonly Target[],
  progress: Pick<BuildOptions, 'signal' | 'applied'>,
): Promise<BuildOutcome> {
  const derived = targets.filter(isDerived);
  const generations = targets.filter((target) => !derived.includes(target)).map(({ name }) => name);
  const ended: BuildOutcome =
    generations.length === 0 ? { kind: 'built' } : await build(parts, { ...progress, generations });
  if (ended.kind !== 'built' || derived.length === 0) return ended;
  const derivedBuild = new DerivedBuild(parts.database, parts.deriver, derived);
  const kind = await withLeases(
    parts,
    { ...progress, generations: derivedBuild.names },
    async ({ settings: { signal } }) => {
      if (!(await derivedBuild.begin())) return 'busy';
      while ((await derivedBuild.work(signal)) === 'quiet') if (await derivedBuild.finish()) return 'built';
      return 'stopped';
    },
  );
  return { kind: kind ?? 'busy' };
}

const areLive = async ({ database }: Parts, generations: readonly string[]): Promise<boolean> =>
  (await readCheckpoints(database))
    .filter(({ name }) => generations.includes(name))
    .every(({ state }) => state === 'live');

/** Fills tables beside the displayed ones, compares the rows at one position, and drops the filled tables. */
export async function compareAside(
  parts: Parts,
  targets: readonly Target[],
  { examplesMax, ...step }: Step & { examplesMax: number },
): Promise<Compared> {
  const first = targets.filter(({ against }) => against === null);
  const comparable = targets.filter(({ against }) => against !== null);
  if (comparable.length === 0) return { kind: 'compared', comparisons: [], first };
  const outcome = await watched(step.watch(comparable), (progress) =>
    bringLevel(parts, comparable, {
      ...progress,
      // The snapshot is taken at one common position; the comparison itself blocks nothing.
      whenLevel: () => startComparing(parts, comparable, examplesMax),
    }),
  );
  if (outcome.kind !== 'level') return giveUp(parts, { kind: outcome.kind, targets: comparable }, step);
  const comparisons = await outcome.result.compared;
  await drop(parts, comparable);
  return { kind: 'compared', comparisons, first };
}

/** Resolves when the snapshot of both sides is taken, with the comparison still pending. */
async function startComparing(
  { database, store }: Parts,
  targets: readonly Target[],
  examplesMax: number,
): Promise<{ compared: Promise<Comparison[]> }> {
  const closed = await closedMonths(store);
  let compared: Promise<Comparison[]> | undefined;
  await new Promise<void>((taken, failed) => {
    compared = database.transaction(async (connection) => {
      await connection.query('set transaction isolation level repeatable read read only');
      await connection.query('select 1 from ledger.checkpoints');
      taken();
      const comparisons: Comparison[] = [];
      for (const target of targets)
        comparisons.push({
          projection: target.generation.projection.name,
          version: target.generation.projection.version,
          tables: await compareGenerations(connection, target, examplesMax),
          closedMonths: await restatedBy(connection, target, closed),
        });
      return comparisons;
    });
    compared.catch(failed);
  });
  if (compared === undefined) throw new Error('The comparison starts at once.');
  return { compared };
}

const BUSY_WAIT_MS = 15_000;
const BUSY_POLL_MS = 500;

/** Waits for tables that another process holds, until the lease of a killed one expires. */
async function watched<T extends Readonly<{ kind: string }>>(
  { waiting, ended, ...progress }: Watched,
  work: (progress: Pick<Watched, 'signal' | 'applied'>) => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + BUSY_WAIT_MS;
  try {
    for (let isReported = false; ; isReported = true) {
      const outcome = await work(progress);
      if (outcome.kind !== 'busy' || performance.now() > deadline || progress.signal.aborted) return outcome;
      if (!isReported) waiting();
      await pause(BUSY_POLL_MS);
    }
  } finally {
    ended();
  }
}

async function giveUp(parts: Parts, given: GivenUp, { isKept }: Step): Promise<GivenUp> {
  if (given.kind === 'stopped' && isKept?.() !== true) await drop(parts, given.targets);
  return given;
}

async function drop({ database }: Parts, targets: readonly Target[]): Promise<void> {
  for (const target of targets) await abandon(database, target);
}
