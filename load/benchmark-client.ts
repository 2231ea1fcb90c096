import { jsonEvent, NO_STREAM, type JSONEventData } from '@eventstore/db-client';
import { officialClient } from '../src/eventstore/client.js';
import { connectEventStore } from '../src/eventstore/event-store.js';
import { benchmarkEvents, dealt, type BenchmarkEvent } from './benchmark-events.js';
import { HttpConnection, type HttpRequest } from './http-connection.js';
import { Latencies } from './latencies.js';
import { signedRequest } from './webhook-client.js';

/** A separate process that appends or delivers the rounds the benchmark sends it, one after the other. */

export interface Round {
  /** Unique, which keeps the ids of its events unique. */
  readonly name: string;
  readonly way: 'json-event' | 'verbatim' | 'webhook';
  /** The URL of the store or of the service. */
  readonly url: string;
  readonly secret: string;
  readonly concurrency: number;
  readonly warmUp: number;
  readonly events: number;
}

export interface RoundResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Sends one prepared event and resolves when it is acknowledged. */
type Send = (event: BenchmarkEvent) => Promise<void>;
interface Sender {
  /**
   * Work done before the clock starts, because it belongs to the sender and not to the appending client: Stripe signs
   * on its own machines, and the service receives its bodies as bytes.
   */
  prepare(events: readonly BenchmarkEvent[]): void;
  /** One per worker, since a connection carries one request at a time. */
  connect(): Send;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 30_000;

function jsonSender({ url }: Round): Sender {
  const client = officialClient(url);
  const send: Send = async (event) =>
    void (await client.appendToStream(event.stream, json(event), { expectedRevision: expectedRevisionOf(event) }));
  return { prepare: () => undefined, connect: () => send, close: () => client.dispose() };
}

/** Appends as the service does: the body's bytes unchanged, which halves the client's cost. */
function verbatimSender({ url }: Round): Sender {
  const store = connectEventStore(url);
  const bodies = new Map<string, Uint8Array>();
  const send: Send = async (event) => {
    const { eventId: id, stream, stripeEvent } = event;
    const bytes = {
      id,
      type: stripeEvent.type,
      contentType: 'application/json',
      data: prepared(bodies, event),
      metadata: bytesOf(metadataOf(stripeEvent.id)),
    };
    await store.appends.appendBytes({
      stream,
      events: [bytes],
      expectedRevision: expectedRevisionOf(event),
      timeoutMs: REQUEST_TIMEOUT_MS,
    });
  };
  return {
    prepare: (events) => events.forEach(({ eventId, stripeEvent }) => bodies.set(eventId, bytesOf(stripeEvent))),
    connect: () => send,
    close: () => store.close(),
  };
}

const expectedRevisionOf = ({ revision }: BenchmarkEvent) => (revision === 0 ? NO_STREAM : BigInt(revision - 1));

function json({ eventId, stripeEvent }: BenchmarkEvent): JSONEventData {
  return jsonEvent({
    id: eventId,
    type: stripeEvent.type,
    data: { ...stripeEvent },
    metadata: metadataOf(stripeEvent.id),
  });
}

const bytesOf = (value: object): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(value)));

function prepared<T>(all: ReadonlyMap<string, T>, { eventId }: BenchmarkEvent): T {
  const one = all.get(eventId);
  if (one === undefined) throw new Error(`Event ${eventId} was not prepared.`);
  return one;
}

/** About as much metadata as the service adds. */
function metadataOf(stripeEventId: string): Record<string, string | number | boolean> {
  const hash = '0'.repeat(64);
  const now = new Date().toISOString();
  return {
    format: 1,
    stripeEventId,
    apiVersion: '2025-03-31.basil',
    livemode: false,
    endpoint: 'local',
    receivedAt: now,
    signedAt: now,
    bodySha256: hash,
    contentHash: hash,
  };
}

function webhookSender({ url, secret }: Round): Sender {
  const connections: HttpConnection[] = [];
  const requests = new Map<string, HttpRequest>();
  const connect = (): Send => {
    const connection = new HttpConnection(new URL(url), REQUEST_TIMEOUT_MS);
    connections.push(connection);
    return async (event) => {
      const { status, body } = await connection.request(prepared(requests, event));
      if (status !== 200 || !body.includes('"appended"')) throw new Error(`The webhook answered ${status} ${body}.`);
    };
  };
  return {
    prepare: (events) =>
      events.forEach(({ eventId, stripeEvent }) =>
        requests.set(eventId, signedRequest(secret, Buffer.from(JSON.stringify(stripeEvent)))),
      ),
    connect,
    close: async () => connections.forEach((connection) => connection.close()),
  };
}

const SENDERS = { 'json-event': jsonSender, verbatim: verbatimSender, webhook: webhookSender } as const;

async function play(round: Round): Promise<RoundResult> {
  const sender = SENDERS[round.way](round);
  const sends = Array.from({ length: round.concurrency }, () => sender.connect());
  const warmUp = benchmarkEvents(`${round.name} warm-up`, round.warmUp);
  const events = benchmarkEvents(round.name, round.events);
  sender.prepare(warmUp);
  sender.prepare(events);
  await sendAll(sends, warmUp);
  const startedMs = performance.now();
  const latencies = await sendAll(sends, events);
  const seconds = (performance.now() - startedMs) / 1000;
  await sender.close();
  const [p50Ms = NaN, p99Ms = NaN] = latencies.percentiles(0.5, 0.99);
  return { perSecond: events.length / seconds, p50Ms, p99Ms };
}

async function sendAll(sends: readonly Send[], events: readonly BenchmarkEvent[]): Promise<Latencies> {
  const latencies = new Latencies();
  const hands = dealt(events, sends.length);
  await Promise.all(
    sends.map(async (send, worker) => {
      for (const event of hands[worker] ?? []) {
        const sentMs = performance.now();
        await send(event);
        latencies.add(performance.now() - sentMs);
      }
    }),
  );
  return latencies;
}

process.on('message', (round: Round) => {
  play(round).then(
    (result) => process.send?.({ result }),
    (error: unknown) =>
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
