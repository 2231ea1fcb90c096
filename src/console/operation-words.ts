import type { Operation, OperationRequest } from './answers.js';
import { durationText } from './parts/text.js';

/** The operations that the form offers, in the recommended order, each with its effect. */
export const KINDS: readonly (readonly [kind: OperationRequest['kind'], name: string, says: string])[] = [
  ['verify', 'Verify', 'Folds streams again and compares the result with the rows. Changes nothing.'],
  [
    'dry_run',
    'Dry run',
    'Fills new tables from the log, reports which rows would change, and drops the tables. Changes nothing.',
  ],
  [
    'rebuild',
    'Rebuild',
    'Fills new tables from the log and switches to them when they have every event. Readers are not interrupted.',
  ],
  [
    'rollback',
    'Roll back',
    'Switches back to the rows from before the last rebuild, brought up to date. Needs one read model.',
  ],
];

const NAMES_SHOWN = 3;

/** `invoices, payments`; no names mean all read models. */
function modelsText(names: readonly string[] | undefined): string {
  if (names === undefined || names.length === 0) return 'all read models';
  if (names.length > NAMES_SHOWN) return `${names.length} read models`;
  return names.map((name) => name.replaceAll('_', ' ')).join(', ');
}

/** A request in words. */
export function requestText(request: OperationRequest): string {
  switch (request.kind) {
    case 'rebuild':
      return `Rebuild of ${modelsText(request.projections)}`;
    case 'dry_run':
      return `Dry run of ${modelsText(request.projections)}`;
    case 'rollback':
      return `Rollback of ${modelsText([request.projection])}`;
    case 'replay':
      return `Replay of parked streams${request.projection === undefined ? '' : ` in ${modelsText([request.projection])}`}`;
    case 'verify':
      return `Verification of ${modelsText(request.projections)}`;
  }
}

export const hasEnded = ({ state }: Pick<Operation, 'state'>): boolean =>
  !['queued', 'running', 'cancelling'].includes(state);

/** Seconds of work on an operation so far; null before its start. */
export function workedS({ startedAt, endedAt }: Operation, nowMs: number): number | null {
  if (startedAt === null) return null;
  return Math.max(0, (endedAt === null ? nowMs : Date.parse(endedAt)) - Date.parse(startedAt)) / 1_000;
}

/** `45 % of the log, about 2 minutes to go` */
export function progressText({ progress }: Operation): string | null {
  if (progress === null) return null;
  const { done, unit, perSecond, share, secondsLeft } = progress;
  const count = `${counted(done)} ${unit}${perSecond > 0 ? `, ${counted(perSecond)} a second` : ''}`;
  if (share === null) return count;
  const left = secondsLeft === null || secondsLeft < 1 ? '' : `, about ${durationText(secondsLeft)} left`;
  return `${Math.floor(share * 100)} % (${count})${left}`;
}

/** Seconds with one decimal below a minute, then the two largest units: `3.4 s`, `2 min 5 s`. */
export function durationPrecise(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.floor(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1,204,551` */
export const counted = (count: number): string => count.toLocaleString('en-US');

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${counted(count)} ${count === 1 ? one : many}`;
