/**
 * Kills the embedded event store while streams get metadata, are deleted, revived and tombstoned. CRASH_ROUNDS sets the
 * number of kills (default 3); CRASH_SEED repeats a run's timing.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isCommandError, jsonEvent, type EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { runCommand } from '../support/command.js';
import { until } from '../support/until.js';
import { isGone, randomNumbers, ROUND_MAX_MS, ROUNDS, SEED, startServer, type Server } from './event-store-process.js';

const KEEPERS = 16;

/** The expected state of a stream. */
type State = Readonly<{
  /** All ids ever appended, by revision. */
  ids: readonly string[];
  /** The first visible revision, and the maximum number of visible events. */
  from: number;
  maxCount: number | undefined;
  mark: string | undefined;
  kind: 'live' | 'deleted' | 'tombstoned';
}>;

type Change =
  | Readonly<{ kind: 'append'; ids: readonly string[] }>
  | Readonly<{ kind: 'metadata'; maxCount: number; mark: string }>
  | Readonly<{ kind: 'delete' | 'tombstone' }>;

const EMPTY: State = { ids: [], from: 0, maxCount: undefined, mark: undefined, kind: 'live' };

/**
 * The state after a change, by EventStoreDB's rules: a delete drops the metadata, and a later append revives the stream
 * without its old events.
 */
function changed(state: State, change: Change): State {
  const from = state.kind === 'deleted' ? state.ids.length : 0;
  switch (change.kind) {
    case 'append':
      return {
        ...state,
        ids: [...state.ids, ...change.ids],
        from: state.kind === 'deleted' ? from : state.from,
        kind: 'live',
      };
    case 'metadata':
      return { ...state, from, maxCount: change.maxCount, mark: change.mark, kind: 'live' };
    case 'delete':
      return { ...state, maxCount: undefined, mark: undefined, kind: 'deleted' };
    case 'tombstone':
      return { ...state, kind: 'tombstoned' };
  }
}

/** What a client sees of the stream. */
function seen({ ids, from, maxCount, mark, kind }: State): unknown {
  if (kind === 'tombstoned') return 'stream-deleted';
  const first = Math.max(from, maxCount === undefined ? 0 : ids.length - maxCount);
  const events =
    kind === 'deleted' || ids.length === 0
      ? 'stream-not-found'
      : ids.slice(first).map((id, index) => `${first + index} ${id}`);
  return { events, maxCount, mark };
}

async function look(client: EventStoreDBClient, stream: string): Promise<unknown> {
  try {
    const { metadata } = await client.getStreamMetadata<{ mark?: string }>(stream);
    return { events: await eventsOf(client, stream), maxCount: metadata?.maxCount, mark: metadata?.mark };
  } catch (error) {
    if (error instanceof Error && isCommandError(error) && error.type === 'stream-deleted') return error.type;
    throw error;
  }
}

async function eventsOf(client: EventStoreDBClient, stream: string): Promise<string[] | 'stream-not-found'> {
  const events: string[] = [];
  try {
    for await (const { event } of client.readStream(stream)) events.push(`${event?.revision} ${event?.id}`);
    return events;
  } catch (error) {
    if (error instanceof Error && isCommandError(error) && error.type === 'stream-not-found') return error.type;
    throw error;
  }
}

/** Changes one stream after the other, each until it is tombstoned. */
type Keeper = {
  name: string;
  stream: number;
  state: State;
  unanswered?: Change;
  finished: string[];
  acknowledged: number;
};

const streamOf = ({ name, stream }: Keeper): string => `${name}-${stream}`;

function nextChange({ state }: Keeper, random: () => number): Change {
  const choice = random();
  if (choice < 0.5 || state.ids.length === 0)
    return { kind: 'append', ids: Array.from({ length: 1 + Math.floor(random() * 3) }, () => randomUUID()) };
  if (choice < 0.75) return { kind: 'metadata', maxCount: 1 + Math.floor(random() * 5), mark: randomUUID() };
  return { kind: choice < 0.92 ? 'delete' : 'tombstone' };
}

