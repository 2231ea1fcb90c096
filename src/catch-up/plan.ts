import type { ReadModel } from '../../projections/projection.js';
import { checkpointsOf, type Checkpoint } from '../read-models/checkpoints.js';
import { EVENT_INDEX_GENERATION, versionOf } from '../read-models/schema.js';

/** A process's plan for the checkpoints. */
export type Plan = Readonly<{
  /** Checkpoints to lease and follow: free ones, or its own. */
  take: readonly Checkpoint[];
  /** Its own checkpoints to release. */
  leave: readonly Checkpoint[];
  /** Checkpoints of other owners that it would take if they were free. */
  standBy: readonly Checkpoint[];
}>;

/**
 * Plans a process's checkpoints: the displayed generations of its own build's versions. When two builds run, one of
 * them follows each version. The owner of the index goes first, so that processes of one build do not split its
 * generations.
 */
export function planOf(
  checkpoints: readonly Checkpoint[],
  { owner, models }: { owner: string; models: readonly ReadModel[] },
): Plan {
  const index = checkpoints.find(({ name }) => name === EVENT_INDEX_GENERATION);
  const others = index === undefined || index.isFree || index.owner === owner ? [] : index.ownerFollows;
  const followed = checkpointsOf(checkpoints, models).filter(({ shown }) => shown);
  const wanted = followed.filter(
    ({ projection, version }) => !others.includes(versionOf({ name: projection, version })),
  );
  return {
    take: wanted.filter((checkpoint) => checkpoint.isFree || checkpoint.owner === owner),
    leave: checkpoints.filter((one) => one.owner === owner && !wanted.includes(one)),
    standBy: followed,
  };
}
