import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../packages/embedded-postgres/src/free-port.js';
import { BenchmarkProcesses } from './benchmark-processes.js';
import { BenchmarkService } from './benchmark-service.js';
import { median } from './median.js';
import { cpuUsOf, PARTS, type CpuUs } from './process-usage.js';
import type { RenewalResult, RenewalRound } from './renewal-client.js';
import { wholeNumbers } from './whole-numbers.js';

/** `npm run benchmark:console`; HELP describes it. */

const HELP = `Delivers renewals to its own service, alternately with and without open consoles: people watch its health, events, read models and money,
and reload the page every second. Reports the rate of the webhook and the processor time per event for both, with ratios; and
the time from start until reads are ready, with and without console and access changes. Linux only (reads /proc).

  npm run benchmark:console -- [options]

  --events <n>        events of a round            (4000)
  --rounds <n>        rounds of each, interleaved  (5)
  --concurrency <n>   connections that deliver     (16)
  --people <n>        pages that are open          (4)
  --starts <n>        starts of each, interleaved  (5)
  --help              print this text
`;

const PAGES = ['', '/events', '/projections', '/mrr'];
const RELOADS_EVERY_MS = 1_000;
const SETTLE_MS = 1_000;

type Plan = Readonly<{ events: number; rounds: number; concurrency: number; people: number; starts: number }>;
type Round = Readonly<{ isOpen: boolean; perSecond: number; p99Ms: number; cpu: CpuUs; pages: number }>;

/** Simulated users who load console pages until stopped, with a count of the pages served. */
class Console {
  #pages = 0;
  readonly #stopping = new AbortController();
  readonly #people: Promise<void>[];

  constructor(
    private readonly url: string,
    private readonly cookie: string,
    people: number,
  ) {
    this.#people = Array.from({ length: people }, (_, at) => this.#look(PAGES[at % PAGES.length] ?? ''));
  }

