import type { AccessAnswer } from './answer.js';
import type { AccessFacts } from './facts.js';

/**
 * Returns when an answer may next change without an event: a grant or a pause of collection ends. Null: never.
 * Subscriptions on a test clock change with their clock.
 */
export function nextChangeAt({ considered }: AccessAnswer, facts: readonly AccessFacts[], now: Date): Date | null {
  const ends = considered.map(({ granted, until, reason }) =>
    granted && !('clockTime' in reason && reason.clockTime !== null) ? until : null,
  );
  const resumptions = facts
    .flatMap(({ subscriptions }) => subscriptions)
    .map(({ pauseCollection, clockTime }) => (clockTime === null ? (pauseCollection?.resumesAt ?? null) : null));
  return [...ends, ...resumptions].reduce<Date | null>(
    (next, time) => (time !== null && time > now && (next === null || time < next) ? time : next),
    null,
  );
}
