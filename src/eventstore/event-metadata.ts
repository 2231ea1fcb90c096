/**
 * The event metadata that the ledger records beside the body: how it is written and read. Format 1 is that of webhooks
 * only, before there were other sources (ARCHITECTURE.md, Log). Times are ISO 8601 in UTC; seconds count since 1970.
 */
import type { Json } from '../events/json.js';
import { isSecond } from '../events/stripe-event.js';

/**
 * The source of an event:
 * - `webhook`: Stripe delivered and signed it;
 * - `events_api`: Stripe listed it; the body is the event from that list;
 * - `observation`: Stripe's API returned the object in this state;
 * - `absence`: Stripe's API no longer has the object.
 */
export type Source = 'webhook' | 'events_api' | 'observation' | 'absence';

/** Why Stripe's API was called. */
export type Reason = 'backfill' | 'recovery' | 'drift' | 'refresh' | 'thin_event' | 'generation_failure';

/** The fields of all metadata in format 2. `created`: of a Stripe event, in seconds; null where it has none. */
type Written = Readonly<{
  format: 2;
  stripeEventId: string | null;
  apiVersion: string | null;
  account: string | null;
  livemode: boolean | null;
  created: number | null;
  receivedAt: string;
  bodySha256: string;
  /** For an observation: the hash of its object without the fields that change from one rendering to the next. */
  contentHash: string;
}>;

/** The request that returned it: its run, and Stripe's request id. `causedBy`: the event that caused the request. */
type Asked = Readonly<{ requestId: string | null; run: string | null; reason: Reason; causedBy: string | null }>;

export type WebhookMetadata = Written &
  Readonly<{
    source: 'webhook';
    /** Label of the matching signing secret. */
    endpoint: string;
    signedAt: string;
    /** Why the event is quarantined; absent otherwise. */
    quarantine?: string | undefined;
  }>;

export type ListedMetadata = Written & Asked & Readonly<{ source: 'events_api' }>;

/** Start and answer of the request in seconds of Stripe's clock, the answer's logical place, and the object. */
type Looked = Readonly<{
  asked: number;
  answered: number;
  stands: number;
  object: Readonly<{ name: string; id: string }>;
  /**
   * Id of the object's last event in logical order at that time: the same observation after the same event has the same
   * id, after another event a new one.
   */
  anchor: string | null;
}>;

export type ObservationMetadata = Written & Asked & Looked & Readonly<{ source: 'observation' | 'absence' }>;

export type EventMetadata = WebhookMetadata | ListedMetadata | ObservationMetadata;

/** The metadata of an observation or absence, as read back. */
export type Observed = Looked & Readonly<{ requestId: string | null; run: string | null; reason: string | null }>;

/** Metadata as read back: a missing or invalid field is null. */
export type RecordedMetadata = Readonly<{
  format: number;
  source: Source;
  stripeEventId: string | null;
  apiVersion: string | null;
  account: string | null;
  livemode: boolean | null;
  endpoint: string | null;
  receivedAt: string | null;
  signedAt: string | null;
  bodySha256: string | null;
  contentHash: string | null;
  quarantine?: string | undefined;
  /** Set for observations and absences. */
  observed?: Observed | undefined;
  /** Why this build cannot read the event; absent where it can. */
  unreadable?: string | undefined;
}>;

const NEWEST_FORMAT = 2;
const SOURCES: readonly unknown[] = ['webhook', 'events_api', 'observation', 'absence'] satisfies readonly Source[];

/**
 * Reads metadata; null unless a numeric `format` shows that the ledger wrote it. Other invalid fields become null, so
 * that they block no stream. Metadata of a newer build is not skipped as foreign: it is unreadable, and parks its
 * stream.
 */
export function recordedMetadataOf(metadata: unknown): RecordedMetadata | null {
  if (typeof metadata !== 'object' || metadata === null) return null;
  const fields = metadata as Fields;
  const { format, livemode, quarantine } = fields;
  if (typeof format !== 'number') return null;
  const source = format === 1 || fields['source'] === undefined ? 'webhook' : fields['source'];
  const isObserved = source === 'observation' || source === 'absence';
  const observed = isObserved ? observedOf(fields) : null;
  const unreadable =
    whyUnreadable(format, source, fields) ??
    (isObserved && observed === null ? 'its metadata does not say what was observed or when' : null);
  if (unreadable !== null) return { ...NOTHING, format, stripeEventId: textOf(fields['stripeEventId']), unreadable };
  return {
    format,
    source: source as Source,
    stripeEventId: textOf(fields['stripeEventId']),
    apiVersion: textOf(fields['apiVersion']),
    account: textOf(fields['account']),
    livemode: typeof livemode === 'boolean' ? livemode : null,
    endpoint: textOf(fields['endpoint']),
    receivedAt: timeOf(fields['receivedAt']),
    signedAt: timeOf(fields['signedAt']),
    bodySha256: textOf(fields['bodySha256']),
    contentHash: textOf(fields['contentHash']),
    ...(quarantine === undefined ? {} : { quarantine: textOf(quarantine) ?? 'odd metadata' }),
    ...(observed === null ? {} : { observed }),
  };
}

const NOTHING: RecordedMetadata = {
  format: NEWEST_FORMAT,
  source: 'webhook',
  stripeEventId: null,
  apiVersion: null,
  account: null,
  livemode: null,
  endpoint: null,
  receivedAt: null,
  signedAt: null,
  bodySha256: null,
  contentHash: null,
};

type Fields = Readonly<Record<string, unknown>>;

function whyUnreadable(format: number, source: unknown, fields: Fields): string | null {
  if (format !== 1 && format !== NEWEST_FORMAT)
    return `it was written by a newer build, in format ${format}; this build reads formats 1 and ${NEWEST_FORMAT}`;
  if (!SOURCES.includes(source)) return 'it was written by a newer build, from a source that this build does not know';
  // Part of the body is stored elsewhere, encrypted: the remainder must not pass for the whole.
  if (format === NEWEST_FORMAT && (fields['personal'] ?? null) !== null)
    return 'its personal data is sealed, and this build cannot open it';
  return null;
}

function observedOf(fields: Fields): Observed | null {
  const { asked, answered, stands, object } = fields;
  const { name, id } = (typeof object === 'object' && object !== null ? object : {}) as Fields;
  if (!isTime(asked) || !isTime(answered) || !isTime(stands)) return null;
  if (typeof name !== 'string' || typeof id !== 'string') return null;
  return {
    asked,
    answered,
    stands,
    object: { name, id },
    anchor: textOf(fields['anchor']),
    requestId: textOf(fields['requestId']),
    run: textOf(fields['run']),
    reason: textOf(fields['reason']),
  };
}

const isTime = (value: unknown): value is number => isSecond(value as Json);
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]{8,20}Z$/;
const timeOf = (value: unknown): string | null =>
  typeof value === 'string' && TIME.test(value) ? isoTimeOf(new Date(value)) : null;

/** A time as text that Postgres and JSON read alike; null outside the years 1 to 9999. */
export function isoTimeOf(date: Date): string | null {
  if (Number.isNaN(date.getTime())) return null;
  const text = date.toISOString();
  return /^(?!0000)\d{4}-/.test(text) ? text : null;
}
