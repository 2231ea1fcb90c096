import type { AnyProjection } from '../../projections/projection.js';
import { linesOf, type Line } from '../read-models/lines.js';
import { EVENT_INDEX_LINE, versionOf } from '../read-models/schema.js';

/** What a process is to do with the lines as they are. */
export type Plan = Readonly<{
  /** Lines to have and to follow: they are free, or its own. */
  take: readonly Line[];
  /** Its own lines that it is to give up. */
  leave: readonly Line[];
  /** Lines that it would take if nobody had them. */
  standBy: readonly Line[];
}>;

/**
 * A process follows what the views of the versions show that it was built with. Where two
 * builds run, each version is followed by one of them; the one that has the index goes first, so that processes of one
 * build do not share its lines out among them.
 */
export function planOf(lines: readonly Line[], { owner, projections }: { owner: string; projections: readonly AnyProjection[] }): Plan {
  const index = lines.find(({ line }) => line === EVENT_INDEX_LINE);
  const others = index === undefined || index.isFree || index.owner === owner ? [] : index.ownerFollows;
  const followed = linesOf(lines, projections).filter(({ shown }) => shown);
  const wanted = followed.filter(({ projection, version }) => !others.includes(versionOf({ name: projection, version })));
  return {
    take: wanted.filter((line) => line.isFree || line.owner === owner),
    leave: lines.filter((line) => line.owner === owner && !wanted.includes(line)),
    standBy: followed,
  };
}
