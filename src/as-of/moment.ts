import type { RecordedEvent } from '../eventstore/recorded-event.js';

/**
 * A moment of the past, on two axes that may be combined: what was *true* then, by when things happened at Stripe, and what
 * was *known* then, by what the log held. Null: now.
 */
export type Moment = Readonly<{
  /** Events that Stripe created up to then count. */
  trueAt: Date | null;
  /** Events up to this position of the log count, or those that the store had recorded by a time, by its own clock. */
  knownAt: bigint | Date | null;
  /** Events up to this revision of their stream count: a third axis, for a single stream. */
  revision: bigint | null;
}>;

/** Whether an event counts by what was known. */
export function isKnown(
  { position, recordedAt, revision }: Pick<RecordedEvent, 'position' | 'recordedAt' | 'revision'>,
  moment: Moment,
): boolean {
  const { knownAt } = moment;
  const reaches =
    knownAt === null || (typeof knownAt === 'bigint' ? position <= knownAt : recordedAt.getTime() <= knownAt.getTime());
  return reaches && (moment.revision === null || revision <= moment.revision);
}

/** Whether what happened in a second counts by what was true. */
export const isTrue = (createdS: number, { trueAt }: Moment): boolean =>
  trueAt === null || createdS * 1000 <= trueAt.getTime();