  async #look(page: string): Promise<void> {
    const { signal } = this.#stopping;
    const headers = { cookie: this.cookie, 'sec-fetch-site': 'same-origin' };
    while (!signal.aborted) {
      const answer = await fetch(`${this.url}/console${page}`, { headers });
      await answer.arrayBuffer();
      if (answer.status !== 200) throw new Error(`/console${page} answered ${answer.status}.`);
      this.#pages += 1;
      await pause(RELOADS_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async close(): Promise<number> {
    this.#stopping.abort();
    await Promise.all(this.#people);
    return this.#pages;
  }
}

/** The session cookie a browser keeps after login. */
async function loggedIn({ url, token }: BenchmarkService): Promise<string> {
  const answer = await fetch(`${url}/console/session`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'sec-fetch-site': 'same-origin', origin: url },
    body: new URLSearchParams({ token }),
  });
  return String(answer.headers.get('set-cookie')).split(';')[0] ?? '';
}

async function measure(service: BenchmarkService, processes: BenchmarkProcesses, plan: Plan): Promise<Round[]> {
  const client = processes.client<RenewalRound, RenewalResult>('renewal-client.js');
  const cookie = await loggedIn(service);
  const { url, secret, usage } = service;
  const play = async (name: string, isOpen: boolean): Promise<Round> => {
    const people = new Console(url, cookie, isOpen ? plan.people : 0);
    const before = usage.cpu();
    const round = { name: `${process.pid} ${name}`, url, secret, duplicates: 0 };
    const result = await client({ ...round, concurrency: plan.concurrency, events: plan.events });
    if (result.position !== null) await service.complete(result.position);
    const pages = await people.close();
    await pause(SETTLE_MS);
    const after = usage.cpu();
    const cpu = Object.fromEntries(PARTS.map((part) => [part, (after[part] - before[part]) / plan.events])) as CpuUs;
    return { isOpen, perSecond: result.perSecond, p99Ms: result.p99Ms, cpu, pages };
  };
  await play('first', false);
  await play('warm-up', true);
  const rounds: Round[] = [];
  for (let round = 1; round <= plan.rounds; round += 1)
    // Alternate the order, since the machine's speed varies.
    for (const isOpen of round % 2 === 0 ? [true, false] : [false, true]) {
      const one = await play(`${round} ${isOpen}`, isOpen);
      rounds.push(one);
      process.stderr.write(
        `round ${round}, ${isOpen ? 'open' : 'without'}: ${one.perSecond.toFixed(0)}/s, ${one.pages} pages\n`,
      );
    }
  return rounds;
}

const together = (cpu: CpuUs): number => PARTS.reduce((all, part) => all + cpu[part], 0);

function report(rounds: readonly Round[], events: number): string[] {
  const of = (isOpen: boolean, value: (round: Round) => number): number =>
    median(rounds.filter((round) => round.isOpen === isOpen).map(value));
  const row = (name: string, value: (round: Round) => number): string => {
    const [without, open] = [of(false, value), of(true, value)];
    return `| ${name} | ${without.toFixed(0)} | ${open.toFixed(0)} | ${(open / without).toFixed(2)} |`;
  };
  const pages = of(true, (round) => round.pages);
  const [without, open] = [of(false, ({ cpu }) => together(cpu)), of(true, ({ cpu }) => together(cpu))];
  const pageMs = ((open - without) * events) / pages / 1_000;
  return [
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}; medians`,
    '',
    '| | without | console open | ratio |',
    '|---|---|---|---|',
    row('deliveries /s', ({ perSecond }) => perSecond),
    row('p99 ms', ({ p99Ms }) => p99Ms),
    row('processor time of an event, µs', ({ cpu }) => together(cpu)),
    ...PARTS.map((part) => row(`${part}, µs`, ({ cpu }) => cpu[part])),
    '',
    `A page takes ${pageMs.toFixed(0)} ms of processor time of service and Postgres; a round had ${pages} of them.`,
  ];
}

/**
 * A first start, from an empty directory until reads are ready: its duration, and the processor time of the service and
 * its servers, in milliseconds.
 */
type Start = Readonly<{ ms: number; cpuMs: number }>;
const WITHOUT = { CONSOLE: 'off', ACCESS_CHANGES: 'no' };
const LOOKED_EVERY_MS = 20;

async function start(env: Readonly<Record<string, string>>): Promise<Start> {
  const processes = new BenchmarkProcesses();
  const dataDir = mkdtempSync(join(tmpdir(), 'ledger-benchmark-'));
  chmodSync(dataDir, 0o711);
  const port = await freePort();
  const startedMs = performance.now();
  const secrets = {
    STRIPE_WEBHOOK_SECRETS: `benchmark=whsec_${randomBytes(24).toString('hex')}`,
    API_TOKENS: `read=${randomBytes(24).toString('hex')}`,
  };
  const { pid } = processes.service({ ...env, ...secrets, DATA_DIR: dataDir, PORT: String(port), LOG_LEVEL: 'warn' });
  try {
    if (pid === undefined) throw new Error('The service did not start.');
    const isReady = async (): Promise<boolean> =>
      (await fetch(`http://127.0.0.1:${port}/health/ready/reads`).catch(() => null))?.ok === true;
    while (!(await isReady())) await pause(LOOKED_EVERY_MS);
    return { ms: performance.now() - startedMs, cpuMs: cpuUsOf(pid, { children: true }) / 1_000 };
  } finally {
    await processes.end();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function starts(count: number): Promise<string[]> {
  const all: { withAll: Start; without: Start }[] = [];
  for (let at = 0; at < count; at += 1) all.push({ without: await start(WITHOUT), withAll: await start({}) });
  const row = (name: string, of: (one: Start) => number): string => {
    const [without, withAll] = [median(all.map((one) => of(one.without))), median(all.map((one) => of(one.withAll)))];
    return `| ${name} | ${without.toFixed(0)} | ${withAll.toFixed(0)} | ${(withAll - without).toFixed(0)} |`;
  };
  return [
    '',
    '| from nothing until reads are ready | without console and access changes | with both | more |',
    '|---|---|---|---|',
    row('ms', ({ ms }) => ms),
    row('processor time, ms', ({ cpuMs }) => cpuMs),
  ];
}

async function benchmark(plan: Plan): Promise<void> {
  const processes = new BenchmarkProcesses();
  const dataDir = mkdtempSync(join(tmpdir(), 'ledger-benchmark-'));
  chmodSync(dataDir, 0o711); // under root, Postgres runs as another user, who must pass through
  try {
    const service = await BenchmarkService.start(processes, dataDir);
    report(await measure(service, processes, plan), plan.events).forEach((line) => console.log(line));
  } finally {
    await processes.end();
    rmSync(dataDir, { recursive: true, force: true });
  }
  (await starts(plan.starts)).forEach((line) => console.log(line));
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '4000' },
    rounds: { type: 'string', default: '5' },
    concurrency: { type: 'string', default: '16' },
    people: { type: 'string', default: '4' },
    starts: { type: 'string', default: '5' },
    help: { type: 'boolean' },
  },
});
if (values.help === true) {
  console.log(HELP);
} else {
  const one = (name: 'events' | 'rounds' | 'concurrency' | 'people' | 'starts', max: number): number =>
    wholeNumbers(name, values[name], max)[0] ?? 1;
  await benchmark({
    events: one('events', 100_000),
    rounds: one('rounds', 50),
    concurrency: one('concurrency', 256),
    people: one('people', 64),
    starts: one('starts', 50),
  });
}
