import { isDeepStrictEqual } from 'node:util';
import { stripeId } from './account.js';
import type { ApiVersion } from './api-version.js';
import type { Seconds } from './calendar.js';
import type { StripeEvent, StripeObject } from './json.js';
import { previousAttributes } from './previous-attributes.js';
import type { Random } from './random.js';
import { realTime, type View } from './shapes/view.js';

/** A Stripe event, and its stream by the identity of its own object. */
export interface SimulatedEvent {
  readonly stripeEvent: StripeEvent;
  readonly stream: string;
}

/** Something that happened at Stripe. Its events share the request and mostly the second. */
export interface Operation {
  readonly at: Seconds;
  /** Adds an event with the object's current state. `subscription` names the stream when it is not the object's own. */
  readonly record: (type: string, object: Renderer, subscription?: string) => void;
}

/** Renders an object's state at one time. Pure, so it can be called again for another API version. */
export type Renderer = (view: View) => StripeObject;

/** Renders each event for an endpoint of another API version. */
const renderings = new WeakMap<SimulatedEvent, (apiVersion: ApiVersion) => StripeEvent>();

/** The renderer of a simulated event. It holds the facts and not the event, which is many times larger. */
export function renderingOf(event: SimulatedEvent): (apiVersion: ApiVersion) => StripeEvent {
  const render = renderings.get(event);
  if (render === undefined) throw new Error(`${event.stripeEvent.id} was not made by a journal.`);
  return render;
}

/** A simulated event with its object, as an endpoint of this API version receives it; the id is the same. */
export const renderedIn = (event: SimulatedEvent, apiVersion: ApiVersion): StripeEvent =>
  renderingOf(event)(apiVersion);

/** Types besides `*.updated` whose events carry previous attributes (seen in recordings). */
const TELLS_BEFORE = new Set([
  'charge.refunded',
  'refund.failed',
  'charge.dispute.closed',
  'charge.dispute.funds_reinstated',
]);
const TWIN_RATE = 0.015;
/** Objects that run on real time under a test clock too. */
const IN_REAL_TIME = new Set([
  'payment_intent',
  'charge',
  'refund',
  'dispute',
  'payment_method',
  'test_helpers.test_clock',
]);

/** The balance belongs to the account and has no id. */
const streamOf = ({ object, id }: StripeObject): string => (object === 'balance' ? 'account-own' : `${object}-${id}`);

/** The content of an event: its object, and the previous object where the type reports it. */
type Occurrence = { readonly render: Renderer; readonly before: Renderer | null; readonly at: Seconds };
type Fact = Pick<StripeEvent, 'type' | 'created' | 'request' | 'pending_webhooks'> & Omit<Occurrence, 'at'>;

/** Records what Stripe would send, in the true order. */
export class Journal {
  #events: SimulatedEvent[] = [];
  /** By object: the state in the last event, and the state before that. */
  readonly #last = new Map<string, Occurrence>();

  /** With `twins`, Stripe occasionally makes two events with distinct ids for one change. */
  constructor(
    private readonly random: Random,
    readonly view: View,
    private readonly options: { readonly twins: boolean },
  ) {}

  /** Returns all recorded events, sorted by second, and forgets them, since a renderer may hold the journal. */
  taken(): SimulatedEvent[] {
    const events = this.#events;
    this.#events = [];
    // Failing refunds and ending disputes are recorded ahead of time. Within a second the journal's order holds.
    return events.sort((a, b) => a.stripeEvent.created - b.stripeEvent.created);
  }

  /** An API call of the merchant, or (`stripe`) an act of Stripe itself: a renewal, a retry, an expiry. */
  operation(at: Seconds, by: 'merchant' | 'stripe'): Operation {
    const request =
      by === 'stripe'
        ? { id: null, idempotency_key: null }
        : { id: stripeId(this.random, 'req'), idempotency_key: this.random.chance(0.5) ? this.#uuid() : null };
    const record: Operation['record'] = (type, render, subscription) => {
      const object = render(this.view);
      const created = IN_REAL_TIME.has(object.object) ? realTime(this.view, at) : at;
      const before = this.#before(type, object, created);
      this.#last.set(object.id, { render, at: created, before });
      const stream = subscription === undefined ? streamOf(object) : `subscription-${subscription}`;
      const id = this.#eventId();
      const fact = { type, created, request, render, before, pending_webhooks: this.random.integer(1, 3) };
      this.#add(fact, stream, id);
      if (this.options.twins && this.random.chance(TWIN_RATE)) this.#add(fact, stream, this.#eventId());
    };
    return { at, record };
  }

  #add(fact: Fact, stream: string, id: string): void {
    const inVersion = (apiVersion: ApiVersion) => this.#event(fact, id, apiVersion);
    const event = { stripeEvent: inVersion(this.view.apiVersion), stream };
    renderings.set(event, inVersion);
    this.#events.push(event);
  }

  #event({ render, before, ...envelope }: Fact, id: string, apiVersion: ApiVersion): StripeEvent {
    const view = { ...this.view, apiVersion };
    const object = render(view);
    return {
      id,
      object: 'event',
      api_version: apiVersion,
      data: { object, ...(before === null ? {} : { previous_attributes: previousAttributes(before(view), object) }) },
      livemode: this.view.account.livemode,
      ...envelope,
    };
  }

  /** The object before the event's change. Two event types that report one change in the same second share it. */
  #before(type: string, after: StripeObject, at: Seconds): Renderer | null {
    if (!type.endsWith('.updated') && !TELLS_BEFORE.has(type)) return null;
    const last = this.#last.get(after.id);
    if (last === undefined) throw new Error(`${type} of ${after.id}, which no earlier event mentions.`);
    const isUnchanged = isDeepStrictEqual(last.render(this.view), after);
    if (isUnchanged && last.at === at && last.before !== null) return last.before;
    if (isUnchanged) throw new Error(`${type} of ${after.id} changes nothing.`);
    return last.render;
  }

  #eventId(): string {
    return `evt_${this.random.alphanumeric(24)}`;
  }

  #uuid(): string {
    const hex = Array.from({ length: 32 }, () => this.random.integer(0, 15).toString(16)).join('');
    return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5');
  }
}
