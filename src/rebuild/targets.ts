import type { AnyDerivation } from '../../derivations/derivation.js';
import type { ReadModel } from '../../projections/projection.js';
import type { Deriver } from '../deriving/deriver.js';
import { readCheckpoints } from '../read-models/checkpoints.js';
import type { Database } from '../read-models/database.js';
import { beginRebuild, beginRollback, type Target } from '../read-models/generations.js';

type Parts = Readonly<{ database: Database; deriver: Deriver }>;

/**
 * Creates the targets of a rebuild: new generations of these models and of all derived ones, displayed at one moment.
 */
export async function beginTargets(
  parts: Parts,
  models: readonly ReadModel[],
  how: Readonly<{ fresh: boolean; aside: boolean }>,
): Promise<Target[]> {
  const targets: Target[] = [];
  for (const model of models) targets.push(await beginRebuild(parts.database, model, how));
  return withFollowing(parts, targets, how);
}

/** Creates the targets of a rollback: the previous generation, and new ones derived from it; null when none is kept. */
export async function beginReturn(parts: Parts, model: ReadModel): Promise<Target[] | null> {
  const target = await beginRollback(parts.database, model);
  return target === null ? null : withFollowing(parts, [target], { fresh: false, aside: false });
}

/** Adds derived models, except those that are still being built for the first time. */
async function withFollowing(
  { database, deriver }: Parts,
  targets: Target[],
  how: Readonly<{ fresh: boolean; aside: boolean }>,
): Promise<Target[]> {
  const checkpoints = await readCheckpoints(database);
  const isLive = ({ name, version }: AnyDerivation): boolean =>
    checkpoints.some((one) => one.projection === name && one.version === version && one.shown && one.state === 'live');
  for (const derivation of deriver.derivations) {
    const follows = targets.some(
      ({ replaces, generation }) => replaces && derivation.reads.includes(generation.projection.name),
    );
    const isThere = targets.some(({ generation }) => generation.projection.name === derivation.name);
    if (follows && !isThere && isLive(derivation)) targets.push(await beginRebuild(database, derivation, how));
  }
  // Each derived model comes after its sources.
  const placeOf = ({ generation }: Target): number =>
    deriver.derivations.findIndex(({ name }) => name === generation.projection.name);
  return targets.sort((one, other) => placeOf(one) - placeOf(other));
}
