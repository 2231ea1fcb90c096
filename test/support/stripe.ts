/** A ledger and a simulated Stripe whose true state is known. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { startStripeApi, type SimulatedStripe } from '../../simulator/stripe-api/server.js';
import { wrongRowsIn } from './books.js';
import { thisBuild } from './builds.js';
import { ADMIN_TOKEN, read } from './delivery.js';
import { startLedger, type TestLedger } from './ledger.js';
import { preparedDatabase } from './servers.js';
import { until } from './until.js';

export const START = Date.UTC(2026, 0, 5, 9) / 1_000;
export const VERSION = '2026-03-25.dahlia';

export type Parts = Readonly<{ ledger: TestLedger; stripe: SimulatedStripe; stop(): Promise<void> }>;

type BothOptions = Partial<Parameters<typeof startStripeApi>[0]> & { environment?: Record<string, string> };

/** Uses separate stores, since reconciliation compares the latest webhooks of a log with what the key can read. */
export async function startBoth({ environment = {}, ...options }: BothOptions = {}): Promise<Parts> {
  const [eventStore, database] = await Promise.all([
    startEmbeddedEventStore({ directory: 'memory' }),
    preparedDatabase(),
  ]);
  const stripe = await startStripeApi({
    seed: 11,
    subscriptions: 40,
    apiVersion: VERSION,
    startAt: START,
    limits: null,
    ...options,
  });
  const ledger = await startLedger({
    ...{ eventStore, database },
    environment: { STRIPE_API_URL: stripe.url, ...environment },
  });
  const parts = {
    ledger,
    stripe,
    stop: async () => {
      await stripe.stop();
      await ledger.stop();
      await Promise.all([eventStore.stop(), database.stop()]);
    },
  };
  // A command does not create a ledger, so the service must have created it.
  await cameUp(parts);
  return parts;
}

/** Runs a ledger command in a separate process against the simulated Stripe. */
export function command({ ledger, stripe }: Parts, args: readonly string[], key = stripe.key) {
  const env = {
    PATH: process.env['PATH'] ?? '',
    EVENTSTORE_URL: ledger.eventstoreUrl,
    DATABASE_URL: ledger.databaseUrl,
    STRIPE_API_URL: stripe.url,
    STRIPE_API_KEYS: `tests=${key}`,
    STRIPE_API_RATE: '100',
  };
  const child = spawn(process.execPath, [thisBuild.command, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output, errors }));
  return { child, ended };
}

/** Waits until the read models have caught up with the log. */
export const cameUp = ({ ledger }: Parts) =>
  until('the read models came up', async () => {
    const { status, body } = await read<{ data: { behind: string | null; state: string }[] }>(
      ledger.url,
      '/projections',
      ADMIN_TOKEN,
    );
    // The route has no answer until the service has created its schema.
    return (
      status === 200 &&
      body.data.length > 0 &&
      body.data.every(({ behind, state }) => behind === '0' && state === 'live')
    );
  });

/** The differences of the rows from Stripe's objects. */
export const wrongRows = ({ ledger, stripe }: Parts): Promise<string[]> =>
  wrongRowsIn(ledger.databaseUrl, stripe.world.objects(stripe.clock.now(), VERSION));
