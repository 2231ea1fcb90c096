import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { freePort } from '../packages/embedded-postgres/src/free-port.js';
import { startEmbeddedPostgres } from '../packages/embedded-postgres/src/index.js';
import { BenchmarkProcesses } from './benchmark-processes.js';
import { BenchmarkService } from './benchmark-service.js';
import { median } from './median.js';
import { cpuUsOf, PARTS } from './process-usage.js';
import type { RenewalResult, RenewalRound } from './renewal-client.js';
import { wholeNumbers } from './whole-numbers.js';

/** `npm run benchmark:peers`; HELP describes it. */

const HELP = `Sends the same storms of renewals to the ledger and to a mirror (@supabase/stripe-sync-engine, which only keeps the latest state of each
object in Postgres), interleaved in one run, and reports medians and ratios. Installs the mirror from npm into its own folder.
Linux only.

  npm run benchmark:peers -- [options]

  --events <n>        events of a round; a tenth at concurrency 1                       (3000)
  --rounds <n>        rounds at each concurrency                                        (3)
  --concurrency <l>   a list                                                            (1,16,64)
  --rows <l>          events that both have beforehand: a list, 0 for only the warm-up  (0,50000)
  --folder <path>     where to install and keep the mirror                              (a folder for temporary files)
  --help              print this text
`;

const PACKAGES = ['@supabase/stripe-sync-engine@0.48.5', 'stripe@20', 'fastify@5', 'pg@8'];
const SECRET = 'whsec_peer';
const SETTLE_MS = 1_500;
const WARM_UP = 2_000;
const FILL_EVENTS = 10_000;

/** The mirror's program, as its own server does it, with the body as bytes for the signature. */
const HOST = `import fastify from 'fastify';
import { StripeSync } from '@supabase/stripe-sync-engine';
const [, , url, port] = process.argv;
const sync = new StripeSync({ poolConfig: { connectionString: url, max: 10 }, stripeSecretKey: 'sk_test_x', stripeWebhookSecret: '${SECRET}', autoExpandLists: false, backfillRelatedEntities: false });
const app = fastify();
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('/webhooks/stripe', async (request) => {
  await sync.processWebhook(request.body, request.headers['stripe-signature']);
  return { received: true };
});
await app.listen({ port: Number(port), host: '127.0.0.1' });
process.send('ready');
`;

interface Receiver {
  readonly name: 'ledger' | 'mirror';
  readonly url: string;
  readonly secret: string;
  /** Processor time of all its processes so far. */
  cpuUs(): number;
  /** Waits until everything delivered is in the rows. */
  complete(result: RenewalResult): Promise<void>;
}

interface Measured extends RenewalResult {
  readonly name: Receiver['name'];
  readonly rowsBefore: number;
  readonly concurrency: number;
  readonly completePerSecond: number;
  readonly cpuUs: number;
}

function install(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true, "type": "module" }\n');
  if (!existsSync(join(folder, 'node_modules', '@supabase', 'stripe-sync-engine'))) {
    process.stderr.write(`Installing the mirror into ${folder} …\n`);
    const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...PACKAGES], {
      cwd: folder,
      stdio: ['ignore', process.stderr, process.stderr],
    });
    if (status !== 0) throw new Error('npm could not install the mirror.');
  }
  writeFileSync(join(folder, 'host.mjs'), HOST);
}

/** Creates the mirror's tables with its own migrations, which name a role that not every Postgres has. */
async function migrate(folder: string, url: string): Promise<void> {
  const migrations = join(folder, 'node_modules', '@supabase', 'stripe-sync-engine', 'dist', 'migrations');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('create schema if not exists stripe');
  for (const file of readdirSync(migrations)
    .filter((name) => name.endsWith('.sql'))
    .sort())
    await client.query(readFileSync(join(migrations, file), 'utf8').replaceAll(/^.* owner to postgres;$/gim, ''));
  await client.end();
}

