import { Header } from '@nestjs/common';
import { fieldOf } from '../../projections/row.js';

/** A row as Postgres returns it. */
export type Row = Readonly<Record<string, unknown>>;
/** A Stripe object as the API answers it: times are ISO 8601 in UTC, money is minor units with its currency. */
export type Answer = Readonly<Record<string, unknown>>;

/** For a route that answers with an object, or with JSON bytes from a worker thread. */
export const AnswersJson = () => Header('content-type', 'application/json; charset=utf-8');

/**
 * Returns a row under the API's field names, with the Stripe event behind its state as `changedBy`. A row of a parked
 * stream is its last good one, and has `stale`: since when, the log position of the fold, and the cause. `unread` names
 * an event of the stream that could not be read, where the row shows a later state.
 */
export function answerOf({
  stream,
  stripe_event_id,
  stripe_event_type,
  stripe_event_created,
  api_version,
  stale_since: since,
  unread_event: unread,
  stale_cause: cause,
  stale_revision: revision,
  ...row
}: Row): Answer {
  const fields = Object.entries(row).map(
    ([column, value]) => [fieldOf(column), typeof value === 'bigint' ? Number(value) : value] as const,
  );
  const stale = since instanceof Date ? { stale: { since, stream, revision: String(revision), cause } } : {};
  const passed =
    typeof unread === 'string' ? { unread: { stripeEventId: unread, stream, revision: String(revision), cause } } : {};
  // An observation shows the status but not its start, so the time is only an upper bound.
  const bound = isObservationId(row['status_event']) ? { statusSinceIsBound: true } : {};
  return {
    ...Object.fromEntries(fields),
    ...bound,
    changedBy: changedByOf({ stripe_event_id, stripe_event_type, stripe_event_created, api_version }),
    ...stale,
    ...passed,
  };
}

const isObservationId = (id: unknown): boolean => typeof id === 'string' && id.startsWith('obs_');

/** The Stripe event, or observation (`obs_…`), behind the state of a row. */
export function changedByOf({
  stripe_event_id: stripeEventId,
  stripe_event_type: type,
  stripe_event_created: created,
  api_version: apiVersion,
}: Row): Answer {
  return { stripeEventId, type, created, apiVersion };
}
