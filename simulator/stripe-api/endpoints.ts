import { createHmac } from 'node:crypto';
import { API_VERSIONS, type ApiVersion } from '../api-version.js';
import { DAY, HOUR, MINUTE, type Seconds } from '../calendar.js';
import type { Json, JsonObject } from '../json.js';
import { seededRandom, type Random } from '../random.js';
import { refusals } from './refusals.js';
import type { World, WorldEvent } from './world.js';

/** Delivery faults, as shares of all deliveries between 0 and 1. */
export type DeliveryFaults = Readonly<{
  /** Lost, although Stripe counts them as delivered. */
  lost?: number;
  /** Delivered twice. */
  repeated?: number;
  /** Deliveries that are due together arrive in any order. */
  disordered?: boolean;
}>;

export type Endpoint = {
  readonly id: string;
  url: string;
  readonly secret: string;
  readonly apiVersion: string | null;
  enabledEvents: readonly string[];
  status: 'enabled' | 'disabled';
  readonly connect: boolean;
  description: string | null;
  metadata: Readonly<Record<string, string>>;
  readonly created: Seconds;
};

type Due = { readonly event: WorldEvent; readonly endpoint: Endpoint; attempt: number; at: Seconds };
/** One delivery and the status of its answer; 0: no answer. */
export type Delivered = Readonly<{ id: string; type: string; endpoint: string; status: number; attempt: number }>;

const ENDPOINTS_MAX = 16;
/** Pauses before each further attempt, three days in all. */
const RETRIES: readonly Seconds[] = [MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, DAY];
const ANSWER_MS = 20_000;

/** Webhook endpoints and the deliveries to them. */
export class Endpoints {
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #random: Random;
  readonly #due: Due[] = [];
  readonly #pending = new Map<string, number>();
  /** Ids of the events lost in delivery. */
  readonly lost = new Set<string>();
  #next = 0;

  constructor(
    private readonly world: World,
    seed: number,
    public faults: DeliveryFaults,
  ) {
    this.#random = seededRandom(seed, 'endpoints');
  }

