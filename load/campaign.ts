import { setTimeout as pause } from 'node:timers/promises';
import { deliveries } from '../simulator/deliveries.js';
import { seededRandom } from '../simulator/random.js';
import { expectedRow, type ExpectedRow } from '../test/support/expected-row.js';
import { HttpConnection } from './http-connection.js';
import { Latencies } from './latencies.js';
import { LiveLag } from './live-lag.js';
import { SentEvents } from './sent-events.js';
import { stormEvents, webhookBody } from './storm-events.js';
import type { StormOptions } from './storm-options.js';
import { deliver } from './webhook-client.js';

/** What a campaign did, and what must be true after it. */
export interface Campaign {
  readonly sent: SentEvents;
  readonly latencies: Latencies;
  /** From the answer to a delivery until its event is in the rows. */
  readonly lag: Latencies;
  readonly durationMs: number;
  /** The expected row of every subscription whose events were all acknowledged. */
  readonly rows: readonly ExpectedRow[];
  /** False when the time limit passed or the service stopped answering before everything was sent. */
  readonly complete: boolean;
}

const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Delivers the whole storm over `concurrency` connections. It stops at the time limit, or when the service has
 * acknowledged nothing for as long as one event is retried. `onAnswer` is called after every event.
 */
export async function sendAll(
  options: StormOptions,
  onAnswer: (sent: SentEvents, livesStarted: number) => void,
): Promise<Campaign> {
  const sent = new SentEvents();
  const latencies = new Latencies();
  const live = new LiveLag(options.origin, options.token);
  const truths: { readonly row: ExpectedRow; readonly eventIds: readonly string[] }[] = [];
  let livesStarted = 0;
  const events = stormEvents(options, (life) => {
    livesStarted += 1;
    const eventIds = life.events.map(({ stripeEvent }) => stripeEvent.id);
    truths.push(
      ...life.stripeSubscriptions.map((stripeSubscription) => ({ row: expectedRow(stripeSubscription), eventIds })),
    );
  });
  const arriving = deliveries(events, options);
  const { next: random } = seededRandom(options.seed, 'pauses');
  const startedMs = performance.now();
  let lastAnswerMs = startedMs;
  let complete = false;
  const continues = (): boolean => {
    const now = performance.now();
    return now - startedMs < options.timeLimitMs && now - lastAnswerMs <= options.retryForMs;
  };
  const sender = async (): Promise<void> => {
    const connection = new HttpConnection(options.origin, REQUEST_TIMEOUT_MS);
    while (continues()) {
      const next = arriving.next();
      if (next.done === true) {
        complete = true;
        break;
      }
      const { event, attempt } = next.value;
      const record = sent.sending(event);
      const body = webhookBody(event.stripeEvent, attempt);
      const result = await deliver(
        connection,
        { body, secret: options.secret },
        { retryForMs: options.retryForMs, pause, random },
      );
      if (result.kind === 'acknowledged') {
        latencies.add(result.latencyMs);
        live.acknowledged(result.acknowledgement.position);
        lastAnswerMs = performance.now();
      }
      sent.answered(record, result);
      onAnswer(sent, livesStarted);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: options.concurrency }, sender));
  const durationMs = performance.now() - startedMs;
  await live.stop();
  const known = truths.filter(({ eventIds }) => eventIds.every((id) => sent.byId.get(id)?.acknowledged === true));
  return { sent, latencies, lag: live.latencies, durationMs, rows: known.map(({ row }) => row), complete };
}
