import { NO_STREAM } from '@eventstore/db-client';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbeddedPostgres } from '../packages/embedded-postgres/src/index.js';
import { connectEventStore, type EventStore } from '../src/eventstore/event-store.js';
import { appendedEvent } from '../test/support/log.js';
import { benchmarkEvents, type BenchmarkEvent } from './benchmark-events.js';
import { BenchmarkProcesses } from './benchmark-processes.js';
import type { RebuildResult, RebuildTask } from './rebuild-benchmark-client.js';
import { wholeNumbers } from './whole-numbers.js';

/**
 * `npm run rebuild-benchmark`: building all read models against a bare read of the log, with the official client's
 * defaults and with the service's client.
 */

const HELP = `Fills logs with subscription updates of 4 KB, reads each with the bare client, once with an HTTP/2 window as wide as the service's, and builds all read models from it.

  npm run rebuild-benchmark -- [options]

  --events <l>        sizes of the log, a list; time should grow with it, and memory should not   (20000,40000)
  --workers <l>       numbers of workers, a list; 1 builds in a single thread                  (1,2)
  --help              print this text
`;

const APPENDS_AT_ONCE = 200;
const PORTION = 5_000;
const WORKERS_MAX = 16;

/** Appends a few events at a time to each of many streams, so that a stream's events are scattered over the log. */
async function fill(store: EventStore, name: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += PORTION) {
    const events = benchmarkEvents(`${name}-${from}`, Math.min(PORTION, count - from));
    const lastRevision = Math.max(...events.map(({ revision }) => revision));
    for (let revision = 0; revision <= lastRevision; revision += 1) {
      const turn = events.filter((event) => event.revision === revision);
      for (let at = 0; at < turn.length; at += APPENDS_AT_ONCE)
        await Promise.all(turn.slice(at, at + APPENDS_AT_ONCE).map((event) => append(store, event)));
    }
  }
}

async function append(store: EventStore, { stream, stripeEvent, revision }: BenchmarkEvent): Promise<void> {
  await store.appends.appendToStream(stream, appendedEvent(stripeEvent), {
    expectedRevision: revision === 0 ? NO_STREAM : BigInt(revision - 1),
  });
}

type Measured = Readonly<{ read: RebuildResult; wideRead: RebuildResult; builds: readonly Build[] }>;
type Build = Readonly<{ workers: number; result: RebuildResult }>;

/** Measures every way on one log, each in a fresh process. */
async function measure(count: number, workers: readonly number[]): Promise<Measured> {
  const processes = new BenchmarkProcesses();
  const directory = mkdtempSync(join(tmpdir(), 'rebuild-benchmark-'));
  chmodSync(directory, 0o711); // under root, Postgres runs as another user, who must pass through
  try {
    const { url: eventstoreUrl } = await processes.store(join(directory, 'log'));
    const store = connectEventStore(eventstoreUrl);
    await fill(store, String(count), count);
    await store.close();
    const run = (task: Omit<RebuildTask, 'eventstoreUrl'>): Promise<RebuildResult> =>
      processes.client<RebuildTask, RebuildResult>('rebuild-benchmark-client.js')({ ...task, eventstoreUrl });
    const read = await run({ way: 'read', databaseUrl: NO_DATABASE });
    const wideRead = await run({ way: 'wide-read', databaseUrl: NO_DATABASE });
    const builds: Build[] = [];
    for (const one of workers)
      builds.push({ workers: one, result: await buildIn(join(directory, `postgres-${one}`), one, run) });
    return { read, wideRead, builds };
  } finally {
    await processes.end();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A placeholder; nothing connects to it. */
const NO_DATABASE = 'postgres://nobody@127.0.0.1/none';

/** Builds in an empty Postgres. */
async function buildIn(
  directory: string,
  workers: number,
  run: (task: Omit<RebuildTask, 'eventstoreUrl'>) => Promise<RebuildResult>,
): Promise<RebuildResult> {
  const postgres = await startEmbeddedPostgres({ directory });
  try {
    return await run({ way: 'build', databaseUrl: postgres.url, workers });
  } finally {
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const rate = ({ events, seconds }: RebuildResult): string => Math.round(events / seconds).toLocaleString('en-US');
const cpuUs = ({ events, cpuSeconds }: RebuildResult): string => ((cpuSeconds / events) * 1e6).toFixed(0);
const megabytes = ({ rssMaxBytes }: RebuildResult): string => (rssMaxBytes / 1e6).toFixed(0);

/** One line per way. */
function linesOf(count: number, { read, wideRead, builds }: Measured): string[] {
  const line = (way: string, result: RebuildResult): string => {
    const beside = ({ events, seconds }: RebuildResult): string =>
      `${Math.round((result.events / result.seconds / (events / seconds)) * 100)} %`;
    return `| ${[count.toLocaleString('en-US'), way, rate(result), beside(read), beside(wideRead), result.seconds.toFixed(1), cpuUs(result), megabytes(result)].join(' | ')} |`;
  };
  return [
    line('bare read', read),
    line('bare read, wide window', wideRead),
    ...builds.map(({ workers, result }) => line(`rebuild, ${workers} ${workers === 1 ? 'worker' : 'workers'}`, result)),
  ];
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '20000,40000' },
    workers: { type: 'string', default: '1,2' },
    help: { type: 'boolean' },
  },
});
if (values.help === true) {
  process.stdout.write(HELP);
} else {
  const names = [
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}, events of 4 KB in streams of twenty`,
    '',
    '| events | way | events /s | ÷ bare read | ÷ wide | s | its CPU, µs an event | its memory, MB |',
    `|${'---|'.repeat(8)}`,
  ];
  const workers = wholeNumbers('workers', values.workers, WORKERS_MAX);
  for (const count of wholeNumbers('events', values.events, 2_000_000))
    names.push(...linesOf(count, await measure(count, workers)));
  process.stdout.write(`${names.join('\n')}\n`);
}
process.exit();
