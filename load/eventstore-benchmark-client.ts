import { randomUUID } from 'node:crypto';
import {
  BACKWARDS,
  binaryEvent,
  END,
  EventStoreDBClient,
  NO_STREAM,
  type BinaryEventData,
} from '@eventstore/db-client';
import { Latencies } from './latencies.js';

/** A separate process in which the official client performs one task after the other. */

interface Common {
  readonly url: string;
  /** Prefix of the task's stream names. */
  readonly name: string;
  /** The number of events or reads. */
  readonly count: number;
  readonly concurrency: number;
}

export type Task = Common &
  /** Appends one event each, at its exact revision, to streams of twenty. */
  (
    | Readonly<{ kind: 'append'; eventBytes: number }>
    /** Reads those streams again in full. */
    | Readonly<{ kind: 'read-streams' }>
    /** Appends many events at a time to one stream. */
    | Readonly<{ kind: 'fill'; eventBytes: number }>
    /** Appends one event each to the end of the one stream, whose length is `length`. */
    | Readonly<{ kind: 'append-at-end'; eventBytes: number; length: number }>
    /** Reads the last ten events of the one stream. */
    | Readonly<{ kind: 'read-end' }>
    /** Reads ten events in its middle. */
    | Readonly<{ kind: 'read-middle'; length: number }>
    /** Reads the whole log once. */
    | Readonly<{ kind: 'read-all' }>
  );

export interface TaskResult {
  /** Events appended or received per second. */
  readonly eventsPerSecond: number;
  /** Latency of one append or read. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export const STREAM_LENGTH = 20;
const READ_LENGTH = 10;
/** Keeps an append below the size limit with the largest filling events. */
const FILL_BATCH = 1000;

const eventOf = (bytes: number): BinaryEventData =>
  binaryEvent({ id: randomUUID(), type: 'measured', data: Buffer.alloc(bytes, 'x') });

/** One append or read; returns the number of events. */
type Step = (client: EventStoreDBClient) => Promise<number>;

const streamOf = ({ name }: Task, index: number): string => `${name}-${index}`;

async function countOf(events: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of events) count += 1;
  return count;
}

/** The consecutive steps of each worker. */
function stepsOf(task: Task): Step[][] {
  const hands = Array.from({ length: task.concurrency }, (): Step[] => []);
  const deal = (step: Step, index: number): void => void hands[index % hands.length]?.push(step);
  switch (task.kind) {
    case 'append':
      for (let index = 0; index < task.count; index += 1)
        deal(appendStep(task, index), Math.floor(index / STREAM_LENGTH));
      break;
    case 'read-streams':
      for (let index = 0; index < task.count; index += 1)
        deal((client) => countOf(client.readStream(streamOf(task, index))), index);
      break;
    case 'fill':
      for (let index = 0; index < task.count; index += FILL_BATCH)
        deal(fillStep(task, Math.min(FILL_BATCH, task.count - index)), index);
      break;
    default:
      for (let index = 0; index < task.count; index += 1) deal(singleStep(task, index), index);
  }
  return hands;
}

function appendStep(task: Task & { eventBytes: number }, index: number): Step {
  const revision = index % STREAM_LENGTH;
  const expectedRevision = revision === 0 ? NO_STREAM : BigInt(revision - 1);
  return async (client) => {
    await client.appendToStream(streamOf(task, Math.floor(index / STREAM_LENGTH)), eventOf(task.eventBytes), {
      expectedRevision,
    });
    return 1;
  };
}

function fillStep(task: Task & { eventBytes: number }, count: number): Step {
  return async (client) => {
    await client.appendToStream(
      task.name,
      Array.from({ length: count }, () => eventOf(task.eventBytes)),
    );
    return count;
  };
}

function singleStep(task: Exclude<Task, { kind: 'append' | 'read-streams' | 'fill' }>, index: number): Step {
  switch (task.kind) {
    case 'append-at-end':
      return async (client) => {
        await client.appendToStream(task.name, eventOf(task.eventBytes), {
          expectedRevision: BigInt(task.length + index - 1),
        });
        return 1;
      };
    case 'read-end':
      return (client) =>
        countOf(client.readStream(task.name, { direction: BACKWARDS, fromRevision: END, maxCount: READ_LENGTH }));
    case 'read-middle': {
      const places = Math.max(1, task.length - READ_LENGTH);
      return (client) =>
        countOf(client.readStream(task.name, { fromRevision: BigInt((index * 7919) % places), maxCount: READ_LENGTH }));
    }
    case 'read-all':
      return (client) => countOf(client.readAll());
  }
}

async function perform(task: Task): Promise<TaskResult> {
  const client = EventStoreDBClient.connectionString(task.url);
  const latencies = new Latencies();
  const hands = stepsOf(task);
  await client.getStreamMetadata('connect');
  const startedMs = performance.now();
  let events = 0;
  await Promise.all(
    hands.map(async (steps) => {
      for (const step of steps) {
        const stepMs = performance.now();
        const count = await step(client);
        events += count;
        latencies.add(performance.now() - stepMs);
      }
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  await client.dispose();
  const [p50Ms = NaN, p99Ms = NaN] = latencies.percentiles(0.5, 0.99);
  return { eventsPerSecond: events / seconds, p50Ms, p99Ms };
}

process.on('message', (task: Task) => {
  perform(task).then(
    (result) => process.send?.({ result }),
    (error: unknown) =>
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
