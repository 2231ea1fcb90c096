import { durationText } from '../api/operations/status.js';

/** The printed fields of an event, as the API answers it. */
export type EventAnswer = Readonly<{
  stripeEventId: string | null;
  type: string;
  created: string | null;
  object: Readonly<{ kind: string | null; id: string | null }>;
  receivedAt: string | null;
  recordedAt: string;
  stream: string;
  revision: string;
  quarantine: string | null;
}>;

/** Stripe delivers within seconds; a later delivery was retried, or sent again. */
const LATE_SECONDS = 60;

/** One event per line: time of receipt, type, id, and place. `withDate` for events that are not of today. */
export function eventLine(event: EventAnswer, { withDate }: { withDate: boolean }): string {
  const at = event.receivedAt ?? event.recordedAt;
  const time = withDate ? at.slice(0, 19).replace('T', ' ') : at.slice(11, 19);
  const late = event.created === null ? 0 : (Date.parse(at) - Date.parse(event.created)) / 1_000;
  const remarks = [
    event.quarantine === null ? '' : `quarantine: ${event.quarantine}`,
    late > LATE_SECONDS ? `late ${durationText(late)}` : '',
  ].filter(Boolean);
  return [time, event.type, event.stripeEventId ?? '-', `${event.stream}@${event.revision}`, ...remarks].join('  ');
}