async function make(client: EventStoreDBClient, stream: string, change: Change): Promise<void> {
  switch (change.kind) {
    case 'append':
      await client.appendToStream(
        stream,
        change.ids.map((id) => jsonEvent({ id, type: 'written', data: {} })),
      );
      return;
    case 'metadata':
      await client.setStreamMetadata(stream, { maxCount: change.maxCount, mark: change.mark });
      return;
    case 'delete':
      await client.deleteStream(stream);
      return;
    case 'tombstone':
      await client.tombstoneStream(stream);
  }
}

function take(keeper: Keeper, change: Change): void {
  keeper.state = changed(keeper.state, change);
  delete keeper.unanswered;
  if (change.kind !== 'tombstone') return;
  keeper.finished.push(streamOf(keeper));
  keeper.stream += 1;
  keeper.state = EMPTY;
}

async function keep(client: EventStoreDBClient, keeper: Keeper, random: () => number): Promise<void> {
  for (;;) {
    const change = nextChange(keeper, random);
    keeper.unanswered = change;
    try {
      await make(client, streamOf(keeper), change);
    } catch (error) {
      if (isGone(error)) return;
      throw error;
    }
    keeper.acknowledged += 1;
    take(keeper, change);
  }
}

/** Checks that the stream is as acknowledged, or with the unanswered change applied completely. */
async function settle(client: EventStoreDBClient, keeper: Keeper): Promise<void> {
  const found = await look(client, streamOf(keeper));
  const { unanswered } = keeper;
  delete keeper.unanswered;
  if (unanswered && JSON.stringify(found) === JSON.stringify(seen(changed(keeper.state, unanswered))))
    take(keeper, unanswered);
  else
    expect({ seed: SEED, stream: streamOf(keeper), unanswered, found }).toEqual({
      seed: SEED,
      stream: streamOf(keeper),
      unanswered,
      found: seen(keeper.state),
    });
}

let directory: string;
let running: Server | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'eventstore-streams-'));
});

afterEach(async () => {
  await running?.end();
  rmSync(directory, { recursive: true, force: true });
});

it(
  `keeps every acknowledged metadata, delete and tombstone through ${ROUNDS} kills (seed ${SEED})`,
  async () => {
    const random = randomNumbers(SEED);
    const keepers: Keeper[] = Array.from({ length: KEEPERS }, (_, index) => ({
      name: `kept-${index}`,
      stream: 0,
      state: EMPTY,
      finished: [],
      acknowledged: 0,
    }));
    const acknowledged = (): number => keepers.reduce((sum, keeper) => sum + keeper.acknowledged, 0);
    for (let round = 1; round <= ROUNDS; round += 1) {
      running = await startServer(directory);
      const { client, end } = running;
      for (const keeper of keepers) await settle(client, keeper);
      const before = acknowledged();
      const keeping = Promise.all(keepers.map((keeper) => keep(client, keeper, random)));
      await new Promise((wake) => setTimeout(wake, 50 + random() * 300));
      await until('changes are acknowledged', async () => acknowledged() > before + 10);
      await running.kill();
      await keeping;
      await end();
    }
    const command = runCommand('packages/embedded-eventstore/src/cli.js', ['--check', '--data-dir', directory]);
    expect(await command.line()).toMatch(/^No damage/);
    running = await startServer(directory);
    for (const keeper of keepers) {
      await settle(running.client, keeper);
      for (const stream of keeper.finished) expect(await look(running.client, stream)).toBe('stream-deleted');
    }
    if (ROUNDS > 10)
      console.log(
        `${acknowledged()} changes acknowledged, ${keepers.reduce((sum, { finished }) => sum + finished.length, 0)} streams tombstoned.`,
      );
  },
  ROUNDS * ROUND_MAX_MS,
);
