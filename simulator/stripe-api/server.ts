import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ApiVersion } from '../api-version.js';
import { balanceAt } from '../bank/bank.js';
import { DAY, type Seconds } from '../calendar.js';
import type { Json } from '../json.js';
import { balanceShape } from '../shapes/bank.js';
import { VirtualClock } from './clock.js';
import { Endpoints, versionOf, type Delivered, type DeliveryFaults } from './endpoints.js';
import { luckOf, type Faults, type Luck } from './faults.js';
import { Counters, SANDBOX_LIMITS, type Limits } from './limits.js';
import { listEvents, listObjects, oneEvent, oneObject, type Reading } from './lists.js';
import { LISTED } from './operations.js';
import { Refused, refusals } from './refusals.js';
import { World } from './world.js';

export type StripeApiOptions = Readonly<{
  seed: number;
  /** Simulated customers, each with one or more subscriptions. */
  subscriptions: number;
  /** The account's own version (default 2026-03-25.dahlia). */
  apiVersion?: ApiVersion;
  /** The first second of the first life. */
  startAt?: Seconds;
  /** The time at the start (default: half a year after `startAt`). */
  now?: Seconds;
  livemode?: boolean;
  /** Customers may also pay tax, and pay in parts or too much (see `SimulationOptions`). */
  bank?: boolean;
  /** 0 picks a free port. */
  port?: number;
  /** Keys and their permissions: all, or the named ones (default: `rk_test_demo` may read and write everything). */
  keys?: Readonly<Record<string, 'all' | readonly string[]>>;
  /** Rate limits (default: a sandbox's); null: none. */
  limits?: Limits | null;
  faults?: Faults;
  deliveryFaults?: DeliveryFaults;
  /** Events appear in lists up to this many seconds late. */
  listLagS?: number;
  /** The share of changes for which Stripe makes no event. */
  unmadeRate?: number;
  /** Connected accounts, each a separate world with this many lives. */
  connected?: readonly number[];
}>;

export type SimulatedStripe = Readonly<{
  url: string;
  port: number;
  /** A key with all permissions. */
  key: string;
  clock: VirtualClock;
  /** The true state of the account. */
  world: World;
  /** The true state of the connected accounts, by id. */
  connected: ReadonlyMap<string, World>;
  endpoints: Endpoints;
  counters: Counters;
  /** Thin events by id, as they are fetched. */
  thin: Map<string, Json>;
  /** Delivers what is due by the clock. */
  deliver(): Promise<readonly Delivered[]>;
  /** Sets the faults of requests from now on. */
  disturb(faults: Faults): void;
  /** Holds requests to this path (`*`: to any), except the first ones, until the returned function is called. */
  hold(path: string, passing?: number): Held;
  /** Revokes the connection to an account, as its owner can. */
  deauthorize(account: string): void;
  stop(): Promise<void>;
}>;

/** Releases the held requests. */
export type Held = (() => void) & Readonly<{ waiting: () => number }>;

export const DEMO_KEY = 'rk_test_demo';
const JANUARY_2026 = Date.UTC(2026, 0, 5, 9) / 1_000;
const BODY_BYTES_MAX = 100_000;
const THIN = '/v2/core/events/';