  get all(): readonly Endpoint[] {
    return [...this.#endpoints.values()];
  }

  /** The number of endpoints to which Stripe is still delivering an event. */
  readonly pendingOf = (event: string): number => this.#pending.get(event) ?? 0;

  create(form: URLSearchParams, now: Seconds): JsonObject {
    if (this.#endpoints.size >= ENDPOINTS_MAX)
      throw refusals.badParameter('url', 'you have reached the maximum of endpoints');
    const url = form.get('url') ?? '';
    if (!URL.canParse(url)) throw refusals.badParameter('url', url);
    const endpoint: Endpoint = {
      id: `we_${this.#random.alphanumeric(24)}`,
      url,
      secret: form.get('secret') ?? `whsec_${this.#random.alphanumeric(32)}`,
      apiVersion: form.get('api_version'),
      enabledEvents: typesIn(form) ?? ['*'],
      status: 'enabled',
      connect: form.get('connect') === 'true',
      description: form.get('description'),
      metadata: metadataIn(form),
      created: now,
    };
    this.#endpoints.set(endpoint.id, endpoint);
    return { ...this.#shape(endpoint), secret: endpoint.secret };
  }

  update(id: string, form: URLSearchParams): JsonObject {
    const endpoint = this.#endpoint(id);
    endpoint.url = form.get('url') ?? endpoint.url;
    endpoint.enabledEvents = typesIn(form) ?? endpoint.enabledEvents;
    endpoint.description = form.get('description') ?? endpoint.description;
    endpoint.metadata = { ...endpoint.metadata, ...metadataIn(form) };
    const disabled = form.get('disabled');
    if (disabled !== null) endpoint.status = disabled === 'true' ? 'disabled' : 'enabled';
    return this.#shape(endpoint);
  }

  read(id: string): JsonObject {
    return this.#shape(this.#endpoint(id));
  }

  delete(id: string): JsonObject {
    this.#endpoint(id);
    this.#endpoints.delete(id);
    return { id, object: 'webhook_endpoint', deleted: true };
  }

  list(): Json {
    const data = this.all.toReversed().map((endpoint) => this.#shape(endpoint));
    return { object: 'list', data, has_more: false, url: '/v1/webhook_endpoints' };
  }

  /**
   * Delivers everything due by now: new events to the endpoints that exist, and refused deliveries again. Resolves when
   * each was answered.
   */
  async deliver(now: Seconds): Promise<readonly Delivered[]> {
    const { events } = this.world;
    for (; (events[this.#next]?.at ?? Infinity) <= now; this.#next += 1)
      this.#enqueue(events[this.#next] as WorldEvent);
    const due = this.#due.filter(({ at }) => at <= now);
    if (this.faults.disordered === true) shuffle(due, this.#random);
    const delivered: Delivered[] = [];
    for (const one of due) delivered.push(...(await this.#attempt(one, now)));
    return delivered;
  }

  /** Skips the events up to now. */
  skipTo(now: Seconds): void {
    while ((this.world.events[this.#next]?.at ?? Infinity) <= now) this.#next += 1;
  }

  /** Delivers all past events again with the next call. */
  rewind(): void {
    this.#next = 0;
  }

  /** Delivers one event again to all endpoints, as `stripe events resend` does. */
  async resend(id: string): Promise<readonly Delivered[]> {
    const event = this.world.event(id);
    if (event === null) throw refusals.missing('event', id);
    const delivered: Delivered[] = [];
    for (const endpoint of this.all) delivered.push(await this.#send(event, endpoint, 1));
    return delivered;
  }

  #enqueue(event: WorldEvent): void {
    const { type } = event.in(this.world.options.apiVersion);
    for (const endpoint of this.all) {
      if (endpoint.status !== 'enabled' || !takes(endpoint, type)) continue;
      if (this.#random.chance(this.faults.lost ?? 0)) {
        this.lost.add(event.id);
        continue;
      }
      this.#due.push({ event, endpoint, attempt: 1, at: event.at });
      this.#pending.set(event.id, this.pendingOf(event.id) + 1);
    }
  }

  async #attempt(due: Due, now: Seconds): Promise<Delivered[]> {
    const { event, endpoint, attempt } = due;
    if (!this.#endpoints.has(endpoint.id) || endpoint.status === 'disabled') {
      this.#settle(due);
      return [];
    }
    const delivered = [await this.#send(event, endpoint, attempt)];
    const [first] = delivered;
    const isTaken = first !== undefined && first.status >= 200 && first.status < 300;
    const pause = RETRIES[attempt - 1];
    if (!isTaken && pause !== undefined) {
      due.attempt += 1;
      due.at = now + pause;
      return delivered;
    }
    this.#settle(due);
    if (isTaken && this.#random.chance(this.faults.repeated ?? 0))
      delivered.push(await this.#send(event, endpoint, attempt + 1));
    return delivered;
  }

  #settle(due: Due): void {
    this.#due.splice(this.#due.indexOf(due), 1);
    this.#pending.set(due.event.id, this.pendingOf(due.event.id) - 1);
  }

  async #send(event: WorldEvent, endpoint: Endpoint, attempt: number): Promise<Delivered> {
    const shape = event.in(versionOf(endpoint.apiVersion, this.world.options.apiVersion));
    const body = JSON.stringify({ ...shape, pending_webhooks: Math.max(1, this.pendingOf(event.id)) }, null, 2);
    const at = Math.floor(Date.now() / 1_000);
    const signature = createHmac('sha256', endpoint.secret).update(`${at}.${body}`).digest('hex');
    const status = await fetch(endpoint.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': `t=${at},v1=${signature}` },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
    }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => 0,
    );
    return { id: event.id, type: shape.type, endpoint: endpoint.id, status, attempt };
  }

  #endpoint(id: string): Endpoint {
    const endpoint = this.#endpoints.get(id);
    if (endpoint === undefined) throw refusals.missing('webhook endpoint', id);
    return endpoint;
  }

  #shape(endpoint: Endpoint): JsonObject {
    return {
      id: endpoint.id,
      object: 'webhook_endpoint',
      api_version: endpoint.apiVersion,
      application: null,
      created: endpoint.created,
      description: endpoint.description,
      enabled_events: endpoint.enabledEvents,
      livemode: this.world.account.livemode,
      metadata: endpoint.metadata,
      status: endpoint.status,
      url: endpoint.url,
    };
  }
}

/**
 * The rendered version for a requested one: the newest known version that is not newer. Without a request, the
 * account's.
 */
export function versionOf(asked: string | null, ofAccount: ApiVersion): ApiVersion {
  if (asked === null) return ofAccount;
  return API_VERSIONS.findLast((known) => known.slice(0, 10) <= asked.slice(0, 10)) ?? API_VERSIONS[0];
}

const takes = ({ enabledEvents }: Endpoint, type: string): boolean =>
  enabledEvents.includes('*') || enabledEvents.includes(type);

function typesIn(form: URLSearchParams): string[] | null {
  const types = [...form].filter(([name]) => name.startsWith('enabled_events[')).map(([, type]) => type);
  return types.length === 0 ? null : types;
}

const metadataIn = (form: URLSearchParams): Record<string, string> =>
  Object.fromEntries(
    [...form].flatMap(([name, value]) => {
      const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
      return key === undefined ? [] : [[key, value]];
    }),
  );

function shuffle(items: unknown[], random: Random): void {
  for (let at = items.length - 1; at > 0; at -= 1) {
    const other = random.integer(0, at);
    [items[at], items[other]] = [items[other], items[at]];
  }
}
