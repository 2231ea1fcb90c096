import { cpus } from 'node:os';
import { projections } from '../projections/index.js';
import { startEmbeddedEventStore } from '../packages/embedded-eventstore/src/index.js';
import { concerns, factOf, readEvent } from '../src/folding/facts.js';
import { foldObjects, rowsOfAll } from '../src/folding/fold-objects.js';
import { kindOf, normalise } from '../src/events/normalise.js';
import { order, orderKeyOf } from '../src/events/order.js';
import { asStripeEvent } from '../src/events/stripe-event.js';
import { connectEventStore, type EventStore } from '../src/eventstore/event-store.js';
import { readStream } from '../src/eventstore/read.js';
import type { RecordedEvent } from '../src/eventstore/recorded-event.js';
import { appendLongStream } from './long-stream.js';
import { lives } from '../simulator/simulator.js';

/** `npm run benchmark:fold`: the cost of reading, normalising and ordering an event, and of folding a stream again. */

const REPETITIONS = 7;
const LIVES = 150;
const LENGTHS = [10, 100, 1_000] as const;

const wallMs = (): number => performance.now();

/**
 * Processor time of this process. It is not affected by other processes, and the event store's thread takes no part in
 * a fold.
 */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** The median duration of `work` in milliseconds over some repetitions. The first is a warm-up and does not count. */
async function medianMs(work: () => unknown, clockMs: () => number): Promise<number> {
  const times: number[] = [];
  for (let repetition = 0; repetition <= REPETITIONS; repetition += 1) {
    const startedMs = clockMs();
    await work();
    if (repetition > 0) times.push(clockMs() - startedMs);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? NaN;
}

/** The cost of each step per event of simulated lives. */
async function meaning(): Promise<string[]> {
  const simulated = [...lives({ seed: 1, subscriptions: LIVES, apiVersion: 'mixed' })].flatMap(({ events }) => events);
  const bodies = simulated.map(({ stripeEvent }) => JSON.stringify(stripeEvent));
  const events = bodies.map((body) => asStripeEvent(JSON.parse(body))).filter((event) => kindOf(event) !== 'other');
  const streams = new Map<string, { order: ReturnType<typeof orderKeyOf> }[]>();
  // Newest first: the worst order of arrival.
  for (const { stripeEvent, stream } of simulated.toReversed())
    streams.set(stream, [...(streams.get(stream) ?? []), { order: orderKeyOf(asStripeEvent(stripeEvent)) }]);
  const steps: readonly (readonly [name: string, work: () => unknown])[] = [
    ['JSON.parse of the body', () => bodies.map((body) => JSON.parse(body) as unknown)],
    ['normalise', () => events.map(normalise)],
    ['order key (two hashes)', () => events.map((event) => orderKeyOf(event))],
    ['order, stream by stream', () => [...streams.values()].map((stream) => order(stream).ordered)],
  ];
  const rows: string[] = [];
  let parsingUs = NaN;
  for (const [name, work] of steps) {
    const us = ((await medianMs(work, cpuMs)) / bodies.length) * 1_000;
    parsingUs = Number.isNaN(parsingUs) ? us : parsingUs;
    rows.push(`| ${name} | ${us.toFixed(1)} | ${(us / parsingUs).toFixed(2)} |`);
  }
  return ['| step | CPU µs an event | ÷ JSON.parse |', '|---|---|---|', ...rows];
}

async function readAll(store: EventStore, stream: string): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const event of readStream(store, stream)) events.push(event);
  return events;
}

/** Folds the stream's rows for every projection that it concerns. */
async function foldForAll(recorded: readonly RecordedEvent[]): Promise<void> {
  const events = recorded.map((event) => readEvent(event));
  for (const projection of projections)
    if (events.some((event) => concerns(projection, event)))
      rowsOfAll(
        projection,
        foldObjects(
          projection,
          events.flatMap((event) => factOf(projection, event)),
        ),
      );
}

/** The cost of folding a subscription's stream again: reading it and computing the rows of every projection. */
async function refolds(store: EventStore): Promise<string[]> {
  const rows: string[] = [];
  let shortUs = NaN;
  for (const length of LENGTHS) {
    const stream = await appendLongStream(store, length);
    const readMs = await medianMs(() => readAll(store, stream), wallMs);
    const read = await readAll(store, stream);
    const foldMs = await medianMs(() => foldForAll(read), cpuMs);
    const us = (foldMs / length) * 1_000;
    shortUs = Number.isNaN(shortUs) ? us : shortUs;
    rows.push(
      `| ${length} | ${readMs.toFixed(1)} | ${foldMs.toFixed(1)} | ${us.toFixed(0)} | ${(us / shortUs).toFixed(2)} |`,
    );
  }
  return [
    `| events | read ms | fold, CPU ms | CPU µs an event | ÷ ${LENGTHS[0]} events |`,
    '|---|---|---|---|---|',
    ...rows,
  ];
}

const server = await startEmbeddedEventStore({ directory: 'memory' });
const store = connectEventStore(server.url);
try {
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.versions.node}, medians of ${REPETITIONS}\n`,
  );
  console.log([...(await meaning()), '', ...(await refolds(store))].join('\n'));
} finally {
  await store.close();
  await server.stop();
}
