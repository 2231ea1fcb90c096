import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BenchmarkProcesses, type Client, type Store } from './benchmark-processes.js';
import { STREAM_LENGTH, type Task, type TaskResult } from './eventstore-benchmark-client.js';
import {
  growthTable,
  machine,
  ratesTable,
  storedLines,
  type EndCost,
  type Rates,
  type Stored,
} from './eventstore-benchmark-report.js';
import { SqliteYardstick } from './sqlite-yardstick.js';
import { wholeNumbers } from './whole-numbers.js';

/** `npm run eventstore-benchmark`: the embedded event store against itself in memory and against bare SQLite. */

const HELP = `Measures the embedded event store through the official client, and prints tables and ratios of one run.

  npm run eventstore-benchmark -- [options]

  --events <n>        events of a round at concurrency 16 and more; a quarter at 1  (4000)
  --repetitions <n>   rounds of each kind, interleaved                              (3)
  --concurrency <l>   a list                                                        (1,16,64,256)
  --long <n>          length of the long stream, whose store is then started again  (100000)
  --only <part>       rates, or length                                              (both)
  --help              print this text
`;

const EVENT_BYTES = 4096;
/** Size of the events that only fill a stream or a store. */
const FILLING_BYTES = 256;
/** Appends or reads at the end of a short and of a long stream; each repetition makes both longer by this many. */
const END_STEPS = 200;
const SHORT = 10;

interface Plan {
  readonly events: number;
  readonly repetitions: number;
  readonly concurrencies: readonly number[];
  readonly long: number;
}

interface Stand {
  readonly processes: BenchmarkProcesses;
  readonly directory: string;
  readonly perform: Client<Task, TaskResult>;
}

/** A task's result with its cost for the server. */
async function costing(stand: Stand, store: Store, task: Task): Promise<TaskResult & { cpuUs: number }> {
  const before = await store.usage();
  const result = await stand.perform(task);
  const { cpuUs } = await store.usage();
  return { ...result, cpuUs: (cpuUs - before.cpuUs) / task.count };
}

async function rates(stand: Stand, plan: Plan): Promise<Rates[]> {
  const onDisk = await stand.processes.store(join(stand.directory, 'rates'));
  const inMemory = await stand.processes.store('memory');
  const sqlite = new SqliteYardstick(stand.directory, EVENT_BYTES);
  const measured: Rates[] = [];
  for (let repetition = 0; repetition <= plan.repetitions; repetition += 1) {
    for (const concurrency of plan.concurrencies) {
      const count = concurrency === 1 ? Math.ceil(plan.events / 4) : Math.max(plan.events, concurrency * STREAM_LENGTH);
      const round = { name: `rates-${repetition}-${concurrency}`, concurrency, count };
      const sides = { disk: await roundOn(stand, onDisk, round), memory: await roundOn(stand, inMemory, round) };
      // The first repetition only warms up clients and servers.
      if (repetition > 0)
        measured.push({ concurrency, ...sides, sqlitePerSecond: sqlite.rowsPerSecond(count, concurrency) });
    }
    process.stderr.write(`rates: ${repetition} of ${plan.repetitions}\n`);
  }
  sqlite.close();
  await onDisk.stop();
  await inMemory.stop();
  return measured;
}

async function roundOn(
  stand: Stand,
  store: Store,
  round: Pick<Task, 'name' | 'concurrency' | 'count'>,
): Promise<Rates['disk']> {
  const append = await costing(stand, store, { ...round, kind: 'append', url: store.url, eventBytes: EVENT_BYTES });
  const read = await costing(stand, store, {
    ...round,
    kind: 'read-streams',
    url: store.url,
    count: Math.ceil(round.count / STREAM_LENGTH),
  });
  return { append, read };
}

interface Growth {
  readonly costs: readonly EndCost[];
  readonly stored: Stored;
}

/**
 * The cost of an append and of a read in a new log, in a full log with a short stream, and in a long stream; then the
 * cost of a start on that log.
 */
