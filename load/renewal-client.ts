import { seededRandom } from '../simulator/random.js';
import { HttpConnection, type HttpRequest } from './http-connection.js';
import { Latencies } from './latencies.js';
import { renewals } from './renewals.js';
import { signedRequest, type Acknowledgement } from './webhook-client.js';

/** A separate process that delivers a storm of renewals whenever asked. */

export interface RenewalRound {
  /** Unique, which keeps the ids of its events unique. */
  readonly name: string;
  readonly url: string;
  readonly secret: string;
  readonly concurrency: number;
  readonly events: number;
  /** Share of the events delivered a second time, some moments later. */
  readonly duplicates: number;
}

export interface RenewalResult {
  readonly deliveries: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers by outcome where the receiver reports one, else by status. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** The log position of the last event, as reported by the ledger. */
  readonly position: string | null;
  readonly subscriptions: readonly string[];
  readonly invoices: readonly string[];
}

const REQUEST_TIMEOUT_MS = 30_000;
/** Deliveries between the first and the second of the same event. */
const REPEATED_AFTER = 100;

async function play({ name, url, secret, concurrency, events, duplicates }: RenewalRound): Promise<RenewalResult> {
  const all = [...renewals(name, events)];
  const ids = (wanted: string): string[] => all.filter(({ object }) => object === wanted).map(({ id }) => id);
  // Signed before the clock starts, since Stripe signs on its own machines.
  const requests = all.map(({ body }) => signedRequest(secret, body));
  const random = seededRandom('duplicates', name);
  const deliveries: HttpRequest[] = [];
  for (const [at, request] of requests.entries()) {
    deliveries.push(request);
    const earlier = requests[at - REPEATED_AFTER];
    if (earlier !== undefined && random.chance(duplicates)) deliveries.push(earlier);
  }
  const latencies = new Latencies();
  const outcomes: Record<string, number> = {};
  let position = -1n;
  let next = 0;
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      const connection = new HttpConnection(new URL(url), REQUEST_TIMEOUT_MS);
      for (let at = next++; at < deliveries.length; at = next++) {
        const sentMs = performance.now();
        const { status, body } = await connection.request(deliveries[at] as HttpRequest);
        latencies.add(performance.now() - sentMs);
        const answer = status === 200 ? (JSON.parse(body) as Partial<Acknowledgement>) : {};
        const outcome = answer.outcome ?? String(status);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        const own = BigInt(answer.position ?? -1);
        if (own > position) position = own;
      }
      connection.close();
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  const [p50Ms = NaN, p99Ms = NaN] = latencies.percentiles(0.5, 0.99);
  return {
    deliveries: deliveries.length,
    perSecond: deliveries.length / seconds,
    p50Ms,
    p99Ms,
    outcomes,
    position: position < 0n ? null : String(position),
    subscriptions: ids('subscription'),
    invoices: ids('invoice'),
  };
}

process.on('message', (round: RenewalRound) => {
  play(round).then(
    (result) => process.send?.({ result }),
    (error: unknown) =>
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
