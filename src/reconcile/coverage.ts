/**
 * For which period the events of an account are known to be complete, recorded in the log itself. So any prefix of the
 * log, even a restored backup, knows what it lacks.
 */
import type { EventItem, Page } from '../stripe-api/answers.js';
import type { StripeApi } from '../stripe-api/stripe-api.js';
import { lastOf } from '../eventstore/own-streams.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readStream, readStreamBack } from '../eventstore/read.js';
import type { Refusal } from '../stripe-api/refusals.js';
import type { EventsFound, EventsParts, MissingEvent } from './events-pass.js';
import { compareEvents, comparePage } from './events-pass.js';
import { append } from './run-log.js';
import { whoseOf, type Session } from './session.js';

/**
 * All events that Stripe lists with `created` from `from` to `to`, both included, are in the log. Seconds of Stripe's
 * clock.
 */
export type Covered = Readonly<{ kind: 'covered'; from: number; to: number; listed: number; appended: number }>;
/** What happened in between is unknown: Stripe keeps events for 30 days. */
export type Gap = Readonly<{ kind: 'gap'; from: number; to: number; cause: string }>;

/** Stripe no longer serves the account: its connection has ended. */
export type Ended = Readonly<{ kind: 'ended'; cause: string; message: string }>;

/** `ended`: the connection ended after the last covered period. */
export type Coverage = Readonly<{ last: Covered | Gap | null; ended: boolean; revision: bigint }>;

/**
 * How long Stripe's list may stay incomplete, in seconds: younger events are appended, and listed again in the next
 * pass.
 */
export const SETTLE_S = 900;
const EVENTS_KEPT_S = 30 * 86_400 - 3_600;

/** A Stripe account in one mode. */
export type Account = Readonly<{ account: string; livemode: boolean }>;

export const coverageStreamOf = ({ account, livemode }: Account): string =>
  `ledger-coverage-${account}-${livemode ? 'live' : 'test'}`;

/** Events to read back: claims and followed positions lie between two `covered` events. */
const LOOKED_AT_MAX = 5_000;

export async function readCoverage(store: EventStore, whose: Account): Promise<Coverage> {
  let ended = false;
  let end: bigint | null = null;
  for await (const { data, revision } of readStreamBack(store, coverageStreamOf(whose), { max: LOOKED_AT_MAX })) {
    end ??= revision;
    const event = data as Covered | Gap | Ended | Readonly<{ kind: 'claim' | 'followed' | 'swept' }>;
    if (event.kind === 'covered' || event.kind === 'gap') return { last: event, ended, revision: end };
    ended ||= event.kind === 'ended';
  }
  return { last: null, ended, revision: end ?? -1n };
}

/** The stream that lists the accounts with coverage; an account may appear more than once. */
const COVERED = 'ledger-covered-accounts';

async function listCovered(store: EventStore, { account, livemode }: Account): Promise<void> {
  for (let tries = 1; tries <= LISTED_TRIES; tries += 1) {
    const revision = (await lastOf(store, COVERED))?.revision ?? -1n;
    if (await append(store, COVERED, { type: 'ledger.coverage_begun', data: { account, livemode }, revision })) return;
  }
  throw new Error('Too many accounts are covered for the first time at once.');
}
const LISTED_TRIES = 20;

/** The accounts that were covered first, at most `max`. */
export const coveredAccounts = async (store: EventStore, max: number): Promise<readonly Account[]> => {
  const accounts: Account[] = [];
  for await (const { data } of readStream(store, COVERED)) {
    accounts.push(data as Account);
    if (accounts.length === max) break;
  }
  return accounts;
};

/** Why an event was not in the log, as far as can be determined. */
export type Cause = 'in_retry' | 'before_endpoint' | 'not_enabled' | 'endpoint_down' | 'listed_late' | 'never_arrived';

/** Whether an event is missing because of a fault, rather than still in retry or older than the endpoint. */
export const isFault = ({ cause }: MissedEvent): boolean => cause !== 'in_retry' && cause !== 'before_endpoint';
export type MissedEvent = MissingEvent & Readonly<{ cause: Cause }>;

export type Recovered =
  | Readonly<{
      kind: 'recovered';
      covered: Covered | null;
      gap: Gap | null;
      listed: number;
      requests: number;
      missed: readonly MissedEvent[];
    }>
  /** Another process covers this account at the same time; missing events are appended only once. */
  | Readonly<{ kind: 'overtaken' }>
  | Readonly<{ kind: 'refused'; because: Refusal['kind']; message: string }>;

type Asked = Readonly<{
  session: Session;
  run: string | null;
  isDryRun: boolean;
  /** The second to begin at (default: where coverage ends). */
  since?: number;
  /** Called with the listed ids. */
  onListed?: (ids: readonly string[]) => void;
}>;

/**
 * Makes one pass of recovery: appends the events that Stripe lists and the log lacks, from the end of coverage to now,
 * and extends the coverage.
 */
