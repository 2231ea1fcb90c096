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

/** `npm run rebuild-benchmark`: what building all read models costs beside a bare read of the log, by the official client as it comes and by the service's. */

const HELP = `Fills logs with subscription updates of 4 KB, reads each with the bare client, once with an HTTP/2 window as wide as the service's, and builds all read models from it.

  npm run rebuild-benchmark -- [options]

  --events <l>        sizes of the log, a list; time should grow with it, and memory should not   (20000,40000)
  --help              this text
`;

const APPENDS_AT_ONCE = 200;
const PORTION = 5_000;

/** Appends events a few at a time to each of many streams, so that each stream's lie apart in the log. */
async function fill(store: EventStore, name: string, count: number): Promise<void> {
  for (let from = 0; from < count; from += PORTION) {
    const events = benchmarkEvents(`${name}-${from}`, Math.min(PORTION, count - from));
    const lastRevision = Math.max(...events.map(({ revision }) => revision));
    for (let revision = 0; revision <= lastRevision; revision += 1) {
      const turn = events.filter((event) => event.revision === revision);
      for (let at = 0; at < turn.length; at += APPENDS_AT_ONCE) await Promise.all(turn.slice(at, at + APPENDS_AT_ONCE).map((event) => append(store, event)));
    }
  }
}

async function append(store: EventStore, { stream, stripeEvent, revision }: BenchmarkEvent): Promise<void> {
  await store.appends.appendToStream(stream, appendedEvent(stripeEvent), { expectedRevision: revision === 0 ? NO_STREAM : BigInt(revision - 1) });
}

/** All ways on one log, each in a process of its own that has done nothing before. */
async function measure(count: number): Promise<Record<RebuildTask['way'], RebuildResult>> {
  const processes = new BenchmarkProcesses();
  const directory = mkdtempSync(join(tmpdir(), 'rebuild-benchmark-'));
  chmodSync(directory, 0o711); // run as root, Postgres gets another user, who must pass through
  try {
    const { url: eventstoreUrl } = await processes.store(join(directory, 'log'));
    const store = connectEventStore(eventstoreUrl);
    await fill(store, String(count), count);
    await store.close();
    const postgres = await startEmbeddedPostgres({ directory: join(directory, 'postgres') });
    try {
      const run = (way: RebuildTask['way']) => processes.client<RebuildTask, RebuildResult>('rebuild-benchmark-client.js')({ way, eventstoreUrl, databaseUrl: postgres.url });
      return { read: await run('read'), 'wide-read': await run('wide-read'), build: await run('build') };
    } finally {
      await postgres.stop();
    }
  } finally {
    await processes.end();
    rmSync(directory, { recursive: true, force: true });
  }
}

const rate = ({ events, seconds }: RebuildResult): string => Math.round(events / seconds).toLocaleString('en-US');
const cpuUs = ({ events, cpuSeconds }: RebuildResult): string => ((cpuSeconds / events) * 1e6).toFixed(0);

const { values } = parseArgs({ options: { events: { type: 'string', default: '20000,40000' }, help: { type: 'boolean' } } });
if (values.help === true) {
  process.stdout.write(HELP);
} else {
  const lines = [
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}, events of 4 KB in streams of twenty`,
    '',
    '| events | bare read /s | bare read, wide window /s | rebuild /s | rebuild ÷ bare read | rebuild ÷ wide | rebuild s | CPU of reader µs an event | CPU of rebuilder µs an event | memory of rebuilder MB |',
    `|${'---|'.repeat(10)}`,
  ];
  for (const count of wholeNumbers('events', values.events, 2_000_000)) {
    const { read, 'wide-read': wideRead, build } = await measure(count);
    const beside = ({ events, seconds }: RebuildResult): string => `${Math.round((build.events / build.seconds / (events / seconds)) * 100)} %`;
    lines.push(`| ${count.toLocaleString('en-US')} | ${rate(read)} | ${rate(wideRead)} | ${rate(build)} | ${beside(read)} | ${beside(wideRead)} | ${build.seconds.toFixed(1)} | ${cpuUs(read)} | ${cpuUs(build)} | ${(build.rssMaxBytes / 1e6).toFixed(0)} |`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}
process.exit();
