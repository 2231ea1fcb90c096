import { isoTime } from '../../events/fields.js';
import type { Observed, Source } from '../../eventstore/event-metadata.js';
import type { RecordedEvent } from '../../eventstore/recorded-event.js';
import { textOrNull } from '../values.js';

/**
 * An event as the log has it: its source and its place. Null where the event does not say, or not in a readable form.
 */
export type EventEntry = Readonly<{
  /** Stripe's id, `evt_…`; null for a quarantined body without one. */
  stripeEventId: string | null;
  /** The id in the log. */
  eventId: string;
  type: string;
  created: string | null;
  object: Readonly<{ kind: string | null; id: string | null }>;
  account: string | null;
  livemode: boolean | null;
  apiVersion: string | null;
  /** The source: a webhook delivery, a list of events, or an observation. */
  source: Source | null;
  /** For an observation: when Stripe was asked, when it answered, and why; null for an event. */
  observation: Readonly<{ askedAt: string; answeredAt: string; reason: string | null; run: string | null }> | null;
  /** Label of the matching signing secret. */
  endpoint: string | null;
  receivedAt: string | null;
  signedAt: string | null;
  recordedAt: string;
  stream: string;
  revision: string;
  position: string;
  bodySha256: string | null;
  contentHash: string | null;
  /** Why it is quarantined; null otherwise. */
  quarantine: string | null;
}>;

/** Returns an event of the log without its body. */
export function entryOf({ metadata, data, ...recorded }: RecordedEvent): EventEntry {
  const observed = metadata?.observed;
  const created = observed?.stands ?? memberOf(data, 'created');
  const object = observed === undefined ? memberOf(memberOf(data, 'data'), 'object') : data;
  return {
    stripeEventId: metadata?.stripeEventId ?? null,
    eventId: recorded.eventId,
    type: recorded.type,
    created: isTime(created) ? new Date(created * 1_000).toISOString() : null,
    object: {
      kind: observed?.object.name ?? textOrNull(memberOf(object, 'object')),
      id: observed?.object.id ?? textOrNull(memberOf(object, 'id')),
    },
    account: metadata?.account ?? null,
    livemode: metadata?.livemode ?? null,
    apiVersion: metadata?.apiVersion ?? null,
    source: metadata?.source ?? null,
    observation: observed === undefined ? null : observationOf(observed),
    endpoint: metadata?.endpoint ?? null,
    receivedAt: metadata?.receivedAt ?? null,
    signedAt: metadata?.signedAt ?? null,
    recordedAt: recorded.recordedAt.toISOString(),
    stream: recorded.stream,
    revision: String(recorded.revision),
    position: String(recorded.position),
    bodySha256: metadata?.bodySha256 ?? null,
    contentHash: metadata?.contentHash ?? null,
    quarantine: metadata?.quarantine ?? null,
  };
}

/** When and why an object was observed. */
export const observationOf = ({ asked, answered, reason, run }: Observed) => ({
  askedAt: isoTime(asked),
  answeredAt: isoTime(answered),
  reason,
  run,
});

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
const SECONDS_MAX = Date.UTC(9999, 0) / 1_000;
const isTime = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= SECONDS_MAX;

/** Which events to return; undefined fields match any. Times are times of receipt. */
export type EventFilter = Readonly<{
  /** A type, or a prefix of types followed by `.*`. */
  type?: string | undefined;
  /** The id of the object that the event is about. */
  object?: string | undefined;
  endpoint?: string | undefined;
  account?: string | undefined;
  livemode?: boolean | undefined;
  /** `true` or `false`, or the reason. */
  quarantine?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}>;

/** Whether an event matches a filter. */
export function isWanted(entry: EventEntry, filter: EventFilter): boolean {
  const { type, object, quarantine, since, until } = filter;
  const at = entry.receivedAt ?? entry.recordedAt;
  return (
    (type === undefined || isOfType(entry.type, type)) &&
    (object === undefined || entry.object.id === object) &&
    (['endpoint', 'account', 'livemode'] as const).every(
      (name) => filter[name] === undefined || entry[name] === filter[name],
    ) &&
    (quarantine === undefined || isQuarantined(entry, quarantine)) &&
    (since === undefined || at >= since) &&
    (until === undefined || at <= until)
  );
}

const isOfType = (type: string, wanted: string): boolean =>
  wanted.endsWith('.*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;

const isQuarantined = ({ quarantine }: EventEntry, wanted: string): boolean =>
  wanted === 'true' || wanted === 'false' ? (quarantine !== null) === (wanted === 'true') : quarantine === wanted;
