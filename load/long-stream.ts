import { eventIdOf } from '../src/events/event-id.js';
import type { EventMetadata } from '../src/eventstore/recorded-event.js';
import { write, type NewEvent } from '../src/eventstore/append.js';
import type { EventStore } from '../src/eventstore/event-store.js';
import type { StripeEvent } from '../simulator/json.js';
import { lives } from '../simulator/simulator.js';

const EVENTS_PER_APPEND = 50;
const TIMEOUT_MS = 10_000;

/** Appends the stream of a subscription of `length` events, as intake would; returns its name. */
export async function appendLongStream(store: EventStore, length: number): Promise<string> {
  const stream = `subscription-sub_of_${length}_events`;
  const events = longLife(length).map((stripeEvent) => newEvent(stripeEvent, stream));
  for (let at = 0; at < length; at += EVENTS_PER_APPEND) {
    const outcome = await write(store, events.slice(at, at + EVENTS_PER_APPEND), {
      revision: BigInt(at) - 1n,
      timeoutMs: TIMEOUT_MS,
    });
    if (outcome.kind !== 'written') throw new Error(`${stream} could not be made: ${outcome.kind}.`);
  }
  return stream;
}

/** Repeats the events of a simulated subscription's stream, each time a month later and with other invoices. */
function longLife(length: number): StripeEvent[] {
  const [life] = [...lives({ seed: 7, subscriptions: 1, apiVersion: '2025-03-31.basil' })];
  const own = (life?.events ?? [])
    .filter(({ stream }) => stream.startsWith('subscription-'))
    .map(({ stripeEvent }) => stripeEvent);
  return Array.from({ length }, (_, at) => {
    const round = Math.floor(at / own.length);
    const {
      data: { object, ...rest },
      ...event
    } = own[at % own.length] as StripeEvent;
    return {
      ...event,
      id: `evt_${length}_${at}`,
      created: event.created + round * 2_678_400,
      data: { ...rest, object: object.object === 'subscription' ? object : { ...object, id: `${object.id}_${round}` } },
    };
  });
}

function newEvent(stripeEvent: StripeEvent, stream: string): NewEvent {
  const metadata: EventMetadata = {
    format: 2,
    source: 'webhook',
    stripeEventId: stripeEvent.id,
    apiVersion: stripeEvent.api_version,
    account: null,
    livemode: stripeEvent.livemode,
    created: stripeEvent.created,
    endpoint: 'benchmark',
    receivedAt: new Date(0).toISOString(),
    signedAt: new Date(0).toISOString(),
    bodySha256: '',
    contentHash: '',
  };
  return {
    stream,
    eventId: eventIdOf(stripeEvent.id, stripeEvent.api_version),
    type: stripeEvent.type,
    data: bytesOf(stripeEvent),
    metadata: bytesOf(metadata),
    contentHash: '',
    contentHashFor: () => '',
    apiVersion: stripeEvent.api_version,
    account: null,
    source: 'webhook',
  };
}

/** The client serialises a Buffer as JSON, and only a plain Uint8Array as raw bytes. */
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