/** Serves Stripe's API for one simulated account on 127.0.0.1. */
export async function startStripeApi(options: StripeApiOptions): Promise<SimulatedStripe> {
  const { seed, startAt = JANUARY_2026, livemode = false, apiVersion = '2026-03-25.dahlia' } = options;
  const { listLagS = 0, unmadeRate = 0, connected = [], bank = false } = options;
  const played = { apiVersion, startAt, livemode, listLagS, unmadeRate, bank };
  const world = new World({ ...played, seed, subscriptions: options.subscriptions });
  const clock = new VirtualClock(options.now ?? startAt + 180 * DAY);
  const others = connected.map((subscriptions, at) => new World({ ...played, seed: seed + at + 1, subscriptions }));
  const api = new Api(options, clock, world, new Map(others.map((other) => [other.account.id, other])));
  const server = createServer((request, response) => void api.answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    key: Object.entries(api.keys).find(([, rights]) => rights === 'all')?.[0] ?? '',
    clock,
    world,
    connected: api.connected,
    endpoints: api.endpoints,
    counters: api.counters,
    thin: api.thin,
    deliver: () => api.endpoints.deliver(clock.now()),
    disturb: (faults) => api.disturb(faults),
    hold: (path, passing) => api.hold(path, passing),
    deauthorize: (account) => void api.connected.delete(account),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Asked = Readonly<{ method: string; path: string; params: URLSearchParams; form: URLSearchParams; key: string }>;

class Api {
  readonly keys: Readonly<Record<string, 'all' | readonly string[]>>;
  readonly counters: Counters;
  readonly endpoints: Endpoints;
  readonly thin = new Map<string, Json>();
  #luck: () => Luck;
  readonly #held = new Map<string, () => Promise<void> | undefined>();
  #requests = 0;

  constructor(
    private readonly options: StripeApiOptions,
    private readonly clock: VirtualClock,
    private readonly world: World,
    readonly connected: Map<string, World>,
  ) {
    const { seed, keys = { [DEMO_KEY]: 'all' }, limits = SANDBOX_LIMITS, faults = {}, deliveryFaults = {} } = options;
    this.keys = keys;
    this.counters = new Counters(limits);
    this.endpoints = new Endpoints(world, seed, deliveryFaults);
    this.#luck = luckOf(seed, faults);
  }

  disturb(faults: Faults): void {
    this.#luck = luckOf(this.options.seed, faults);
  }

  hold(path: string, passing = 0): Held {
    let release = (): void => undefined;
    let [left, waiting] = [passing, 0];
    const released = new Promise<void>((resolve) => (release = resolve));
    this.#held.set(path, () => {
      left -= 1;
      if (left >= 0) return undefined;
      waiting += 1;
      return released;
    });
    const end = (): void => {
      this.#held.delete(path);
      release();
    };
    return Object.assign(end, { waiting: () => waiting });
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = new URL(request.url ?? '/', 'http://stripe');
    const operation = `${request.method ?? 'GET'} ${operationOf(address.pathname)}`;
    const tooMany = this.counters.begin(operation);
    const { fault, waitMs, staleS } = this.#luck();
    try {
      if (waitMs > 0) await pause(waitMs);
      await (this.#held.get(address.pathname) ?? this.#held.get('*'))?.();
      // The client was killed meanwhile: as if it had never asked.
      if (request.socket.destroyed) return;
      const form = new URLSearchParams(await bodyOf(request));
      if (tooMany !== null) throw refusals.limited(tooMany);
      if (fault.kind === 'limited') throw refusals.limited(fault.reason);
      if (fault.kind === 'broken') throw refusals.broken(fault.status);
      const key = keyOf(request.headers.authorization);
      const reading = this.#readingOf(request, key, staleS);
      const asked = {
        method: request.method ?? 'GET',
        path: address.pathname,
        params: address.searchParams,
        form,
        key,
      };
      const body = JSON.stringify(this.#answerOf(asked, reading), null, 2);
      this.#send(response, {
        status: 200,
        body,
        version: reading.apiVersion,
        cut: fault.kind === 'cut',
        at: reading.now,
      });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#send(response, { status: error.status, body: error.body(), headers: error.headers });
    } finally {
      this.counters.end();
    }
  }

  #readingOf({ headers }: IncomingMessage, key: string, staleS: number): Reading {
    const rights = this.keys[key];
    if (key === '') throw refusals.noKey();
    if (rights === undefined) throw refusals.badKey(key);
    const account = headers['stripe-account'] ?? headers['stripe-context'];
    const world =
      typeof account !== 'string' || account === this.world.account.id ? this.world : this.connected.get(account);
    if (world === undefined) throw refusals.noAccount(key, String(account));
    const now = this.clock.now();
    const asked = headers['stripe-version'];
    const apiVersion = versionOf(typeof asked === 'string' ? asked : null, world.options.apiVersion);
    return { world, now, shownAt: now - staleS, apiVersion };
  }

  #answerOf(asked: Asked, reading: Reading): Json {
    const { method, path, params, key } = asked;
    if (path.startsWith('/v1/webhook_endpoints')) return this.#endpointsAnswer(asked, reading);
    if (method !== 'GET') throw refusals.unknownUrl(method, path);
    if (path === '/v1/account') return accountShape(reading.world);
    if (path === '/v1/accounts') {
      const data = [...this.connected.values()].map(accountShape);
      return { object: 'list', data, has_more: false, url: path };
    }
    if (path === '/v1/balance') return balanceOf(reading);
    if (path.startsWith(THIN)) return this.#thinEvent(decodeURIComponent(path.slice(THIN.length)));
    if (path === '/v1/events' || path.startsWith('/v1/events/')) {
      this.#allow(key, 'rak_event_read', reading);
      const pendingOf = this.endpoints.pendingOf;
      if (path === '/v1/events') return listEvents(reading, params, pendingOf);
      return oneEvent(reading, decodeURIComponent(path.slice('/v1/events/'.length)), pendingOf);
    }
    const listed = LISTED.find((one) => path === one.path || path.startsWith(`${one.path}/`));
    const isThere = listed?.since === undefined || reading.apiVersion >= listed.since;
    if (listed === undefined || !isThere) throw refusals.unknownUrl(method, path);
    this.#allow(key, listed.right, reading);
    if (path === listed.path) return listObjects(reading, listed, params);
    return oneObject(reading, listed, decodeURIComponent(path.slice(listed.path.length + 1)), params);
  }

  #thinEvent(id: string): Json {
    const event = this.thin.get(id);
    if (event === undefined) throw refusals.missing('event', id);
    return event;
  }

  #endpointsAnswer({ method, path, form, key }: Asked, reading: Reading): Json {
    this.#allow(key, method === 'GET' ? 'rak_webhook_read' : 'rak_webhook_write', reading);
    const id = decodeURIComponent(path.slice('/v1/webhook_endpoints/'.length));
    if (method === 'GET') return id === '' ? this.endpoints.list() : this.endpoints.read(id);
    if (method === 'POST')
      return id === '' ? this.endpoints.create(form, reading.now) : this.endpoints.update(id, form);
    if (method === 'DELETE' && id !== '') return this.endpoints.delete(id);
    throw refusals.unknownUrl(method, path);
  }

  #allow(key: string, right: string, { world }: Reading): void {
    const rights = this.keys[key];
    if (rights !== 'all' && rights?.includes(right) !== true) throw refusals.lacksRight(key, world.account.id, right);
  }

  #send(
    response: ServerResponse,
    answer: Readonly<{
      status: number;
      body: string;
      version?: string;
      cut?: boolean;
      /** When the state was read; time passes meanwhile. */
      at?: Seconds;
      headers?: Readonly<Record<string, string>>;
    }>,
  ): void {
    const bytes = Buffer.from(answer.body);
    this.#requests += 1;
    response.sendDate = false;
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      'content-length': bytes.length,
      date: new Date((answer.at ?? this.clock.now()) * 1_000).toUTCString(),
      'request-id': `req_${String(this.#requests).padStart(14, '0')}`,
      ...(answer.version === undefined ? {} : { 'stripe-version': answer.version }),
      ...answer.headers,
    });
    if (answer.cut !== true) response.end(bytes);
    else response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
  }
}

