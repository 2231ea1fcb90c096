import { Header } from '@nestjs/common';
import { fieldOf } from '../../projections/row.js';

/** A row as Postgres gives it. */
export type Row = Readonly<Record<string, unknown>>;
/** What the API says of a Stripe object: times are ISO 8601 in UTC, money is minor units with its currency. */
export type Answer = Readonly<Record<string, unknown>>;

/** For a route that answers with an object, or with the bytes of JSON that a thread has made. */
export const AnswersJson = () => Header('content-type', 'application/json; charset=utf-8');

/**
 * A row under the names of the API, with the Stripe event that made it so as `changedBy`. One of a parked stream is its last
 * good one, and says so with `stale`: where in the log the fold stands since when, and why. `unread` names an event of the stream that could
 * not be read, where the row shows a later state of its object.
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
  // Who looks at an object sees its status, and not when it began.
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

/** The Stripe event that made a row so, or the observation (`obs_…`). */
export function changedByOf({
  stripe_event_id: stripeEventId,
  stripe_event_type: type,
  stripe_event_created: created,
  api_version: apiVersion,
}: Row): Answer {
  return { stripeEventId, type, created, apiVersion };
}
