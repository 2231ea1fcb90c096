/**
 * Kills the embedded event store while it opens its files: those of a new store, and those with a WAL from an earlier
 * kill. CRASH_ROUNDS sets the number of kills (default 3); CRASH_SEED repeats a run's timing.
 */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { jsonEvent, type EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { runCommand } from '../support/command.js';
import {
  built,
  randomNumbers,
  ROUND_MAX_MS,
  ROUNDS,
  runScript,
  SEED,
  startServer,
  type Server,
} from './event-store-process.js';

/** A kill after the opening does not count, and is repeated. */
const TRIES_MAX = 30;
const EVENTS = 40;

let directory: string;
let running: Server | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'eventstore-opening-'));
});

afterEach(async () => {
  await running?.end();
  rmSync(directory, { recursive: true, force: true });
});

/** A script that opens a store with everything loaded beforehand, and reports the begin and the end of the opening. */
const openingOf = (folder: string): string => `
  import { writeSync } from 'node:fs';
  import { openStore } from ${built('store.js')};
  writeSync(1, 'begun ');
  openStore({ directory: ${JSON.stringify(folder)}, flushDelayMs: 0, stopping: new AbortController().signal, onFailed: (error) => { throw error; } });
  writeSync(1, 'done');
  setInterval(() => undefined, 1_000);`;

/** Kills the opening `afterMs` after its begin; returns whether it was still in progress. */
async function killOpening(folder: string, afterMs: number): Promise<'opening' | 'open'> {
  const { output, kill } = runScript(openingOf(folder));
  await once(output, 'data');
  const begunMs = performance.now();
  while (performance.now() - begunMs < afterMs) continue;
  const rest = text(output);
  await kill();
  return (await rest).includes('done') ? 'open' : 'opening';
}

/** The duration of an undisturbed opening, as its parent measures it. */
async function openingMs(folder: string): Promise<number> {
  const { output, kill } = runScript(openingOf(folder));
  let said = '';
  let begunMs = NaN;
  for await (const chunk of output) {
    said += String(chunk);
    if (Number.isNaN(begunMs)) begunMs = performance.now();
    if (said.includes('done')) break;
  }
  await kill();
  return performance.now() - begunMs;
}

/**
 * Kills openings until one was still in progress. Each kill is earlier than the last, since the duration depends on the
 * load of the machine.
 */
async function killWhileOpening(make: () => string, random: () => number, withinMs: number): Promise<string> {
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    const folder = make();
    if ((await killOpening(folder, (random() * withinMs) / tries)) === 'opening') return folder;
  }
  throw new Error(`None of ${TRIES_MAX} openings was still under way when it was killed within ${withinMs} ms.`);
}

const newFolder = (): string => join(mkdtempSync(join(directory, 'new-')), 'store');

async function appendSome(client: EventStoreDBClient, from: number): Promise<void> {
  for (let index = from; index < from + EVENTS; index += 1)
    await client.appendToStream('kept', jsonEvent({ type: 'kept', data: { index, text: 'x'.repeat(2_000) } }));
}

/** The beginning of the log, and the numbers of the appended events. */
async function contentOf(client: EventStoreDBClient) {
  const types: string[] = [];
  const indexes: unknown[] = [];
  for await (const { event } of client.readAll()) {
    if (event?.streamId === 'kept') indexes.push((event.data as { index: number }).index);
    else if (event) types.push(event.type);
  }
  return { types, indexes };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

async function checked(folder: string): Promise<string | undefined> {
  const command = runCommand('packages/embedded-eventstore/src/cli.js', ['--check', '--data-dir', folder]);
  const line = await command.line();
  await command.ended;
  return line;
}

/** Opens a killed store, and expects exactly this many events in it and that it accepts more. */
async function expectWhole(folder: string, count: number): Promise<void> {
  running = await startServer(folder);
  expect({ seed: SEED, ...(await contentOf(running.client)) }).toEqual({
    seed: SEED,
    types: ['$StoreCreated'],
    indexes: numbers(count),
  });
  await appendSome(running.client, count);
  await running.end();
}

it(
  `opens a new store after ${ROUNDS} kills while it was made (seed ${SEED})`,
  async () => {
    const random = randomNumbers(SEED);
    const withinMs = await openingMs(newFolder());
    const left = new Map<string, number>();
    for (let round = 1; round <= ROUNDS; round += 1) {
      const folder = await killWhileOpening(newFolder, random, withinMs);
      const state = ['events.db', 'events.db-wal']
        .map((file) => (existsSync(join(folder, file)) ? `${file} ${statSync(join(folder, file)).size}` : `no ${file}`))
        .join(', ');
      left.set(state, (left.get(state) ?? 0) + 1);
      await expectWhole(folder, 0);
      expect(await checked(folder)).toMatch(/^No damage/);
      rmSync(folder, { recursive: true });
    }
    if (ROUNDS > 10) console.log('What the kills left:', Object.fromEntries(left));
  },
  ROUNDS * ROUND_MAX_MS,
);

it(
  `opens a store with a WAL after ${ROUNDS} kills while it was opened (seed ${SEED})`,
  async () => {
    const random = randomNumbers(SEED);
    const folder = join(directory, 'used');
    await expectWholeOfNew(folder);
    const withinMs = await openingMs(folder);
    for (let round = 1; round <= ROUNDS; round += 1) {
      expect(statSync(join(folder, 'events.db-wal')).size).toBeGreaterThan(0);
      await killWhileOpening(() => folder, random, withinMs);
      await expectWhole(folder, round * EVENTS);
    }
    expect(await checked(folder)).toMatch(/^No damage/);
  },
  ROUNDS * ROUND_MAX_MS,
);

async function expectWholeOfNew(folder: string): Promise<void> {
  running = await startServer(folder);
  await appendSome(running.client, 0);
  await running.end();
}
