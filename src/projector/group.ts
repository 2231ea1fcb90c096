import type { AnyProjection } from '../../projections/projection.js';
import type { Checkpoint, LogPosition } from '../read-models/checkpoints.js';
import { EVENT_INDEX_GENERATION, type Generation } from '../read-models/schema.js';

/** Checkpoints that stand at one position and are moved together, with the right to move them. */
export type Group = Readonly<{ checkpoints: readonly Checkpoint[]; logName: string }>;

/** The event at which a group stands; null before the first. */
export const placeOf = ({ checkpoints }: Group): LogPosition => checkpoints[0]?.at ?? null;

/** The position at which a group stands; -1n before the first event. */
export const positionOf = (group: Group): bigint => placeOf(group)?.position ?? -1n;

/** A group as it is after its checkpoints were moved. */
export const movedTo = (group: Group, at: NonNullable<LogPosition>): Group => ({
  ...group,
  checkpoints: group.checkpoints.map((checkpoint) => ({ ...checkpoint, at })),
});

/** What of a group are rows of projections: all but the index. */
export function generationsOf({ checkpoints }: Group, projections: readonly AnyProjection[]): Generation[] {
  return checkpoints
    .filter(({ name }) => name !== EVENT_INDEX_GENERATION)
    .flatMap(({ projection: projected, version, generation }) => {
      const projection = projections.find((one) => one.name === projected && one.version === version);
      return projection === undefined ? [] : [{ projection, generation }];
    });
}