export async function recover(
  parts: EventsParts,
  { session, run, isDryRun, since, onListed }: Asked,
): Promise<Recovered> {
  const { store } = parts;
  const coverage = await readCoverage(store, session);
  const asked = {
    whose: whoseOf(session),
    purpose: { run, reason: 'recovery' as const, causedBy: null },
    isDryRun,
    ...(onListed === undefined ? {} : { onListed }),
  };
  const wantedSince = since ?? (coverage.last === null ? null : coverage.last.to + 1);
  const now = await pageSince(parts.api, wantedSince ?? 0);
  if (now.kind !== 'page') return refused(store, session, now);
  const oldest = now.answered - EVENTS_KEPT_S;
  const wanted = wantedSince ?? oldest;
  const gap = gapBefore(coverage, wanted, oldest);
  const from = Math.max(wanted, oldest);
  // When the first page holds all events, no further request is needed.
  const found =
    !now.hasMore && (wantedSince === null || wanted >= oldest)
      ? await comparePage(parts, asked, now)
      : await compareEvents(parts, { ...asked, from, to: now.answered });
  if ('kind' in found) return refused(store, session, found);
  const endpoints = found.missing.length === 0 ? null : await enabledTypes(parts, session.livemode);
  const missed = found.missing.map((one) => ({ ...one, cause: causeOf(one, { found, endpoints, at: now.answered }) }));
  const to = now.answered - SETTLE_S;
  const covered: Covered | null =
    to < from ? null : { kind: 'covered', from, to, listed: found.listed, appended: found.missing.length };
  const { listed, requests } = found;
  const recovered: Recovered = { kind: 'recovered', covered, gap, listed, requests, missed };
  if (isDryRun || covered === null) return recovered;
  if (coverage.last === null) await listCovered(store, session);
  let { revision } = coverage;
  for (const next of gap === null ? [covered] : [gap, covered]) {
    const type = `ledger.${next.kind}`;
    if (!(await append(store, coverageStreamOf(session), { type, data: next, revision }))) return { kind: 'overtaken' };
    revision += 1n;
  }
  return recovered;
}

const SWEPT_S = 72 * 3_600;
const SWEEP_S = 3_600;

/**
 * Lists one covered hour of the last three days again, and appends what is new: Stripe listed it later than the
 * settling time. Returns null when nothing is covered yet or Stripe does not answer.
 */
export async function sweepLate(
  parts: EventsParts,
  session: Session,
  random: () => number = Math.random,
): Promise<readonly MissedEvent[] | null> {
  const { last } = await readCoverage(parts.store, session);
  if (last?.kind !== 'covered') return null;
  const from = last.to - Math.floor(SWEEP_S + random() * (SWEPT_S - SWEEP_S));
  const found = await compareEvents(parts, {
    ...{ from, to: from + SWEEP_S - 1, whose: whoseOf(session) },
    purpose: { run: null, reason: 'recovery', causedBy: null },
  });
  return 'kind' in found ? null : found.missing.map((one) => ({ ...one, cause: 'listed_late' as const }));
}

/**
 * The newest page of events since a second. It usually holds all of them, so a short period costs one request; it also
 * gives Stripe's clock.
 */
async function pageSince(api: StripeApi, since: number): Promise<Page<EventItem> | Refusal> {
  for await (const page of api.events({ created: { gte: since } })) return page;
  throw new Error('Stripe was not asked.');
}

/** A refused pass covers nothing; for an account that is no longer connected, it also ends the coverage. */
async function refused(store: EventStore, session: Session, { kind, message }: Refusal): Promise<Recovered> {
  if (kind === 'not_connected' && session.connected !== null) {
    const { ended, revision } = await readCoverage(store, session);
    const data: Ended = { kind: 'ended', cause: 'deauthorized', message };
    if (!ended) await append(store, coverageStreamOf(session), { type: 'ledger.coverage_ended', data, revision });
  }
  return { kind: 'refused', because: kind, message };
}

function gapBefore({ last }: Coverage, wanted: number, oldest: number): Gap | null {
  if (last === null || wanted >= oldest) return null;
  return { kind: 'gap', from: wanted, to: oldest - 1, cause: 'older than the events that Stripe keeps' };
}

type Enabled = readonly Readonly<{ isEnabled: boolean; created: number; types: readonly string[] }>[];

/**
 * The event types that each of Stripe's webhook endpoints is subscribed to; null when the key may not read endpoints.
 */
async function enabledTypes({ api }: EventsParts, livemode: boolean): Promise<Enabled | null> {
  const reply = await api.ask({
    resource: 'webhook_endpoint',
    operation: 'list',
    path: '/v1/webhook_endpoints',
    // Events of connected accounts are delivered to the platform's endpoints.
    account: null,
    params: { limit: '100' },
  });
  const data = reply.kind === 'answered' ? (reply.value as { data?: unknown }).data : null;
  if (!Array.isArray(data)) return null;
  return (data as Readonly<Record<string, unknown>>[])
    .filter((endpoint) => endpoint['livemode'] === undefined || endpoint['livemode'] === livemode)
    .map(({ status, created, enabled_events: types }) => ({
      isEnabled: status !== 'disabled',
      created: typeof created === 'number' ? created : 0,
      types: Array.isArray(types) ? (types as string[]) : [],
    }));
}

const RETRIED_S = 3 * 86_400;

/** The cause of a missing event, from the event, the other listed events and Stripe's endpoints. Pure. */
function causeOf(
  { type, created, pendingWebhooks }: MissingEvent,
  { found, endpoints, at }: { found: EventsFound; endpoints: Enabled | null; at: number },
): Cause {
  if (pendingWebhooks > 0 && created > at - RETRIED_S) return 'in_retry';
  if (endpoints !== null) {
    const subscribed = endpoints.filter(({ types }) => types.includes('*') || types.includes(type));
    if (endpoints.length > 0 && subscribed.length === 0) return 'not_enabled';
    if (subscribed.length > 0 && subscribed.every((endpoint) => endpoint.created > created)) return 'before_endpoint';
    if (endpoints.length > 0 && subscribed.every(({ isEnabled }) => !isEnabled)) return 'endpoint_down';
  }
  return found.known === 0 && found.listed > 1 ? 'endpoint_down' : 'never_arrived';
}
