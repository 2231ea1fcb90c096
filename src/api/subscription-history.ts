import { changesOf, type Change } from './changes.js';
import { order, orderKeyOf, type OrderKey } from '../events/order.js';
import type { StripeEvent } from '../events/stripe-event.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readStream } from '../eventstore/read.js';
import { stripeEventOf, type RecordedEvent } from '../eventstore/recorded-event.js';
import { ProblemError } from '../http/problem.js';

/** One event of a subscription's stream, in its logical place. */
export type HistoryEntry = Readonly<{
  /** Place in the logical order, from 1. It moves when an event comes late. */
  number: number;
  stripeEventId: string;
  type: string;
  created: string;
  object: { kind: string | null; id: string | null };
  apiVersion: string | null;
  /** What this event changed of its object; null where its predecessor is not known. */
  changes: readonly Change[] | null;
  /** Several orders fit the events of this second; the order shown is one of them, always the same. */
  ambiguous: boolean;
  revision: string;
  position: string;
  receivedAt: string | null;
}>;
export type HistoryPage = Readonly<{ data: readonly HistoryEntry[]; nextAfter: number | null }>;

/** Longer streams are answered with a problem: the order needs the whole stream in memory. */
const EVENTS_MAX = 10_000;

type Ordered = { order: OrderKey; recorded: RecordedEvent; stripeEvent: StripeEvent };

/** The events of subscriptions in logical order, read from the log itself. */
export class SubscriptionHistory {
  constructor(private readonly store: EventStore) {}

  /** A page of a subscription's events, from after a number; null when its stream does not exist. */
  async page(subscription: string, { after, limit }: { after: number; limit: number }): Promise<HistoryPage | null> {
    const events = await this.#read(`subscription-${subscription}`);
    if (events.length === 0) return null;
    const { ordered, ambiguous } = order(events);
    const unsure = new Set(ambiguous);
    const before = predecessors(ordered);
    const data = ordered.slice(after, after + limit).map((event, at) => entryOf(event, { number: after + at + 1, ambiguous: unsure.has(event), predecessor: before.get(event) }));
    return { data, nextAfter: after + limit < ordered.length ? after + limit : null };
  }

  async #read(stream: string): Promise<Ordered[]> {
    const events = new Map<string, Ordered>();
    for await (const recorded of readStream(this.store, stream, { max: EVENTS_MAX + 1 })) {
      if (recorded.metadata === null || events.has(recorded.eventId)) continue;
      const stripeEvent = stripeEventOf(recorded);
      events.set(recorded.eventId, { order: orderKeyOf(stripeEvent), recorded, stripeEvent });
    }
    if (events.size > EVENTS_MAX) throw new ProblemError({ status: 422, code: 'stream_too_long', title: 'Stream too long', detail: `${stream} holds more than ${EVENTS_MAX} events; read it from the event store.` });
    return [...events.values()];
  }
}

/** For each event the one before it about the same object. */
function predecessors(ordered: readonly Ordered[]): Map<Ordered, StripeEvent> {
  const last = new Map<string, StripeEvent>();
  const before = new Map<Ordered, StripeEvent>();
  for (const event of ordered) {
    const previous = last.get(event.order.objectKey);
    if (previous !== undefined) before.set(event, previous);
    last.set(event.order.objectKey, event.stripeEvent);
  }
  return before;
}

function entryOf({ recorded, stripeEvent }: Ordered, { number, ambiguous, predecessor }: { number: number; ambiguous: boolean; predecessor: StripeEvent | undefined }): HistoryEntry {
  const { object } = stripeEvent.data;
  return {
    number,
    stripeEventId: stripeEvent.id,
    type: stripeEvent.type,
    created: new Date(stripeEvent.created * 1000).toISOString(),
    object: { kind: textOrNull(object['object']), id: textOrNull(object['id']) },
    apiVersion: stripeEvent.api_version,
    changes: changesOf(stripeEvent, predecessor),
    ambiguous,
    revision: String(recorded.revision),
    position: String(recorded.position),
    receivedAt: recorded.metadata?.receivedAt ?? null,
  };
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
