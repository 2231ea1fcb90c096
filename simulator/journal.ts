import { isDeepStrictEqual } from 'node:util';
import { stripeId } from './account.js';
import type { Seconds } from './calendar.js';
import type { JsonObject, StripeEvent, StripeObject } from './json.js';
import { previousAttributes } from './previous-attributes.js';
import type { Random } from './random.js';
import { realTime, type View } from './shapes/view.js';

/** A Stripe event, and the stream it belongs to by the identity of its own object. */
export interface SimulatedEvent {
  readonly stripeEvent: StripeEvent;
  readonly stream: string;
}

/** One thing that happened at Stripe: its events share the request, and mostly the second. */
export interface Operation {
  readonly at: Seconds;
  /** Adds an event about `object`; `subscription` is the one whose stream holds it, when that is not the object's own. */
  readonly record: (type: string, object: StripeObject, subscription?: string) => void;
}

/** Types beside `*.updated` whose events tell the values before (seen in recordings). */
const TELLS_BEFORE = new Set([
  'charge.refunded',
  'refund.failed',
  'charge.dispute.closed',
  'charge.dispute.funds_reinstated',
]);
const TWIN_RATE = 0.015;
/** Objects that go by real time under a test clock too. */
const IN_REAL_TIME = new Set([
  'payment_intent',
  'charge',
  'refund',
  'dispute',
  'payment_method',
  'test_helpers.test_clock',
]);

/** Writes down what Stripe would send, in true order. */
export class Journal {
  readonly events: SimulatedEvent[] = [];
  /** Of each object: as the last event showed it, and what had changed then. */
  readonly #last = new Map<string, { shape: StripeObject; at: Seconds; previous: JsonObject | undefined }>();

  /** `twins`: now and then Stripe makes two events of one change, with an id each. */
  constructor(
    private readonly random: Random,
    readonly view: View,
    private readonly options: { readonly twins: boolean },
  ) {}

  /** Something that an API call of the merchant did, or (`stripe`) that Stripe did by itself: a renewal, a retry, an expiry. */
  operation(at: Seconds, by: 'merchant' | 'stripe'): Operation {
    const request =
      by === 'stripe'
        ? { id: null, idempotency_key: null }
        : { id: stripeId(this.random, 'req'), idempotency_key: this.random.chance(0.5) ? this.#uuid() : null };
    const record: Operation['record'] = (type, object, subscription) => {
      const created = IN_REAL_TIME.has(object.object) ? realTime(this.view, at) : at;
      const stripeEvent = this.#event({ type, object, created, request });
      const stream = subscription === undefined ? `${object.object}-${object.id}` : `subscription-${subscription}`;
      this.events.push({ stripeEvent, stream });
      if (this.options.twins && this.random.chance(TWIN_RATE))
        this.events.push({ stripeEvent: { ...stripeEvent, id: this.#eventId() }, stream });
    };
    return { at, record };
  }

  #event(fact: Pick<StripeEvent, 'type' | 'created' | 'request'> & { object: StripeObject }): StripeEvent {
    const { type, object, created, request } = fact;
    const previous = this.#changeOf(type, object, created);
    this.#last.set(object.id, { shape: object, at: created, previous });
    return {
      id: this.#eventId(),
      object: 'event',
      api_version: this.view.apiVersion,
      created,
      data: { object, ...(previous === undefined ? {} : { previous_attributes: previous }) },
      livemode: this.view.account.livemode,
      pending_webhooks: this.random.integer(1, 3),
      request,
      type,
    };
  }

  /** What changed since the last event about the object; two types that report one change in one second report the same. */
  #changeOf(type: string, after: StripeObject, at: Seconds): JsonObject | undefined {
    if (!type.endsWith('.updated') && !TELLS_BEFORE.has(type)) return undefined;
    const last = this.#last.get(after.id);
    if (last === undefined) throw new Error(`${type} of ${after.id}, which no earlier event mentions.`);
    if (last.at === at && last.previous !== undefined && isDeepStrictEqual(last.shape, after)) return last.previous;
    const previous = previousAttributes(last.shape, after);
    if (Object.keys(previous).length === 0) throw new Error(`${type} of ${after.id} changes nothing.`);
    return previous;
  }

  #eventId(): string {
    return `evt_${this.random.alphanumeric(24)}`;
  }

  #uuid(): string {
    const hex = Array.from({ length: 32 }, () => this.random.integer(0, 15).toString(16)).join('');
    return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5');
  }
}
