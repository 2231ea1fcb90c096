import { cpus } from 'node:os';
import type { RoundResult } from './benchmark-client.js';
import { median } from './median.js';

/** The compared ways to get an event acknowledged. */
export const WAYS = ['json-event', 'verbatim', 'webhook', 'without-store'] as const;
export type Way = (typeof WAYS)[number];

export interface Measurement extends RoundResult {
  readonly concurrency: number;
  readonly way: Way;
  /** How long the projections took to catch up after the round. */
  readonly catchUpMs: number;
}

const HEADINGS = [
  'concurrency',
  'client, jsonEvent /s',
  'client, bytes /s',
  'webhook /s',
  'webhook without store /s',
  'webhook ÷ jsonEvent',
  'webhook ÷ bytes',
  'webhook ÷ without store',
  'client p50 / p99 ms',
  'webhook p50 / p99 ms',
  'projected after s',
] as const;

/** The medians as a markdown table, with the machine they were measured on. */
export function benchmarkReport(measurements: readonly Measurement[]): string[] {
  const concurrencies = [...new Set(measurements.map(({ concurrency }) => concurrency))];
  const rows = concurrencies.map((concurrency) =>
    row(
      concurrency,
      measurements.filter((of) => of.concurrency === concurrency),
    ),
  );
  return [
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}, events of 4 KB, medians`,
    '',
    `| ${HEADINGS.join(' | ')} |`,
    `|${'---|'.repeat(HEADINGS.length)}`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ];
}

function row(concurrency: number, measurements: readonly Measurement[]): (string | number)[] {
  const of = (way: Way, value: (measurement: Measurement) => number): number =>
    median(measurements.filter((measurement) => measurement.way === way).map(value));
  const rate = (way: Way): number => of(way, ({ perSecond }) => perSecond);
  const share = (way: Way): string => `${Math.round((rate('webhook') / rate(way)) * 100)} %`;
  const latency = (way: Way): string =>
    `${of(way, ({ p50Ms }) => p50Ms).toFixed(1)} / ${of(way, ({ p99Ms }) => p99Ms).toFixed(1)}`;
  return [
    concurrency,
    ...WAYS.map((way) => Math.round(rate(way))),
    share('json-event'),
    share('verbatim'),
    share('without-store'),
    latency('json-event'),
    latency('webhook'),
    (of('webhook', ({ catchUpMs }) => catchUpMs) / 1000).toFixed(1),
  ];
}
