import type { ApiVersion } from '../api-version.js';
import { DAY, type Seconds } from '../calendar.js';
import type { Json, StripeEvent, StripeObject } from '../json.js';
import { PAYOUT_OF } from './money.js';
import { HIDDEN_BY_CLOCK, type Listed } from './operations.js';
import { refusals } from './refusals.js';
import type { World, WorldEvent } from './world.js';

/** The account that is read, the API version, and the time. */
export type Reading = Readonly<{
  world: World;
  apiVersion: ApiVersion;
  now: Seconds;
  /** The second whose state is returned; before `now` in a stale read. */
  shownAt: Seconds;
}>;

type Params = URLSearchParams;
/**
 * An entry of a list, in the list's order. Its shape is rendered on demand, since most entries lie before the cursor.
 * It is null where a filter excludes the entry, which a cursor may still name.
 */
type Entry = Readonly<{ id: string; shape: () => StripeObject | null }>;

/** Stripe keeps events for 30 days. */
export const EVENTS_KEPT_S = 30 * DAY;
const LIMIT_DEFAULT = 10;
const LIMIT_MAX = 100;
const COMMON = ['limit', 'starting_after', 'ending_before'];
const TIMES = ['created', 'created[gt]', 'created[gte]', 'created[lt]', 'created[lte]'];
/** Filters other than the comparison of a field. */
const OWN_FILTERS: Readonly<Record<string, readonly string[]>> = {
  subscription: ['status'],
  invoiceitem: ['pending'],
  balance_transaction: ['payout'],
};

/** A page of objects, as `GET /v1/…` returns it. */
export function listObjects(reading: Reading, listed: Listed, params: Params): Json {
  const { object, path, hasCreated, equal = [] } = listed;
  refuseUnknown(params, [...equal, ...(OWN_FILTERS[object] ?? []), ...(hasCreated ? TIMES : [])]);
  const cursorOf = (param: string): string | null => {
    const id = params.get(param);
    if (id !== null && (reading.world.kindOf(id) !== object || reading.world.isDeleted(id, reading.now)))
      throw refusals.missing(object, id, param, 400);
    return id;
  };
  const isIn = timesOf(params);
  const wants = filterOf(listed, params);
  const entries = function* (): Generator<Entry> {
    for (const { id, created } of reading.world.listed(object, reading.shownAt)) {
      const shape = (): StripeObject | null => {
        const is = isIn(created) ? objectAt(reading, id) : null;
        return is !== null && wants(is) ? shown(reading, is, params) : null;
      };
      yield { id, shape };
    }
  };
  return pageOf(path, params, [cursorOf('starting_after'), cursorOf('ending_before')], entries());
}

/** One object as `GET /v1/…/:id` returns it, or the stub of a deleted customer. */
export function oneObject(reading: Reading, { object }: Listed, id: string, params: Params): Json {
  refuseUnknown(params, []);
  if (reading.world.kindOf(id) !== object) throw refusals.missing(object, id);
  const shape = objectAt(reading, id);
  if (shape !== null) return shown(reading, shape, params);
  if (object === 'customer' && reading.world.isDeleted(id, reading.now)) return { id, object, deleted: true };
  throw refusals.missing(object, id);
}

/** A page of events of the last 30 days, each in the account's version. */
export function listEvents(reading: Reading, params: Params, pendingOf: (id: string) => number): Json {
  const types = [...params].filter(([name]) => /^types\[\d*\]$/.test(name)).map(([, type]) => type);
  refuseUnknown(params, [...TIMES, 'type', 'delivery_success', 'types']);
  const { world, now } = reading;
  const kept = (event: WorldEvent): boolean => event.listedAt <= now && event.at > now - EVENTS_KEPT_S;
  const cursorOf = (param: string): string | null => {
    const id = params.get(param);
    if (id === null) return null;
    const event = world.event(id);
    if (event !== null && kept(event)) return id;
    throw event === null ? refusals.missing('event', id, param, 400) : refusals.agedOut(id);
  };
  const isIn = timesOf(params);
  const type = params.get('type');
  const delivered = params.get('delivery_success');
  const entries = function* (): Generator<Entry> {
    for (const event of world.newestFirst) {
      if (!kept(event)) continue;
      const shape = (): StripeObject | null => {
        const is = isIn(event.created) ? eventShape(reading, event, pendingOf) : null;
        const isWanted =
          is !== null &&
          (type === null || matches(String(is['type']), type)) &&
          (types.length === 0 || types.some((one) => matches(String(is['type']), one))) &&
          (delivered === null || (is['pending_webhooks'] === 0) === (delivered === 'true'));
        return isWanted ? is : null;
      };
      yield { id: event.id, shape };
    }
  };
  return pageOf('/v1/events', params, [cursorOf('starting_after'), cursorOf('ending_before')], entries());
}

export function oneEvent(reading: Reading, id: string, pendingOf: (id: string) => number): Json {
  const event = reading.world.event(id);
  if (event === null || event.listedAt > reading.now || event.at <= reading.now - EVENTS_KEPT_S)
    throw refusals.missing('event', id);
  return eventShape(reading, event, pendingOf);
}

