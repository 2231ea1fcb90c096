import type { EventStore } from '../eventstore/event-store.js';
import { readLogPage } from '../eventstore/read.js';
import { stripeEventOf, type RecordedEvent } from '../eventstore/recorded-event.js';
import type { Budget } from '../stripe-api/budget.js';
import { NEWEST_VERSION } from '../stripe-api/endpoints.js';
import { Rates } from '../stripe-api/rates.js';
import type { Whose } from './look.js';
import { StripeApi, type AccountFacts, type RequestReport } from '../stripe-api/stripe-api.js';

/** A key for one account and mode, and its rate. */
export type KeyOptions = Readonly<{
  key: string;
  livemode: boolean;
  url: string;
  /** Null: the version of the account's events. */
  apiVersion: string | null;
  perSecond: number;
  /** The rate limiter to share with other users of this key (default: its own). */
  rates?: Rates;
}>;

/** How to call Stripe, and within which limits. */
export type SessionOptions = KeyOptions &
  Readonly<{
    budget: Budget;
    signal: AbortSignal;
    /** The connected account to act for (default: none). */
    account?: string | null;
    /** The maximum number of tries per request (default: 6), and the timeout of each. */
    triesMax?: number;
    timeoutMs?: number;
    onRequest?: (report: RequestReport) => void;
  }>;

/** Stripe's API for a key whose account was checked against the webhooks in the log. */
export type Session = Readonly<{
  api: StripeApi;
  account: string;
  /**
   * The account if it is a connected one: its events and objects carry this id. Null: the key's own account, whose
   * events and objects do not name it.
   */
  connected: string | null;
  /** When the account was opened, in seconds; null when Stripe does not say. */
  opened: number | null;
  livemode: boolean;
  apiVersion: string;
  /** The second by Stripe's clock at which the session began. */
  at: number;
}>;

/** The key cannot be used here; the message says what to do. */
export class WrongKey extends Error {
  readonly code = 'WRONG_KEY';
}

const EVENTS_KEPT_S = 29 * 86_400;
const LOOKED_AT_MAX = 1_000;
const COMPARED = 3;

/** The account and mode of a session, as the log marks them. */
export const whoseOf = ({ connected, livemode }: Pick<Session, 'connected' | 'livemode'>): Whose => ({
  account: connected,
  livemode,
});

/**
 * Opens a session. A key of another account or mode would fill the log with foreign events for good, so the latest
 * webhooks must be events that the key can read. The caller closes its `api`. @throws WrongKey
 */
export async function openSession(store: EventStore, options: SessionOptions): Promise<Session> {
  const { livemode } = options;
  const rates = options.rates ?? new Rates({ perSecond: options.perSecond });
  const asker = apiOf(options, { rates, apiVersion: ANY_VERSION, account: null });
  try {
    const own = await asker.account();
    if (own.kind !== 'account') throw new WrongKey(own.message);
    const connected = options.account === own.id ? null : (options.account ?? null);
    const of = { rates, account: connected };
    const asking = connected === null ? asker : apiOf(options, { ...of, apiVersion: ANY_VERSION });
    try {
      const facts = connected === null ? own : await asking.account();
      if (facts.kind !== 'account') throw new WrongKey(facts.message);
      const webhooks = await latestWebhooks(store, { livemode, account: connected });
      await assertSees(asking, facts, webhooks);
      const known = options.apiVersion ?? webhooks.find((webhook) => webhook.apiVersion !== null)?.apiVersion ?? null;
      const apiVersion = known ?? (await versionOfEvents(asking));
      const { id: account, created: opened, answered: at } = facts;
      return { api: apiOf(options, { ...of, apiVersion }), account, connected, opened, livemode, apiVersion, at };
    } finally {
      if (asking !== asker) asking.close();
    }
  } finally {
    asker.close();
  }
}

/** Opens a session, without a request, for an account that is known to be connected to that of a session. */
export const connectedSession = (
  { apiVersion, livemode, at }: Session,
  options: SessionOptions & Readonly<{ rates: Rates }>,
  account: string,
): Session => ({
  api: apiOf(options, { rates: options.rates, account, apiVersion }),
  ...{ account, connected: account, opened: null, livemode, apiVersion, at },
});

/** For requests whose answers do not depend on the version: the account, and events, which keep their own. */
const ANY_VERSION = '2025-03-31.basil';

const apiOf = (
  { key, url, budget, signal, onRequest, triesMax, timeoutMs }: SessionOptions,
  of: Readonly<{ rates: Rates; apiVersion: string; account: string | null }>,
): StripeApi =>
  new StripeApi({
    ...{ key, url, budget, signal, ...of },
    ...(onRequest === undefined ? {} : { onRequest }),
    ...(triesMax === undefined ? {} : { triesMax }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });

/**
 * The API version of the account's events. Without an event in the last 30 days any version will do, so it is the
 * newest.
 */
async function versionOfEvents(api: StripeApi): Promise<string> {
  for await (const page of api.events({ limit: 1 })) {
    if (page.kind !== 'page') throw new WrongKey(page.message);
    const version = page.items[0]?.apiVersion;
    if (typeof version === 'string') return version;
    break;
  }
  return NEWEST_VERSION;
}

/** `since`: the second of the event, or of its receipt if it has none; a webhook may arrive weeks late. */
type Webhook = Readonly<{ id: string; apiVersion: string | null; since: number }>;

/** The latest webhooks of an account and mode, among the last events of the log. */
async function latestWebhooks(store: EventStore, { livemode, account }: Whose): Promise<Webhook[]> {
  const events = await readLogPage(store, { direction: 'backwards', from: 'end', max: LOOKED_AT_MAX });
  return events.flatMap((recorded): Webhook[] => {
    const { metadata } = recorded;
    return metadata?.source === 'webhook' &&
      metadata.livemode === livemode &&
      metadata.account === account &&
      metadata.quarantine === undefined &&
      metadata.stripeEventId !== null
      ? [{ id: metadata.stripeEventId, apiVersion: metadata.apiVersion, since: since(recorded) }]
      : [];
  });
}

/**
 * The second of the event or of its receipt, whichever is earlier: a test clock's time may lie years ahead, and not
 * every body has a time.
 */
function since(recorded: RecordedEvent): number {
  const came = Math.floor(recorded.recordedAt.getTime() / 1_000);
  try {
    return Math.min(came, stripeEventOf(recorded).created);
  } catch {
    return came;
  }
}

/** @throws WrongKey when Stripe knows none of the latest webhooks under this key */
async function assertSees(api: StripeApi, account: AccountFacts, webhooks: readonly Webhook[]): Promise<void> {
  const young = webhooks.filter(({ since }) => since > account.answered - EVENTS_KEPT_S);
  for (const { id } of young.slice(0, COMPARED)) {
    const found = await api.event(id);
    if (found.kind === 'found') return;
    if (found.kind !== 'gone' && found.kind !== 'other_mode') throw new WrongKey(found.message);
  }
  if (young.length >= COMPARED)
    throw new WrongKey(
      `Stripe knows none of the latest ${COMPARED} webhooks with the key of ${account.id}: the key belongs to another account or mode than the webhooks. Nothing was recorded.`,
    );
}
