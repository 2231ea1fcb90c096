import { distanceTo, type LogEnd } from '../eventstore/log-end.js';
import type { Checkpoint } from './checkpoints.js';

/** One generation of a version of a projection, for people; `event_index` is the index of event ids. */
export type GenerationReport = Readonly<{
  name: string;
  version: number;
  generation: number;
  state: Checkpoint['state'];
  shown: boolean;
  /** Whether a process holds its lease. */
  moving: boolean;
  position: string | null;
  /** Null while the end of the log is unknown; then nothing counts as caught up. */
  logPosition: string | null;
  caughtUp: boolean;
  /** Distance to the end of the log in bytes (the unit of positions), not events. */
  behind: string | null;
  /** Age of the oldest event that is not in the rows. */
  lagSeconds: number | null;
  /** For a derivation: parked keys. */
  parkedStreams: number;
  /** Null for a projection, which reads the log. */
  derived: Derived | null;
}>;

/** How a generation of a derivation follows its sources. */
type Derived = Readonly<{
  /** The source generations; empty before it has started. */
  standsOn: readonly string[];
  /** The hash of the policy of its rows. */
  policy: string;
  /** The number of keys waiting to be derived, counted up to 100,000; null while all keys are being looked up. */
  behindKeys: number | null;
}>;

/** `end` is null while the log is unavailable. */
export function reportOf(
  { projection: name, version, generation, state, shown, at, isFree }: Checkpoint,
  { end, ...given }: Pick<GenerationReport, 'lagSeconds' | 'parkedStreams' | 'derived'> & { end: LogEnd | null },
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
    ...given,
  };
}