const eventShape = (
  { world }: Reading,
  event: WorldEvent,
  pendingOf: (id: string) => number,
): StripeObject & StripeEvent => ({
  ...event.in(world.options.apiVersion),
  pending_webhooks: pendingOf(event.id),
});

/** `invoice.*` matches every type with that prefix. */
const matches = (type: string, wanted: string): boolean =>
  wanted.endsWith('*') ? type.startsWith(wanted.slice(0, -1)) : type === wanted;

const objectAt = ({ world, shownAt, now, apiVersion }: Reading, id: string): StripeObject | null =>
  world.object(id, shownAt, apiVersion, now);

/** The object as a client receives it, with the requested expansions. */
function shown({ world }: Reading, shape: StripeObject, params: Params): StripeObject {
  const { [PAYOUT_OF]: _, ...shown } = shape as Record<string, Json>;
  const expanded = [...params]
    .filter(([name]) => name.startsWith('expand'))
    .map(([, path]) => path.replace('data.', ''));
  const tiers = shape.object === 'price' && expanded.includes('tiers') && shape['billing_scheme'] === 'tiered';
  return { ...shown, ...(tiers ? { tiers: world.tiersOf(shape.id) } : {}) } as StripeObject;
}

function filterOf({ object, equal = [] }: Listed, params: Params): (shape: StripeObject) => boolean {
  const wanted = equal.flatMap((field) => {
    const value = params.get(field);
    return value === null ? [] : [[field, value] as const];
  });
  const hidden = HIDDEN_BY_CLOCK[object];
  const showsClocks = hidden === undefined || hidden.some((field) => params.has(field));
  const own = ownFilter(object, params);
  return (shape) =>
    wanted.every(([field, value]) => String(fieldOf(shape, field)) === value) &&
    (showsClocks || shape['test_clock'] == null) &&
    own(shape);
}

/** Since basil, invoices name their subscription in `parent`. */
const fieldOf = (shape: StripeObject, field: string): Json | undefined =>
  shape.object === 'invoice' && field === 'subscription' && shape['subscription'] === undefined
    ? (shape['parent'] as { subscription_details?: { subscription?: string } } | null)?.subscription_details
        ?.subscription
    : shape[field];

function ownFilter(object: string, params: Params): (shape: StripeObject) => boolean {
  if (object === 'subscription') {
    const status = params.get('status');
    if (status === 'all') return () => true;
    if (status === 'ended') return (shape) => ['canceled', 'incomplete_expired'].includes(String(shape['status']));
    return (shape) => (status === null ? shape['status'] !== 'canceled' : shape['status'] === status);
  }
  if (object === 'invoiceitem' && params.get('pending') === 'true') return (shape) => shape['invoice'] === null;
  const payout = params.get('payout');
  if (object === 'balance_transaction' && payout !== null) return (shape) => shape[PAYOUT_OF] === payout;
  // By default only active prices.
  if (object === 'price' && !params.has('active')) return (shape) => shape['active'] === true;
  return () => true;
}

function pageOf(
  url: string,
  params: Params,
  [after, before]: readonly [string | null, string | null],
  entries: Iterable<Entry>,
): Json {
  const limit = limitOf(params);
  if (after !== null && before !== null) throw refusals.badParameter('ending_before', 'give only one cursor');
  const data: StripeObject[] = [];
  let behind = after === null;
  for (const { id, shape } of entries) {
    if (id === before) return { object: 'list', data: data.slice(-limit), has_more: data.length > limit, url };
    if (!behind) {
      behind = id === after;
      continue;
    }
    const is = shape();
    if (is === null) continue;
    if (before === null && data.length === limit) return { object: 'list', data, has_more: true, url };
    data.push(is);
  }
  return { object: 'list', data, has_more: false, url };
}

function limitOf(params: Params): number {
  const text = params.get('limit') ?? String(LIMIT_DEFAULT);
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) throw refusals.badParameter('limit', text);
  return limit;
}

function timesOf(params: Params): (created: Seconds) => boolean {
  const bounds = TIMES.flatMap((name) => {
    const text = params.get(name);
    if (text === null) return [];
    if (!/^\d+$/.test(text)) throw refusals.badParameter(name, text);
    return [[name, Number(text)] as const];
  });
  const holds: Readonly<Record<string, (created: Seconds, bound: Seconds) => boolean>> = {
    created: (created, bound) => created === bound,
    'created[gt]': (created, bound) => created > bound,
    'created[gte]': (created, bound) => created >= bound,
    'created[lt]': (created, bound) => created < bound,
    'created[lte]': (created, bound) => created <= bound,
  };
  return (created) => bounds.every(([name, bound]) => holds[name]?.(created, bound));
}

function refuseUnknown(params: Params, known: readonly string[]): void {
  for (const name of params.keys()) {
    const base = name.replace(/\[\d*\]$/, '');
    if (![...COMMON, ...known, 'expand'].includes(base)) throw refusals.unknownParameter(name);
  }
}
