/**
 * Kills the embedded event store during concurrent appends, repeatedly on the same files. CRASH_ROUNDS sets the number
 * of kills (default 3); CRASH_SEED repeats a run's timing.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent, NO_STREAM, type JSONEventData } from '@eventstore/db-client';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import { isGone, randomNumbers, ROUND_MAX_MS, ROUNDS, SEED, startServer, type Server } from './event-store-process.js';

const WRITERS = 32;

type Append = { events: JSONEventData[]; expectedRevision: bigint | typeof NO_STREAM };
type Acknowledged = Append & { revision: bigint; position: bigint };

/** Appends to one stream sequentially. An unanswered append is retried unchanged in the next round. */
type Writer = { stream: string; acknowledged: Acknowledged[]; unanswered?: Append };

type Recorded = { id: string; streamId: string; revision: bigint; position: bigint };

let directory: string;
let running: Server | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'eventstore-kill-'));
});

afterEach(async () => {
  await running?.end();
  rmSync(directory, { recursive: true, force: true });
});

function nextAppend(writer: Writer, random: () => number): Append {
  const events = Array.from({ length: 1 + Math.floor(random() * 4) }, () =>
    jsonEvent({ id: randomUUID(), type: 'written', data: { text: 'x'.repeat(Math.floor(random() * 4_000)) } }),
  );
  return { events, expectedRevision: writer.acknowledged.at(-1)?.revision ?? NO_STREAM };
}

/** Appends until the server is gone. */
async function write(client: EventStoreDBClient, writer: Writer, random: () => number): Promise<void> {
  for (;;) {
    const append = writer.unanswered ?? nextAppend(writer, random);
    writer.unanswered = append;
    try {
      const { nextExpectedRevision, position } = await client.appendToStream(writer.stream, append.events, {
        expectedRevision: append.expectedRevision,
      });
      if (!position) throw new Error('An append of events has a position.');
      writer.acknowledged.push({ ...append, revision: nextExpectedRevision, position: position.commit });
      delete writer.unanswered;
    } catch (error) {
      if (isGone(error)) return;
      throw error;
    }
  }
}

async function readAll(client: EventStoreDBClient): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  for await (const { event } of client.readAll()) {
    if (event && !event.type.startsWith('$'))
      recorded.push({
        id: event.id,
        streamId: event.streamId,
        revision: event.revision,
        position: event.position?.commit ?? -1n,
      });
  }
  return recorded;
}

/** The differences between each stream read by itself and its events in `$all`. */
async function faultsOfStreams(client: EventStoreDBClient, log: readonly Recorded[]): Promise<string[]> {
  const faults: string[] = [];
  for (const stream of new Set(log.map(({ streamId }) => streamId))) {
    const read: string[] = [];
    for await (const { event } of client.readStream(stream)) read.push(`${event?.revision} ${event?.id}`);
    const inAll = log.filter(({ streamId }) => streamId === stream).map(({ revision, id }) => `${revision} ${id}`);
    if (read.join() !== inAll.join()) faults.push(`${stream} read by itself is not what $all has of it`);
  }
  return faults;
}

async function faultsIn(client: EventStoreDBClient, writers: Writer[]): Promise<string[]> {
  const log = await readAll(client);
  return [...faultsOf(log, writers), ...(await faultsOfStreams(client, log))];
}

const appendsOf = (writers: readonly Writer[]): number =>
  writers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);

/** The faults of a log, described in words. */
function faultsOf(log: Recorded[], writers: Writer[]): string[] {
  const faults: string[] = [];
  log.forEach(({ position }, index) => {
    if (index > 0 && position <= (log[index - 1] as Recorded).position)
      faults.push(`position ${position} is not above the one before it`);
  });
  if (new Set(log.map(({ id }) => id)).size !== log.length) faults.push('an event is there twice');
  for (const { stream, acknowledged, unanswered } of writers) {
    const events = log.filter(({ streamId }) => streamId === stream);
    events.forEach(({ revision }, index) => {
      if (revision !== BigInt(index)) faults.push(`${stream} has revision ${revision} at place ${index}`);
    });
    const expected = acknowledged.flatMap((append) => append.events.map(({ id }) => id));
    const ids = events.map(({ id }) => id);
    if (expected.some((id, index) => ids[index] !== id)) faults.push(`${stream} has lost acknowledged events`);
    for (const { revision, position } of acknowledged) {
      if (events[Number(revision)]?.position !== position)
        faults.push(`${stream}@${revision} is not at the position that was acknowledged`);
    }
    const surplus = ids.slice(expected.length);
    const whole = unanswered?.events.map(({ id }) => id) ?? [];
    if (surplus.length > 0 && surplus.join() !== whole.join()) faults.push(`${stream} has a part of an append`);
  }
  return faults;
}

it(
  `keeps every acknowledged event, once and in its place, through ${ROUNDS} kills (seed ${SEED})`,
  async () => {
    const random = randomNumbers(SEED);
    const writers: Writer[] = Array.from({ length: WRITERS }, (_, index) => ({
      stream: `killed-${index}`,
      acknowledged: [],
    }));
    for (let round = 1; round <= ROUNDS; round += 1) {
      running = await startServer(directory);
      const { client, kill, end } = running;
      expect({ round, seed: SEED, faults: await faultsIn(client, writers) }).toEqual({ round, seed: SEED, faults: [] });
      const writing = Promise.all(writers.map((writer) => write(client, writer, random)));
      await new Promise((wake) => setTimeout(wake, 50 + random() * 500));
      await until('appends are acknowledged', async () => appendsOf(writers) > round * 10);
      await kill();
      await writing;
      await end();
    }
    running = await startServer(directory);
    expect({ seed: SEED, faults: await faultsIn(running.client, writers) }).toEqual({ seed: SEED, faults: [] });
    expect(appendsOf(writers)).toBeGreaterThan(ROUNDS * 10);
  },
  ROUNDS * ROUND_MAX_MS,
);
