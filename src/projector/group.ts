import type { AnyProjection } from '../../projections/projection.js';
import type { Checkpoint, LogPosition } from '../read-models/checkpoints.js';
import { EVENT_INDEX_GENERATION, type Generation } from '../read-models/schema.js';

/** Leased checkpoints at the same position, which move together. */
export type Group = Readonly<{ checkpoints: readonly Checkpoint[]; logName: string }>;

/** The last event that a group has applied; null before the first. */
export const placeOf = ({ checkpoints }: Group): LogPosition => checkpoints[0]?.at ?? null;

/** The position of a group; -1n before the first event. */
export const positionOf = (group: Group): bigint => placeOf(group)?.position ?? -1n;

/** Returns the group after a move of its checkpoints. */
export const movedTo = (group: Group, at: NonNullable<LogPosition>): Group => ({
  ...group,
  checkpoints: group.checkpoints.map((checkpoint) => ({ ...checkpoint, at })),
});

/** Returns the generations of a group's projections, without the index. */
export function generationsOf({ checkpoints }: Group, projections: readonly AnyProjection[]): Generation[] {
  return checkpoints
    .filter(({ name }) => name !== EVENT_INDEX_GENERATION)
    .flatMap(({ projection: projected, version, generation }) => {
      const projection = projections.find((one) => one.name === projected && one.version === version);
      return projection === undefined ? [] : [{ projection, generation }];
    });
}
