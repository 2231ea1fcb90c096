import type { RecordedEvent } from '../eventstore/recorded-event.js';

/**
 * A moment of the past on two axes, which can be combined: what was *true* then, by the time of events at Stripe, and
 * what was *known* then, by the content of the log. Null: now.
 */
export type Moment = Readonly<{
  /** Includes events that Stripe created up to this time. */
  trueAt: Date | null;
  /** Includes events up to this log position, or recorded up to this time by the store's clock. */
  knownAt: bigint | Date | null;
  /** Includes events up to this revision: a third axis, for a single stream. */
  revision: bigint | null;
}>;

/** Whether the log held an event at the moment. */
export function isKnown(
  { position, recordedAt, revision }: Pick<RecordedEvent, 'position' | 'recordedAt' | 'revision'>,
  moment: Moment,
): boolean {
  const { knownAt } = moment;
  const reaches =
    knownAt === null || (typeof knownAt === 'bigint' ? position <= knownAt : recordedAt.getTime() <= knownAt.getTime());
  return reaches && (moment.revision === null || revision <= moment.revision);
}

/** Whether something that happened in a second had happened at the moment. */
export const isTrue = (createdS: number, { trueAt }: Moment): boolean =>
  trueAt === null || createdS * 1000 <= trueAt.getTime();
