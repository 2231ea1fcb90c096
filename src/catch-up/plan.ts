import type { ReadModel } from '../../projections/projection.js';
import { checkpointsOf, type Checkpoint } from '../read-models/checkpoints.js';
import { EVENT_INDEX_GENERATION, versionOf } from '../read-models/schema.js';

/** What a process is to do with the checkpoints as they are. */
export type Plan = Readonly<{
  /** Checkpoints to have and to follow: they are free, or its own. */
  take: readonly Checkpoint[];
  /** Its own checkpoints that it is to give up. */
  leave: readonly Checkpoint[];
  /** Checkpoints that it would take if nobody had them. */
  standBy: readonly Checkpoint[];
}>;

/**
 * A process follows what the views of the versions show that it was built with. Where two
 * builds run, each version is followed by one of them; the one that has the index goes first, so that processes of one
 * build do not share its generations out among them.
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