async function startMirror(
  folder: string,
  directory: string,
): Promise<Receiver & { rows(): Promise<number>; stop(): Promise<void> }> {
  const postgres = await startEmbeddedPostgres({ directory });
  await migrate(folder, postgres.url);
  const port = await freePort();
  const child = spawn(process.execPath, [join(folder, 'host.mjs'), postgres.url, String(port)], {
    stdio: ['ignore', process.stderr, process.stderr, 'ipc'],
  });
  await once(child, 'message');
  const postmaster = Number(readFileSync(join(directory, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  return {
    name: 'mirror',
    url: `http://127.0.0.1:${port}`,
    secret: SECRET,
    cpuUs: () => cpuUsOf(child.pid ?? 0, { children: false }) + cpuUsOf(postmaster, { children: true }),
    // The mirror answers only after its rows are written.
    complete: () => Promise.resolve(),
    rows: async () => {
      const counted = await client.query<{ rows: bigint }>(
        'select (select count(*) from stripe.subscriptions) + (select count(*) from stripe.invoices) as rows',
      );
      return Number(counted.rows[0]?.rows ?? 0);
    },
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await Promise.all([gone, client.end()]);
      await postgres.stop();
    },
  };
}

interface Plan {
  readonly events: number;
  readonly rounds: number;
  readonly concurrencies: readonly number[];
  readonly rows: readonly number[];
}

async function measure(receivers: readonly Receiver[], processes: BenchmarkProcesses, plan: Plan): Promise<Measured[]> {
  const client = processes.client<RenewalRound, RenewalResult>('renewal-client.js');
  const play = async (receiver: Receiver, name: string, concurrency: number, events: number) => {
    const { url, secret } = receiver;
    const result = await client({
      name: `${process.pid} ${receiver.name} ${name}`,
      url,
      secret,
      concurrency,
      events,
      duplicates: 0,
    });
    const answeredMs = performance.now();
    await receiver.complete(result);
    const ms = (events / result.perSecond) * 1_000 + performance.now() - answeredMs;
    return { ...result, completePerSecond: (events / ms) * 1_000 };
  };
  const measured: Measured[] = [];
  let before = 0;
  for (const rowsBefore of plan.rows) {
    const wanted = Math.max(rowsBefore - before, WARM_UP);
    for (let filled = 0; filled < wanted; filled += FILL_EVENTS)
      for (const receiver of receivers)
        await play(receiver, `fill ${rowsBefore} ${filled}`, 64, Math.min(FILL_EVENTS, wanted - filled));
    before = Math.max(rowsBefore, before);
    for (let round = 1; round <= plan.rounds; round += 1)
      for (const concurrency of plan.concurrencies)
        for (const receiver of round % 2 === 0 ? receivers : [...receivers].reverse()) {
          const events = concurrency === 1 ? Math.ceil(plan.events / 10) : plan.events;
          const cpuBefore = receiver.cpuUs();
          const result = await play(receiver, `${rowsBefore} ${round} ${concurrency}`, concurrency, events);
          await pause(SETTLE_MS);
          const cpuUs = (receiver.cpuUs() - cpuBefore) / events;
          measured.push({ ...result, name: receiver.name, rowsBefore, concurrency, cpuUs });
          process.stderr.write(
            `${rowsBefore} rows, round ${round}, concurrency ${concurrency}, ${receiver.name}: ${result.perSecond.toFixed(0)}/s ${JSON.stringify(result.outcomes)}\n`,
          );
        }
  }
  return measured;
}

const HEADINGS = [
  'rows before',
  'concurrency',
  'ledger: deliveries /s',
  'complete rows /s',
  'p50 / p99 ms',
  'CPU µs an event',
  'mirror: deliveries /s',
  'p50 / p99 ms',
  'CPU µs an event',
  'deliveries ÷ mirror',
  'complete rows ÷ mirror',
];

function report(measured: readonly Measured[]): string[] {
  const kinds = new Map(measured.map((one) => [`${one.rowsBefore} ${one.concurrency}`, one]));
  const rows = [...kinds.values()].map(({ rowsBefore, concurrency }) => {
    const of = (name: Receiver['name'], value: (one: Measured) => number): number =>
      median(
        measured
          .filter((one) => one.name === name && one.rowsBefore === rowsBefore && one.concurrency === concurrency)
          .map(value),
      );
    const rate = ({ perSecond }: Measured): number => perSecond;
    const complete = ({ completePerSecond }: Measured): number => completePerSecond;
    const latency = (name: Receiver['name']): string =>
      `${of(name, ({ p50Ms }) => p50Ms).toFixed(1)} / ${of(name, ({ p99Ms }) => p99Ms).toFixed(1)}`;
    const cpu = (name: Receiver['name']): string => of(name, ({ cpuUs }) => cpuUs).toFixed(0);
    return [
      rowsBefore.toLocaleString('en-US'),
      concurrency,
      of('ledger', rate).toFixed(0),
      of('ledger', complete).toFixed(0),
      latency('ledger'),
      cpu('ledger'),
      of('mirror', rate).toFixed(0),
      latency('mirror'),
      cpu('mirror'),
      (of('ledger', rate) / of('mirror', rate)).toFixed(2),
      (of('ledger', complete) / of('mirror', rate)).toFixed(2),
    ];
  });
  return [
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}; medians of interleaved rounds; mirror: ${PACKAGES[0]}`,
    '',
    `| ${HEADINGS.join(' | ')} |`,
    `|${'---|'.repeat(HEADINGS.length)}`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ];
}

async function benchmark(plan: Plan, folder: string): Promise<void> {
  install(folder);
  const processes = new BenchmarkProcesses();
  const directory = mkdtempSync(join(tmpdir(), 'ledger-peers-'));
  chmodSync(directory, 0o711); // under root, Postgres runs as another user, who must pass through
  const ours = join(directory, 'ledger');
  mkdirSync(ours, { mode: 0o711 });
  const mirror = await startMirror(folder, join(directory, 'mirror'));
  try {
    const service = await BenchmarkService.start(processes, ours);
    const ledger: Receiver = {
      name: 'ledger',
      url: service.url,
      secret: service.secret,
      cpuUs: () => {
        const cpu = service.usage.cpu();
        return PARTS.reduce((all, part) => all + cpu[part], 0);
      },
      complete: ({ position }) => (position === null ? Promise.resolve() : service.complete(position)),
    };
    const measured = await measure([ledger, mirror], processes, plan);
    report(measured).forEach((line) => console.log(line));
    console.log(`\nThe mirror has ${await mirror.rows()} rows.`);
  } finally {
    await processes.end();
    await mirror.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '3000' },
    rounds: { type: 'string', default: '3' },
    concurrency: { type: 'string', default: '1,16,64' },
    rows: { type: 'string', default: '0,50000' },
    folder: { type: 'string', default: join(tmpdir(), 'ledger-mirror') },
    help: { type: 'boolean' },
  },
});
if (values.help === true) {
  console.log(HELP);
} else {
  const [events = 1] = wholeNumbers('events', values.events, 100_000);
  const [rounds = 1] = wholeNumbers('rounds', values.rounds, 50);
  const rows = values.rows
    .split(',')
    .flatMap((count) => (count.trim() === '0' ? [0] : wholeNumbers('rows', count, 1_000_000)));
  await benchmark(
    { events, rounds, rows, concurrencies: wholeNumbers('concurrency', values.concurrency, 512) },
    values.folder,
  );
}
