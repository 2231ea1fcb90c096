import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BenchmarkProcesses } from './benchmark-processes.js';
import { BenchmarkService } from './benchmark-service.js';
import { median } from './median.js';
import { PARTS, type CpuUs } from './process-usage.js';
import type { RenewalResult, RenewalRound } from './renewal-client.js';
import { wholeNumbers } from './whole-numbers.js';

/** `npm run benchmark`; HELP describes it. */

const HELP = `Sends a day of renewals to its own service: signed deliveries of 6 to 7 KB, half customer.subscription.updated, half invoice.paid,
each about another subscription. Reports the rate of acknowledged deliveries and of complete rows, the latencies, the processor time by
thread and process, and the memory. Linux only (reads /proc).

  npm run benchmark -- [options]

  --events <n>        events of a round; a tenth at concurrency 1       (6000)
  --rounds <n>        rounds at each concurrency, interleaved           (3)
  --concurrency <l>   a list                                            (1,16,64)
  --duplicates <n>    percentage of events delivered twice              (0)
  --warm-up <n>       events before the first round                     (6000)
  --help              print this text
`;

interface Plan {
  readonly events: number;
  readonly rounds: number;
  readonly concurrencies: readonly number[];
  readonly duplicates: number;
  readonly warmUp: number;
}

interface Measured extends RenewalResult {
  readonly concurrency: number;
  readonly completePerSecond: number;
  readonly rows: number;
  readonly wanted: number;
  /** Microseconds per event, including work after the last answer. */
  readonly cpu: CpuUs;
}

/** What the service still does after the last rows also counts for the round. */
const SETTLE_MS = 1_000;

async function measure(service: BenchmarkService, processes: BenchmarkProcesses, plan: Plan): Promise<Measured[]> {
  const client = processes.client<RenewalRound, RenewalResult>('renewal-client.js');
  const play = async (name: string, concurrency: number, events: number): Promise<Measured> => {
    const { url, secret, usage } = service;
    const before = usage.cpu();
    const startedMs = performance.now();
    const result = await client({
      name: `${process.pid} ${name}`,
      url,
      secret,
      concurrency,
      events,
      duplicates: plan.duplicates / 100,
    });
    const sendingMs = (result.deliveries / result.perSecond) * 1_000;
    const beganMs = performance.now() - startedMs - sendingMs;
    if (result.position !== null) await service.complete(result.position);
    const completeMs = performance.now() - startedMs - beganMs;
    await pause(SETTLE_MS);
    const after = usage.cpu();
    const cpu = Object.fromEntries(PARTS.map((part) => [part, (after[part] - before[part]) / events])) as CpuUs;
    const rows = await service.rowsOf(result);
    return { ...result, concurrency, cpu, rows, wanted: events, completePerSecond: (events / completeMs) * 1_000 };
  };
  await client({
    name: `${process.pid} first`,
    url: service.url,
    secret: service.secret,
    concurrency: 16,
    events: 500,
    duplicates: 0,
  });
  await play('warm-up', 64, plan.warmUp);
  const measured: Measured[] = [];
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const concurrency of plan.concurrencies) {
      const events = concurrency === 1 ? Math.ceil(plan.events / 10) : plan.events;
      const one = await play(`${round} ${concurrency}`, concurrency, events);
      measured.push(one);
      process.stderr.write(
        `round ${round}, concurrency ${concurrency}: ${one.perSecond.toFixed(0)}/s, ${JSON.stringify(one.outcomes)}, ${one.rows} of ${one.wanted} rows\n`,
      );
    }
  }
  return measured;
}

const HEADINGS = ['concurrency', 'deliveries /s', 'complete rows /s', 'p50 / p99 ms', 'rows', ...PARTS, 'together'];

function report(measured: readonly Measured[]): string[] {
  const concurrencies = [...new Set(measured.map(({ concurrency }) => concurrency))];
  const rows = concurrencies.map((concurrency) => {
    const own = measured.filter((one) => one.concurrency === concurrency);
    const of = (value: (one: Measured) => number, digits = 0): string => median(own.map(value)).toFixed(digits);
    const total = (value: (one: Measured) => number): number => own.reduce((all, one) => all + value(one), 0);
    return [
      concurrency,
      of(({ perSecond }) => perSecond),
      of(({ completePerSecond }) => completePerSecond),
      `${of(({ p50Ms }) => p50Ms, 1)} / ${of(({ p99Ms }) => p99Ms, 1)}`,
      `${total(({ rows: found }) => found)} of ${total(({ wanted }) => wanted)}`,
      ...PARTS.map((part) => of(({ cpu }) => cpu[part])),
      of(({ cpu }) => PARTS.reduce((all, part) => all + cpu[part], 0)),
    ];
  });
  return [
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}; medians, processor time in µs an event`,
    '',
    `| ${HEADINGS.join(' | ')} |`,
    `|${'---|'.repeat(HEADINGS.length)}`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ];
}

async function benchmark(plan: Plan): Promise<void> {
  const processes = new BenchmarkProcesses();
  const dataDir = mkdtempSync(join(tmpdir(), 'ledger-benchmark-'));
  chmodSync(dataDir, 0o711); // under root, Postgres runs as another user, who must pass through
  try {
    const service = await BenchmarkService.start(processes, dataDir);
    const measured = await measure(service, processes, plan);
    report(measured).forEach((line) => console.log(line));
    const { service: own, Postgres } = service.usage.memoryMb();
    console.log(
      `\nMemory after it: ${(own + Postgres).toFixed(0)} MB, of which the service ${own.toFixed(0)}, Postgres ${Postgres.toFixed(0)}.`,
    );
  } finally {
    await processes.end();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '6000' },
    rounds: { type: 'string', default: '3' },
    concurrency: { type: 'string', default: '1,16,64' },
    duplicates: { type: 'string', default: '0' },
    'warm-up': { type: 'string', default: '6000' },
    help: { type: 'boolean' },
  },
});
if (values.help === true) {
  console.log(HELP);
} else {
  const one = (name: 'events' | 'rounds' | 'warm-up', max: number): number =>
    wholeNumbers(name, values[name], max)[0] ?? 1;
  await benchmark({
    events: one('events', 100_000),
    rounds: one('rounds', 50),
    warmUp: one('warm-up', 100_000),
    duplicates: values.duplicates === '0' ? 0 : (wholeNumbers('duplicates', values.duplicates, 100)[0] ?? 0),
    concurrencies: wholeNumbers('concurrency', values.concurrency, 512),
  });
}
