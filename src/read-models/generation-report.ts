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
  /** Of a derivation: how many of its keys. */
  parkedStreams: number;
  /** Null for what is read from the log, not derived. */
  derived: Derived | null;
}>;

/** How a generation of a derivation follows the rows that it is derived from. */
type Derived = Readonly<{
  /** The generations that it follows from; empty before it has begun. */
  standsOn: readonly string[];
  /** The hash of the policy that its rows follow. */
  policy: string;
  /** How many keys wait to be derived, counted up to 100,000; null while all keys are being looked up. */
  behindKeys: number | null;
}>;

/** `end` is null while the log cannot be asked. */
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
