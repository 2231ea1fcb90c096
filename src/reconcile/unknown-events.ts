import { field, isJsonObject } from '../events/json.js';
import { isSecond } from '../events/stripe-event.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readLogPage } from '../eventstore/read.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import type { StripeApi } from '../stripe-api/stripe-api.js';
import type { Whose } from './look.js';

/** A webhook event that Stripe did not know. `at`: when it was looked up, in milliseconds by our clock. */
export type Suspect = Readonly<{ id: string; type: string; stream: string; created: number; at: number }>;

type Asked = Readonly<{
  whose: Whose;
  /** The position up to which the log was checked; null: not at all yet, and its past is not checked. */
  after: bigint | null;
  suspects: readonly Suspect[];
  /** The ids of events that Stripe listed in the last passes. */
  listed: ReadonlySet<string>;
  /** Seconds of Stripe's clock: the end of the covered period, and now. */
  coveredTo: number;
  now: number;
  nowMs: number;
}>;

export type Unknown = Readonly<{ to: bigint | null; suspects: readonly Suspect[]; unknown: readonly Suspect[] }>;

const PAGE = 500;
const PAGES_MAX = 10;
/** Lookups per pass; each event that arrived late costs a request. */
const ASKED_MAX = 20;
const SUSPECTS_MAX = 100;
const EVENTS_KEPT_S = 29 * 86_400;
/** The time between two lookups: Stripe may lack an event for some minutes. */
const LOOKS_APART_MS = 600_000;
/** Events about accounts other than the key's own. */
const OF_OTHERS = /^account\.application\./;

/**
 * Webhook events with a valid signature that Stripe does not know, even at a second lookup: a signing secret has
 * leaked, or the secret of another account is configured.
 */
export async function unknownToStripe(
  { store, api }: Readonly<{ store: EventStore; api: StripeApi }>,
  asked: Asked,
): Promise<Unknown> {
  const { suspects, nowMs } = asked;
  const unknown: Suspect[] = [];
  const still: Suspect[] = [];
  for (const suspect of suspects) {
    const isDue = nowMs - suspect.at >= LOOKS_APART_MS;
    const found = isDue ? await api.event(suspect.id) : null;
    if (found?.kind === 'gone') unknown.push(suspect);
    else if (found?.kind !== 'found') still.push(suspect);
  }
  const { to, suspicious } = await candidates({ store, api }, asked);
  return { to, suspects: [...still, ...suspicious].slice(0, SUSPECTS_MAX), unknown };
}

async function candidates(
  { store, api }: Readonly<{ store: EventStore; api: StripeApi }>,
  { whose, after, listed, coveredTo, now, nowMs }: Asked,
): Promise<{ to: bigint | null; suspicious: Suspect[] }> {
  if (after === null) {
    const [last] = await readLogPage(store, { direction: 'backwards', from: 'end', max: 1 });
    return { to: last?.position ?? null, suspicious: [] };
  }
  const suspicious: Suspect[] = [];
  let to = after;
  let requests = 0;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const events = await readLogPage(store, { direction: 'forwards', from: to, max: PAGE });
    const next = events.filter(({ position }) => position > to);
    for (const event of next) {
      const webhook = webhookOf(event, whose);
      if (webhook !== null) {
        // The next pass lists younger events; a future time comes from a test clock.
        if (webhook.created > coveredTo && webhook.created <= now) return { to, suspicious };
        if (!listed.has(webhook.id) && webhook.created > now - EVENTS_KEPT_S) {
          if (requests === ASKED_MAX) return { to, suspicious };
          requests += 1;
          const found = await api.event(webhook.id);
          if (found.kind === 'gone') suspicious.push({ ...webhook, at: nowMs });
          else if (found.kind !== 'found') return { to, suspicious };
        }
      }
      to = event.position;
    }
    if (events.length < PAGE) break;
  }
  return { to, suspicious };
}

/** The identity of a webhook of the key's own account and mode; null for any other event. */
function webhookOf({ metadata, type, stream, data }: RecordedEvent, { account, livemode }: Whose) {
  if (metadata?.source !== 'webhook' || metadata.quarantine !== undefined) return null;
  if (metadata.account !== account || metadata.livemode !== livemode || OF_OTHERS.test(type)) return null;
  const created = isJsonObject(data) ? field(data, 'created') : null;
  const id = metadata.stripeEventId;
  return id === null || !isSecond(created) ? null : { id, type, stream, created };
}
