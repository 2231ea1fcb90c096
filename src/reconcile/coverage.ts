/**
 * Which time the events of an account are known to be complete for, in the log itself: so any beginning of the log, a restored backup
 * too, knows by itself what it lacks.
 */
import type { EventItem, Page } from '../stripe-api/answers.js';
import type { StripeApi } from '../stripe-api/stripe-api.js';
import { latestOf } from '../eventstore/own-streams.js';
import type { EventStore } from '../eventstore/event-store.js';
import type { EventsFound, EventsParts, MissingEvent } from './events-pass.js';
import { compareEvents, comparePage } from './events-pass.js';
import { append } from './run-log.js';
import type { Session } from './session.js';

/** All events that Stripe lists with `created` from `from` to `to`, both included, are in the log. Seconds of Stripe's clock. */
export type Covered = Readonly<{ kind: 'covered'; from: number; to: number; listed: number; appended: number }>;
/** Nobody knows what happened between: Stripe keeps events for 30 days. */
export type Gap = Readonly<{ kind: 'gap'; from: number; to: number; cause: string }>;

export type Coverage = Readonly<{ last: Covered | Gap | null; revision: bigint }>;

/** Stripe's list is complete only some time after events were made: what is younger is appended, and listed again. */
export const SETTLE_S = 900;
const EVENTS_KEPT_S = 30 * 86_400 - 3_600;

/** An account of Stripe's, in one mode. */
export type Account = Readonly<{ account: string; livemode: boolean }>;

export const coverageStreamOf = ({ account, livemode }: Account): string =>
  `ledger-coverage-${account}-${livemode ? 'live' : 'test'}`;

/** More than claims lie between two coverings. */
const LOOKED_AT_MAX = 100;

export async function readCoverage(store: EventStore, whose: Account): Promise<Coverage> {
  const events = await latestOf(store, coverageStreamOf(whose), { max: LOOKED_AT_MAX });
  const said = events.map(({ data }) => data as Covered | Gap | Readonly<{ kind: 'claim' | 'followed' | 'swept' }>);
  const last = said.find((event): event is Covered | Gap => event.kind === 'covered' || event.kind === 'gap');
  return { last: last ?? null, revision: events[0]?.revision ?? -1n };
}

/** Why an event is not in the log, as far as that can be told. */
export type Cause = 'in_retry' | 'before_endpoint' | 'not_enabled' | 'endpoint_down' | 'listed_late' | 'never_arrived';

/** Whether an event is missing by a fault, and not because it is yet to come, or from before there was an endpoint. */
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
  /** Another process covers this account at this time: what was missing is appended, once. */
  | Readonly<{ kind: 'overtaken' }>
  | Readonly<{ kind: 'refused'; message: string }>;

type Asked = Readonly<{
  session: Session;
  run: string | null;
  isDryRun: boolean;
  /** Begins here and not at the end of the coverage. */
  since?: number;
  /** Told the ids of each page of Stripe's list. */
  onListed?: (ids: readonly string[]) => void;
}>;

/**
 * One pass of recovery: appends what Stripe lists and the log has not, from where coverage ends to now, and says up to where it is
 * complete then.
 */
export async function recover(
  parts: EventsParts,
  { session, run, isDryRun, since, onListed }: Asked,
): Promise<Recovered> {
  const { store } = parts;
  const coverage = await readCoverage(store, session);
  const asked = {
    whose: { account: null, livemode: session.livemode },
    account: null,
    purpose: { run, reason: 'recovery' as const, causedBy: null },
    isDryRun,
    ...(onListed === undefined ? {} : { onListed }),
  };
  const wantedSince = since ?? (coverage.last === null ? null : coverage.last.to + 1);
  const newest = wantedSince === null ? null : await pageSince(parts.api, wantedSince);
  const now = newest ?? (await parts.api.account());
  if (now.kind !== 'account' && now.kind !== 'page') return { kind: 'refused', message: now.message };
  const oldest = now.answered - EVENTS_KEPT_S;
  const wanted = wantedSince ?? oldest;
  const gap = gapBefore(coverage, wanted, oldest);
  const from = Math.max(wanted, oldest);
  const found =
    newest !== null && wanted >= oldest
      ? await comparePage(parts, asked, newest)
      : await compareEvents(parts, { ...asked, from, to: now.answered });
  if ('kind' in found) return { kind: 'refused', message: found.message };
  const endpoints = found.missing.length === 0 ? null : await enabledTypes(parts, session.livemode);
  const missed = found.missing.map((one) => ({ ...one, cause: causeOf(one, { found, endpoints, at: now.answered }) }));
  const to = now.answered - SETTLE_S;
  const covered: Covered | null =
    to < from ? null : { kind: 'covered', from, to, listed: found.listed, appended: found.missing.length };
  const { listed, requests } = found;
  const recovered: Recovered = { kind: 'recovered', covered, gap, listed, requests, missed };
  if (isDryRun || covered === null) return recovered;
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
 * Lists one hour of the last three days again, which was complete: what is there only now was listed later than it is waited for. Appends
 * it; null where nothing is covered yet, or Stripe does not answer.
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
    ...{ from, to: from + SWEEP_S - 1, account: null },
    whose: { account: null, livemode: session.livemode },
    purpose: { run: null, reason: 'recovery', causedBy: null },
  });
  return 'kind' in found ? null : found.missing.map((one) => ({ ...one, cause: 'listed_late' as const }));
}

/** All events since a second, where one page has them: it tells Stripe's clock, too, so that a short time costs one request. */
async function pageSince(api: StripeApi, since: number): Promise<Page<EventItem> | null> {
  const page = (await api.events({ created: { gte: since } }).next()).value;
  return page?.kind === 'page' && !page.hasMore ? page : null;
}

function gapBefore({ last }: Coverage, wanted: number, oldest: number): Gap | null {
  if (last === null || wanted >= oldest) return null;
  return { kind: 'gap', from: wanted, to: oldest - 1, cause: 'older than Stripe keeps events' };
}

type Enabled = readonly Readonly<{ isEnabled: boolean; created: number; types: readonly string[] }>[];

/** What Stripe's endpoints are to be told; null where the key may not see them. */
async function enabledTypes({ api }: EventsParts, livemode: boolean): Promise<Enabled | null> {
  const reply = await api.ask({
    resource: 'webhook_endpoint',
    operation: 'list',
    path: '/v1/webhook_endpoints',
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

/** Pure: what is known of the event, of the others that were listed, and of Stripe's endpoints. */
function causeOf(
  { type, created, pendingWebhooks }: MissingEvent,
  { found, endpoints, at }: { found: EventsFound; endpoints: Enabled | null; at: number },
): Cause {
  if (pendingWebhooks > 0 && created > at - RETRIED_S) return 'in_retry';
  if (endpoints !== null) {
    const told = endpoints.filter(({ types }) => types.includes('*') || types.includes(type));
    if (endpoints.length > 0 && told.length === 0) return 'not_enabled';
    if (told.length > 0 && told.every((endpoint) => endpoint.created > created)) return 'before_endpoint';
    if (endpoints.length > 0 && told.every(({ isEnabled }) => !isEnabled)) return 'endpoint_down';
  }
  return found.known === 0 && found.listed > 1 ? 'endpoint_down' : 'never_arrived';
}