async function growth(stand: Stand, plan: Plan): Promise<Growth> {
  const directory = join(stand.directory, 'growth');
  const store = await stand.processes.store(directory);
  const fill = (name: string, count: number) =>
    stand.perform({ kind: 'fill', url: store.url, name, count, concurrency: 1, eventBytes: FILLING_BYTES });
  const costs: EndCost[] = [];
  const shortCosts = async (at: 'new' | 'full', repetition: number): Promise<EndCost> => {
    const name = `short-${at}-${repetition}`;
    await fill(name, SHORT);
    return costAtEnd(stand, store, { name, length: SHORT, stream: `short, ${at} log` });
  };
  // The first repetition only warms up client and server.
  for (let repetition = 0; repetition <= plan.repetitions; repetition += 1) {
    const cost = await shortCosts('new', repetition);
    if (repetition > 0) costs.push(cost);
  }
  const filled = await fill('long', plan.long);
  const rssAfterFillBytes = (await store.usage()).rssMaxBytes;
  for (let repetition = 0; repetition < plan.repetitions; repetition += 1) {
    costs.push(await shortCosts('full', repetition));
    costs.push(
      await costAtEnd(stand, store, { name: 'long', length: plan.long + repetition * END_STEPS, stream: 'long' }),
    );
    process.stderr.write(`stream length: ${repetition + 1} of ${plan.repetitions}\n`);
  }
  await store.stop();
  return {
    costs,
    stored: { fillPerSecond: filled.eventsPerSecond, rssAfterFillBytes, ...(await restarted(stand, directory)) },
  };
}

async function costAtEnd(
  stand: Stand,
  store: Store,
  { name, length, stream }: { name: string; length: number; stream: EndCost['stream'] },
): Promise<EndCost> {
  const common = { url: store.url, name, length, concurrency: 1, count: END_STEPS };
  const readEnd = await costing(stand, store, { ...common, kind: 'read-end' });
  const readMiddle = await costing(stand, store, { ...common, kind: 'read-middle' });
  const append = await costing(stand, store, { ...common, kind: 'append-at-end', eventBytes: EVENT_BYTES });
  return { stream, append, readEnd, readMiddle };
}

/** Restarts a full store: how long its start takes, and how much memory a full read needs. */
async function restarted(
  stand: Stand,
  directory: string,
): Promise<Omit<Stored, 'fillPerSecond' | 'rssAfterFillBytes'>> {
  const store = await stand.processes.store(directory);
  const rssAfterStartBytes = (await store.usage()).rssMaxBytes;
  const common = { name: 'long', concurrency: 1, count: 1, url: store.url };
  const readEnd = await stand.perform({ ...common, kind: 'read-end' });
  const readAll = await costing(stand, store, { ...common, kind: 'read-all' });
  const { rssMaxBytes } = await store.usage();
  await store.stop();
  return {
    startMs: store.startMs,
    firstReadMs: readEnd.p50Ms,
    readAll,
    rssAfterStartBytes,
    rssAfterReadBytes: rssMaxBytes,
  };
}

async function benchmark(plan: Plan, only: string | undefined): Promise<void> {
  const processes = new BenchmarkProcesses();
  const directory = mkdtempSync(join(tmpdir(), 'eventstore-benchmark-'));
  try {
    const stand: Stand = {
      processes,
      directory,
      perform: processes.client<Task, TaskResult>('eventstore-benchmark-client.js'),
    };
    const lines = [machine()];
    if (only !== 'length') lines.push('', ...ratesTable(await rates(stand, plan)));
    if (only !== 'rates') {
      const { costs, stored } = await growth(stand, plan);
      lines.push('', ...growthTable(costs, plan.long), '', ...storedLines(stored, plan.long));
    }
    lines.forEach((line) => console.log(line));
  } finally {
    await processes.end();
    rmSync(directory, { recursive: true, force: true });
  }
}

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '4000' },
    repetitions: { type: 'string', default: '3' },
    concurrency: { type: 'string', default: '1,16,64,256' },
    long: { type: 'string', default: '100000' },
    only: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (values.help === true) {
  console.log(HELP);
} else {
  const [events = 1] = wholeNumbers('events', values.events, 100_000);
  const [repetitions = 1] = wholeNumbers('repetitions', values.repetitions, 50);
  const [long = 10] = wholeNumbers('long', values.long, 10_000_000);
  if (values.only !== undefined && !['rates', 'length'].includes(values.only))
    throw new Error('--only must be rates or length.');
  await benchmark(
    { events, repetitions, concurrencies: wholeNumbers('concurrency', values.concurrency, 512), long },
    values.only,
  );
}
