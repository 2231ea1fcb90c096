import { cpus } from 'node:os';
import type { TaskResult } from './eventstore-benchmark-client.js';
import { median } from './median.js';

/** A task's result, with the server's cost per append or read. */
export type Cost = TaskResult & { readonly cpuUs: number };

/** Appending and reading the same events in one round. */
interface Side {
  readonly append: Cost;
  readonly read: Cost;
}

export interface Rates {
  readonly concurrency: number;
  readonly disk: Side;
  readonly memory: Side;
  /** Rows per second that bare SQLite inserts, with one transaction per `concurrency` rows. */
  readonly sqlitePerSecond: number;
}

/** Appends and reads at the end of a stream, and reads in its middle. */
export interface EndCost {
  readonly stream: 'short, new log' | 'short, full log' | 'long';
  readonly append: Cost;
  readonly readEnd: Cost;
  readonly readMiddle: Cost;
}

export interface Stored {
  readonly fillPerSecond: number;
  readonly startMs: number;
  readonly firstReadMs: number;
  /** One full read of the log. */
  readonly readAll: Cost;
  readonly rssAfterFillBytes: number;
  readonly rssAfterStartBytes: number;
  readonly rssAfterReadBytes: number;
}

export const machine = (): string =>
  `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}, medians`;

const count = (value: number): string => Math.round(value).toLocaleString('en');
const percent = (share: number): string => `${Math.round(share * 100)} %`;
const mebibytes = (bytes: number): string => `${count(bytes / 1024 / 1024)} MiB`;

function table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  return [
    `| ${headings.join(' | ')} |`,
    `|${'---|'.repeat(headings.length)}`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ];
}

const RATE_HEADINGS = [
  'concurrency',
  'appends /s',
  'in memory /s',
  'bare SQLite rows /s',
  '÷ in memory',
  '÷ SQLite',
  'p50 / p99 ms',
  'server µs an append',
  'in memory µs',
  'reads: events /s',
  'in memory /s',
] as const;

export function ratesTable(measured: readonly Rates[]): string[] {
  const concurrencies = [...new Set(measured.map(({ concurrency }) => concurrency))];
  return table(
    RATE_HEADINGS,
    concurrencies.map((concurrency) =>
      ratesRow(
        concurrency,
        measured.filter((of) => of.concurrency === concurrency),
      ),
    ),
  );
}

function ratesRow(concurrency: number, rounds: readonly Rates[]): (string | number)[] {
  const of = (value: (rates: Rates) => number): number => median(rounds.map(value));
  const disk = of((rates) => rates.disk.append.eventsPerSecond);
  const memory = of((rates) => rates.memory.append.eventsPerSecond);
  const sqlite = of((rates) => rates.sqlitePerSecond);
  return [
    concurrency,
    count(disk),
    count(memory),
    count(sqlite),
    percent(disk / memory),
    percent(disk / sqlite),
    `${of((rates) => rates.disk.append.p50Ms).toFixed(1)} / ${of((rates) => rates.disk.append.p99Ms).toFixed(1)}`,
    count(of((rates) => rates.disk.append.cpuUs)),
    count(of((rates) => rates.memory.append.cpuUs)),
    count(of((rates) => rates.disk.read.eventsPerSecond)),
    count(of((rates) => rates.memory.read.eventsPerSecond)),
  ];
}

const GROWTH_HEADINGS = [
  'stream',
  'append ms',
  'server µs',
  'last ten events ms',
  'server µs',
  'ten in the middle ms',
  'server µs',
] as const;

export function growthTable(costs: readonly EndCost[], long: number): string[] {
  const names = {
    'short, new log': '10 events, in a new log',
    'short, full log': `10 events, beside ${count(long)}`,
    long: `${count(long)} events`,
  } as const;
  return table(
    GROWTH_HEADINGS,
    Object.entries(names).map(([stream, name]) => [
      name,
      ...growthCells(costs.filter((cost) => cost.stream === stream)),
    ]),
  );
}

const growthCells = (costs: readonly EndCost[]): string[] =>
  (['append', 'readEnd', 'readMiddle'] as const).flatMap((step) => [
    median(costs.map((cost) => cost[step].p50Ms)).toFixed(2),
    count(median(costs.map((cost) => cost[step].cpuUs))),
  ]);

export function storedLines(stored: Stored, events: number): string[] {
  const { readAll } = stored;
  return [
    `With ${count(events)} events the store starts in ${count(stored.startMs)} ms; its first read takes ${count(stored.firstReadMs)} ms.`,
    `A read of $all takes ${count(readAll.eventsPerSecond)} events /s and ${(readAll.cpuUs / events).toFixed(1)} µs of the server an event; filling took ${count(stored.fillPerSecond)} events /s.`,
    `The process has taken at most ${mebibytes(stored.rssAfterFillBytes)} while it was filled, ` +
      `after the new start ${mebibytes(stored.rssAfterStartBytes)}, and ${mebibytes(stored.rssAfterReadBytes)} once $all was read.`,
  ];
}