/** The path without ids: the unit of Stripe's limit per endpoint. */
function operationOf(path: string): string {
  const listed = LISTED.find((one) => path.startsWith(`${one.path}/`));
  if (listed !== undefined) return `${listed.path}/:id`;
  return path.replace(/^(\/v[12]\/(?:core\/)?(?:events|webhook_endpoints))\/.+/, '$1/:id');
}

function keyOf(authorization: string | undefined): string {
  const [scheme, value = ''] = (authorization ?? '').split(' ');
  if (scheme === 'Bearer') return value;
  return scheme === 'Basic' ? (Buffer.from(value, 'base64').toString().split(':')[0] ?? '') : '';
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw refusals.badParameter('body', 'too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const accountShape = ({ account, openedAt }: World): { readonly [key: string]: Json } => ({
  id: account.id,
  object: 'account',
  business_profile: { name: account.name, url: 'https://nimbus.example' },
  charges_enabled: true,
  country: account.country,
  created: openedAt,
  default_currency: 'usd',
  details_submitted: true,
  payouts_enabled: true,
  type: 'standard',
});

/** The balance: the sums of all transactions by currency, the available ones separately. */
const balanceOf = ({ world, now, apiVersion }: Reading): Json =>
  balanceShape(
    { account: world.account, apiVersion, playedIn: apiVersion, clock: null },
    balanceAt(world.bank.transactions, now),
  );
