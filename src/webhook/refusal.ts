import type { QuarantineReason } from '../events/route.js';
import type { BodyRefusal } from '../http/bodies.js';
import type { Problem } from '../http/problem.js';
import { PROBLEMS } from '../http/problems.js';
import type { IntakeOutcome } from './intake.js';

/** Outcomes of a delivery whose event is in the log. */
export type Acknowledged = 'appended' | 'duplicate' | 'quarantined';

/** Why a delivery was not acknowledged, whichever layer refused it. */
export type Refusal = Exclude<IntakeOutcome, { kind: Acknowledged }> | Readonly<{ kind: BodyRefusal }>;

/** A delivery whose event is in the log. */
export type Recorded = Extract<IntakeOutcome, { kind: Acknowledged }>;
export type Quarantined = Extract<IntakeOutcome, { kind: 'quarantined' }>;

/** Log texts for events in quarantine. */
export const QUARANTINED: Readonly<Record<QuarantineReason, string>> = {
  not_an_event: 'it does not have the form of a Stripe event.',
  envelope: 'it is wrapped in the envelope of another service. Let Stripe deliver to this endpoint directly.',
  thin_event: 'it is a v2 event, which carries no snapshot.',
  reserved_type: 'its type begins with "ledger.", which is reserved for the ledger’s own events.',
  no_object: 'its object has no name that is valid for a stream.',
  no_real_id: 'the event, its object or the owner of the object has no valid id.',
  conflict: 'its event id is recorded with other content.',
  stream_deleted: 'the stream of its object is tombstoned, and accepts no more events.',
};

const RAISE_LIMIT =
  'Raise APPEND_BYTES_MAX, and the limit of the event store unless it is the embedded one, or the ' +
  'event is lost after Stripe’s retries.';

/** Returns the answer to the sender of a refused delivery. */
export function problemOf(refusal: Refusal): Problem {
  switch (refusal.kind) {
    case 'bad_signature':
      return { code: `signature_${refusal.reason}` };
    case 'unreadable':
      return { code: 'unreadable_body' };
    case 'incomplete':
      return { code: 'incomplete_body' };
    case 'malformed':
      return { code: 'malformed_request' };
    case 'timeout':
      return { code: 'request_timeout' };
    case 'too_large':
    case 'over_limit':
      return { code: 'body_too_large' };
    case 'overloaded':
      return { code: 'overloaded' };
    case 'unavailable':
      return { code: 'store_unavailable' };
  }
}

/** A log line; the cause is logged with its stack. */
export type Remark = Readonly<{ level: 'warn' | 'error'; text: string; cause?: unknown }>;

const warning = (text: string): Remark => ({ level: 'warn', text });
const alarm = (text: string, cause?: unknown): Remark => ({ level: 'error', text, cause });

/**
 * Returns the log line of a refusal, with what to check. It contains nothing that the sender wrote unless it was
 * signed. `labels` name the configured secrets.
 */
export function remarkOn(refusal: Refusal, labels: readonly string[]): Remark {
  switch (refusal.kind) {
    case 'bad_signature':
      return warning(
        `A delivery was refused. ${PROBLEMS[`signature_${refusal.reason}`].remedy}${refusal.reason === 'no_match' ? ` Tried: ${labels.join(', ')}.` : ''}`,
      );
    case 'unreadable':
      return warning(
        `A delivery was refused: the secret "${refusal.endpoint}" has signed it, but it is not valid JSON.`,
      );
    case 'incomplete':
      return warning('A delivery ended before its whole body arrived.');
    case 'malformed':
      return warning('A delivery was refused: it is not valid HTTP.');
    case 'timeout':
      return warning('A delivery timed out: it did not arrive completely within REQUEST_TIMEOUT_MS.');
    case 'too_large':
      return alarm(
        `A ${refusal.type} of ${refusal.bytes} bytes exceeds the append limit${limitOf(refusal.limitBytes)}. ${RAISE_LIMIT}`,
      );
    case 'over_limit':
      return alarm(
        'A delivery of more than APPEND_BYTES_MAX was refused, and its signature was not checked. If Stripe ' +
          `sent it: ${RAISE_LIMIT}`,
      );
    case 'overloaded':
      return warning('A delivery was refused because too many are in progress. Stripe will send it again.');
    case 'unavailable':
      return alarm('The event store did not accept an event. Stripe will send it again.', refusal.cause);
  }
}

/** The store's own limit may be lower than APPEND_BYTES_MAX. */
const limitOf = (bytes: number | null): string => (bytes === null ? '' : ` of ${bytes} bytes`);
