import { field, isJsonObject, type Json } from '../events/json.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readOfTypes } from '../eventstore/own-streams.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import type { Refusal } from '../stripe-api/refusals.js';
import { RESOURCES, type Resource } from '../stripe-api/resources.js';
import type { StripeApi } from '../stripe-api/stripe-api.js';
import { listedEvent } from './listed-event.js';
import { absenceOf, lookOf, type Purpose, type Whose } from './look.js';
import { appendWhenItCan, Recorder, REPAIRS, type RecorderParts } from './recorder.js';
import { retrieveByClock } from './test-clocks.js';

/** The outcome for a thin event (one without a snapshot). `appended`: 0 when nothing was new. */
export type Fetched = Readonly<{ id: string; type: string; outcome: 'event' | 'object' | 'nothing'; appended: number }>;

/** Stripe fails to generate an event for some changes, and reports that later with one of these. */
const FAILURE = /^v2\.core\.health\.event_generation_failure\./;
/** Types of v2 events, which carry no snapshot: `v1.billing.meter.…`, `v2.core.…`. */
const THIN = '^v[0-9]+\\.';
const AT_ONCE = 20;

type Parts = RecorderParts & Readonly<{ api: StripeApi; whose: Whose; run: string | null }>;
/** Stripe's API for a connected account; null when it is not watched. */
type ApiOf = (account: string) => StripeApi | null;

/**
 * Fetches what thin events after a position are about: Stripe's own event if there is one, else the object. Returns the
 * position up to which all are processed, which stays before one that Stripe does not answer for now.
 */
export async function fetchThin(
  parts: Parts,
  after: bigint | null,
  apiOf: ApiOf = () => null,
): Promise<Readonly<{ fetched: readonly Fetched[]; to: bigint | null; refusal: Refusal | null }>> {
  const fetched: Fetched[] = [];
  let to = after;
  for (const event of await thinEvents(parts.store, after)) {
    const account = connectedIn(event);
    const api = account === null ? parts.api : apiOf(account);
    if (api !== null && isOf(event, parts.whose)) {
      const whose = api === parts.api ? parts.whose : { ...parts.whose, account };
      const one = await fetchOne({ ...parts, api, whose }, event);
      if ('kind' in one) return { fetched, to, refusal: one };
      fetched.push(one);
    }
    to = event.position;
  }
  return { fetched, to, refusal: null };
}

const thinEvents = (store: EventStore, after: bigint | null): Promise<RecordedEvent[]> =>
  readOfTypes(store, { types: THIN, after, max: AT_ONCE });

/**
 * The connected account that a thin event names in `context` (docs.stripe.com/webhooks/event-notification-handlers);
 * null: the key's own.
 */
function connectedIn({ data }: RecordedEvent): string | null {
  const context = textIn(data as Json, 'context');
  return context !== null && /^acct_\w+$/.test(context) ? context : null;
}

/** Whether an event is a thin event of this mode. */
const isOf = ({ metadata }: RecordedEvent, whose: Whose): boolean =>
  metadata?.quarantine === 'thin_event' && (metadata.livemode ?? whose.livemode) === whose.livemode;

async function fetchOne(parts: Parts, { type, data }: RecordedEvent): Promise<Fetched | Refusal> {
  const stripeEventId = textIn(data as Json, 'id') ?? '';
  const nothing = { id: stripeEventId, type, outcome: 'nothing', appended: 0 } as const;
  const path = `/v2/core/events/${encodeURIComponent(stripeEventId)}`;
  const reply = await parts.api.ask({ resource: 'v2.core.event', operation: 'retrieve', path });
  // If Stripe no longer has the event, its delivery says what it is about.
  if (reply.kind !== 'answered' && reply.kind !== 'gone') return isLasting(reply) ? nothing : reply;
  const body = reply.kind === 'answered' ? (reply.value as Json) : (data as Json);
  const snapshot = textIn(body, 'snapshot_event');
  if (snapshot !== null) {
    const found = await parts.api.event(snapshot);
    if (found.kind === 'found') {
      const purpose: Purpose = { run: parts.run, reason: 'thin_event', causedBy: stripeEventId };
      const event = listedEvent(found.item, found, parts.whose, purpose);
      const outcome = event === null ? null : await appendWhenItCan(parts.appender, event, snapshot);
      return { ...nothing, outcome: 'event', appended: outcome?.kind === 'appended' ? 1 : 0 };
    }
    if (found.kind !== 'gone' && !isLasting(found)) return found;
  }
  return fetchObject(parts, body, nothing);
}

async function fetchObject(parts: Parts, body: Json, nothing: Fetched): Promise<Fetched | Refusal> {
  const about = aboutOf(body, nothing.type);
  if (about === null) return nothing;
  const { api, whose } = parts;
  const found = await retrieveByClock(api, about.resource, { id: about.id });
  if (found.kind === 'advancing') return nothing;
  const now = found.kind === 'gone' ? await api.account() : null;
  if (now !== null && now.kind !== 'account') return now;
  if (found.kind !== 'found' && found.kind !== 'gone') return isLasting(found) ? nothing : found;
  const look =
    found.kind === 'found'
      ? lookOf(found.item, found, whose, found.time)
      : absenceOf({ name: about.resource.object, id: about.id, bytes: found.body }, now ?? neverAnswered(), whose);
  const reason = FAILURE.test(nothing.type) ? 'generation_failure' : 'thin_event';
  const purpose: Purpose = { run: parts.run, reason, causedBy: nothing.id };
  const [recorded] = await new Recorder(parts).recordAll([look], { worth: REPAIRS, purpose });
  return { ...nothing, outcome: 'object', appended: recorded?.appended == null ? 0 : 1 };
}

const neverAnswered = (): never => {
  throw new Error('An absence without a response.');
};

/**
 * The object that an event is about, if the ledger reads its kind; found by its URL, or by its type when the URL is a
 * dashboard one.
 */
function aboutOf(body: Json, type: string): Readonly<{ resource: Resource; id: string }> | null {
  const impact = objectIn(objectIn(body, 'data'), 'impact');
  const related = objectIn(FAILURE.test(type) ? impact : body, 'related_object');
  const id = textIn(related, 'id');
  const url = textIn(related, 'url') ?? '';
  const name = textIn(related, 'type') ?? '';
  const resource = RESOURCES.find(({ object, path }) => object === name || url.startsWith(`${path}/`));
  return resource === undefined || id === null ? null : { resource, id };
}

/**
 * Whether a refusal is permanent: the key lacks a right, the account is no longer connected, or the object cannot be
 * requested.
 */
const isLasting = ({ kind }: Readonly<{ kind: string }>): boolean =>
  ['denied', 'refused', 'not_available', 'not_connected', 'other_mode', 'gone'].includes(kind);

const objectIn = (value: Json | null, name: string): Json | null => {
  const found = value !== null && isJsonObject(value) ? field(value, name) : null;
  return found !== null && isJsonObject(found) ? found : null;
};
const textIn = (value: Json | null, name: string): string | null => {
  const found = value !== null && isJsonObject(value) ? field(value, name) : null;
  return typeof found === 'string' ? found : null;
};
