import { distanceTo, type LogEnd } from '../eventstore/log-end.js';
import type { Checkpoint } from './checkpoints.js';

/** One generation of one version of a projection, as people see it; `event_index` is the index of event ids. */
export type GenerationReport = Readonly<{
  name: string;
  version: number;
  generation: number;
  state: Checkpoint['state'];
  shown: boolean;
  /** Whether a process has the right to move its checkpoint. */
  moving: boolean;
  position: string | null;
  /** Null while the end of the log is not known: then nothing is caught up. */
  logPosition: string | null;
  caughtUp: boolean;
  /** Distance to the end of the log in positions: bytes of the log, not events. */
  behind: string | null;
  /** Age of the oldest event that is not in the rows. */
  lagSeconds: number | null;
  parkedStreams: number;
}>;

/** `end` is null while the log cannot be asked. */
export function reportOf(
  { projection: name, version, generation, state, shown, at, isFree }: Checkpoint,
  { end, lagSeconds, parkedStreams }: { end: LogEnd | null; lagSeconds: number | null; parkedStreams: number },
): GenerationReport {
  const behind = end === null ? null : distanceTo(end, at?.position ?? -1n);
  return {
    name,
    version,
    generation,
    state,
    shown,
    moving: !isFree,
    position: at === null ? null : String(at.position),
    logPosition: end?.kind === 'at' ? String(end.position) : null,
    caughtUp: behind === 0n,
    behind: behind === null ? null : String(behind),
    lagSeconds,
    parkedStreams,
  };
}
