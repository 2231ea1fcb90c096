import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../packages/embedded-postgres/src/free-port.js';
import type { Round, RoundResult } from './benchmark-client.js';
import { BenchmarkProcesses, type Client } from './benchmark-processes.js';
import { benchmarkReport, WAYS, type Measurement, type Way } from './benchmark-report.js';
import { wholeNumbers } from './whole-numbers.js';

/** `npm run benchmark:appends`: the cost of the webhook against the store's bare client, measured in one run. */

const HELP = `Appends the same events of 4 KB with the bare client and through the webhook, to one store, and reports medians and ratios.

  npm run benchmark:appends -- [options]

  --events <n>        events of a round at concurrency 16 and 64; a quarter at 1   (12000)
  --repetitions <n>   rounds of each kind, interleaved                             (3)
  --concurrency <l>   a list                                                       (1,16,64)
  --help              print this text

EVENTSTORE_URL and DATABASE_URL choose other servers than the embedded ones.
`;

const CATCH_UP_MS = 120_000;

interface Stand {
  readonly storeUrl: string;
  readonly serviceUrl: string;
  readonly withoutStoreUrl: string;
  readonly secret: string;
  readonly token: string;
  /** Suspends or resumes the service, so that its projecting does not slow down the rounds of other ways. */
  readonly hold: (held: boolean) => void;
}

async function setUp(processes: BenchmarkProcesses, dataDir: string): Promise<Stand> {
  const storeUrl =
    process.env['EVENTSTORE_URL'] ?? (await processes.server('benchmark-store.js', join(dataDir, 'log')));
  const secret = `whsec_${randomBytes(24).toString('hex')}`;
  const token = randomBytes(24).toString('hex');
  const port = await freePort();
  const service = processes.service({
    DATA_DIR: dataDir,
    PORT: String(port),
    EVENTSTORE_URL: storeUrl,
    LOG_LEVEL: 'warn',
    STRIPE_WEBHOOK_SECRETS: `benchmark=${secret}`,
    API_TOKENS: `read=${token}`,
  });
  const withoutStoreUrl = await processes.server('webhook-without-store.js', secret);
  const hold = (held: boolean): void => void service.kill(held ? 'SIGSTOP' : 'SIGCONT');
  return { storeUrl, serviceUrl: `http://127.0.0.1:${port}`, withoutStoreUrl, secret, token, hold };
}

/** Waits until the service has projected everything that is in the log. */
async function caughtUp({ serviceUrl, token }: Stand): Promise<void> {
  const deadlineMs = performance.now() + CATCH_UP_MS;
  while (performance.now() < deadlineMs) {
    const answer = await fetch(`${serviceUrl}/projections`, { headers: { authorization: `Bearer ${token}` } }).catch(
      () => undefined,
    );
    if (answer?.ok === true) {
      const { data } = (await answer.json()) as { data: readonly { caughtUp: boolean }[] };
      if (data.every((projection) => projection.caughtUp)) return;
    }
    await pause(200);
  }
  throw new Error(`The service did not catch up within ${CATCH_UP_MS / 1000} s.`);
}

interface Plan {
  readonly events: number;
  readonly repetitions: number;
  readonly concurrencies: readonly number[];
}

async function measure(processes: BenchmarkProcesses, stand: Stand, plan: Plan): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  const clients = new Map(WAYS.map((way) => [way, processes.client()]));
  for (let repetition = 1; repetition <= plan.repetitions; repetition += 1) {
    for (const concurrency of plan.concurrencies) {
      for (const way of WAYS) {
        const measurement = {
          concurrency,
          way,
          ...(await measureRound(stand, clients, {
            way,
            concurrency,
            events: eventsAt(plan, concurrency),
            repetition,
          })),
        };
        measurements.push(measurement);
        process.stderr.write(
          `repetition ${repetition}, concurrency ${concurrency}, ${way}: ${Math.round(measurement.perSecond)}/s\n`,
        );
      }
    }
  }
  return measurements;
}

/** A quarter of the events suffices at concurrency 1, which is slow. */
function eventsAt(plan: Plan, concurrency: number): number {
  return concurrency === 1 ? Math.ceil(plan.events / 4) : plan.events;
}

async function measureRound(
  stand: Stand,
  clients: ReadonlyMap<Way, Client>,
  kind: RoundKind,
): Promise<RoundResult & { catchUpMs: number }> {
  const client = clients.get(kind.way);
  if (client === undefined) throw new Error(`There is no client for ${kind.way}.`);
  const round = roundOf(stand, kind);
  if (kind.way !== 'webhook') {
    stand.hold(true);
    const result = await client(round);
    stand.hold(false);
    return { ...result, catchUpMs: 0 };
  }
  await caughtUp(stand);
  const result = await client(round);
  const endedMs = performance.now();
  await caughtUp(stand);
  return { ...result, catchUpMs: performance.now() - endedMs };
}

interface RoundKind {
  readonly way: Way;
  readonly concurrency: number;
  readonly events: number;
  readonly repetition: number;
}

function roundOf(stand: Stand, { way, concurrency, events, repetition }: RoundKind): Round {
  const urls = {
    'json-event': stand.storeUrl,
    verbatim: stand.storeUrl,
    webhook: stand.serviceUrl,
    'without-store': stand.withoutStoreUrl,
  };
  return {
    name: `${process.pid} ${repetition} ${concurrency} ${way}`,
    way: way === 'without-store' ? 'webhook' : way,
    url: urls[way],
    secret: stand.secret,
    concurrency,
    events,
    warmUp: Math.ceil(events / 4),
  };
}

async function benchmark(plan: Plan): Promise<void> {
  const processes = new BenchmarkProcesses();
  const dataDir = mkdtempSync(join(tmpdir(), 'ledger-benchmark-'));
  chmodSync(dataDir, 0o711);
  try {
    const stand = await setUp(processes, dataDir);
    await caughtUp(stand);
    const measurements = await measure(processes, stand, plan);
    benchmarkReport(measurements).forEach((line) => console.log(line));
  } finally {
    await processes.end();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '12000' },
    repetitions: { type: 'string', default: '3' },
    concurrency: { type: 'string', default: '1,16,64' },
    help: { type: 'boolean' },
  },
});
if (values.help === true) {
  console.log(HELP);
} else {
  const [events = 1] = wholeNumbers('events', values.events, 100_000);
  const [repetitions = 1] = wholeNumbers('repetitions', values.repetitions, 50);
  await benchmark({ events, repetitions, concurrencies: wholeNumbers('concurrency', values.concurrency, 512) });
}
