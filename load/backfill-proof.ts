import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../packages/embedded-postgres/src/free-port.js';
import { startStripeApi, type SimulatedStripe } from '../simulator/stripe-api/server.js';

/** `npm run backfill-proof`: a backfill that is killed again and again ends at what Stripe has, and how fast it is. */

const HELP = `Backfills a simulated account, kills the command on the way, lets it go on, and compares every object with Stripe.

  npm run backfill-proof -- [options]

  --objects <n>       about so many objects at Stripe   (20000)
  --kills <n>         how often it is killed            (5)
  --help              this text
`;
/** About what one simulated life has within half a year. */
const OBJECTS_EACH = 17;
const TOKEN = 'backfill-proof-token';
const dist = (file: string): string => fileURLToPath(new URL(`../../dist/src/${file}`, import.meta.url));

const { values } = parseArgs({
  options: {
    objects: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  if (values.help) return tell(HELP);
  const subscriptions = Math.ceil(Number(values.objects) / OBJECTS_EACH);
  const stripe = await startStripeApi({ seed: 1, subscriptions, limits: null });
  const directory = mkdtempSync(join(tmpdir(), 'backfill-proof-'));
  const port = await freePort();
  const env = {
    PATH: process.env['PATH'],
    DATA_DIR: directory,
    PORT: String(port),
    LOG_LEVEL: 'warn',
    ROLES: 'ingest,project,api',
    API_TOKENS: `admin=${TOKEN}`,
    STRIPE_API_URL: stripe.url,
    STRIPE_API_KEYS: `proof=${stripe.key}`,
    STRIPE_API_RATE: '100',
  };
  const service = spawn(process.execPath, [dist('main.js')], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    await caughtUp(port);
    return await proved(stripe, env, Number(values.kills), port);
  } finally {
    service.kill('SIGTERM');
    await once(service, 'close');
    await stripe.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function proved(stripe: SimulatedStripe, env: NodeJS.ProcessEnv, kills: number, port: number): Promise<number> {
  const began = performance.now();
  let rssMb = 0;
  for (let kill = 0; ; kill += 1) {
    const before = stripe.counters.requests;
    const child = spawn(process.execPath, [dist('cli/main.js'), 'backfill', '--wait', '0', '--json'], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = once(child, 'close');
    while (child.exitCode === null && child.signalCode === null) {
      rssMb = Math.max(rssMb, rssOf(child));
      if (kill < kills && stripe.counters.requests > before + 20 * (kill + 1)) child.kill('SIGKILL');
      await Promise.race([ended, pause(100)]);
    }
    await ended;
    if (child.signalCode === 'SIGKILL') continue;
    if (output === '') throw new Error(`backfill ended with ${child.exitCode}, and said nothing.`);
    const { counts } = JSON.parse(output) as { counts: Record<string, Record<string, number>> };
    const listed = Object.values(counts).reduce((sum, own) => sum + (own['listed'] ?? 0), 0);
    const seconds = (performance.now() - began) / 1_000;
    await caughtUp(port);
    const withRows = (performance.now() - began) / 1_000;
    tell(
      `${listed} objects in ${seconds.toFixed(1)} s, ${Math.round(listed / seconds)} a second; with all rows ` +
        `${Math.round(listed / withRows)} a second; ${kill} kills, ${stripe.counters.requests} requests, at most ${rssMb} MB.\n`,
    );
    return compared(env);
  }
}

/** Every object that Stripe lists, judged against the log. */
async function compared(env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, [dist('cli/main.js'), 'reconcile', '--all', '--wait', '0'], {
    env,
    stdio: ['ignore', 'inherit', 'ignore'],
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}

async function caughtUp(port: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/projections`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    }).catch(() => null);
    if (answer?.status === 200) {
      const { data } = (await answer.json()) as { data: { behind: string | null; state: string }[] };
      if (data.length > 0 && data.every(({ behind, state }) => behind === '0' && state === 'live')) return;
    } else await answer?.arrayBuffer();
    await pause(200);
  }
}

/** Of Linux alone; 0 elsewhere. */
function rssOf({ pid }: ChildProcess): number {
  try {
    const pages = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1];
    return Math.round((Number(pages) * 4_096) / 1_000_000);
  } catch {
    return 0;
  }
}

function tell(text: string): 0 {
  process.stdout.write(text);
  return 0;
}

process.exitCode = await main();
