import type { Arrival, ReadLog } from '../../src/catch-up/log-reading.js';
import type { ReadEvent } from '../../src/folding/facts.js';
import { StoreUnavailable } from '../../src/eventstore/store-errors.js';
import type { BatchWrite, EventReader, ReadModels } from '../../src/projector/ports.js';
import type { Random } from '../../simulator/random.js';
import type { SimulatedLog } from './log.js';
import type { CallFault, FaultRates } from './plan.js';
import { Rejected, type ReadModelsInMemory } from './read-models.js';
import type { Life, Scheduler } from './scheduler.js';
import type { Tally } from './tally.js';

/** Whether an error is a simulated outage, rather than a fault of the engine. */
export const isSimulated = (error: unknown): boolean => error instanceof Error && error.message.startsWith(SIMULATED);
const SIMULATED = 'Simulated: ';
export const databaseAway = (): Error =>
  Object.assign(new Error(`${SIMULATED}the database is away`), { code: 'ECONNREFUSED' });
const storeAway = (): Error => new StoreUnavailable(`${SIMULATED}the store is away`);
const refused = (): Error => new Rejected('XX001', `${SIMULATED}rejected for once`);
/** An UNKNOWN gRPC error, as for a damaged stream. */
const damaged = (stream: string): Error =>
  Object.assign(new Error(`${SIMULATED}${stream} cannot be read`), { code: 2 });

const never = new Promise<never>(() => undefined);
const SLOW_TURNS_MAX = 30;

export type World = Surroundings & Readonly<{ models: ReadModelsInMemory }>;

/** The environment of an engine, wherever its read models are. */
export type Surroundings = Readonly<{
  random: Random;
  scheduler: Scheduler;
  log: SimulatedLog;
  tally: Tally;
  /** Null once faults have stopped. */
  rates: () => FaultRates | null;
  /** Streams that currently cannot be read. */
  broken: ReadonlySet<string>;
  /** Receives a trace when a single seed is run. */
  trace: (tell: () => string) => void;
  /** Ends a life and starts another in its place. */
  crash: (life: Life) => void;
}>;

/** The ports of the engine. */
export type Ports = Readonly<{ reader: EventReader; models: ReadModels; readLog: ReadLog }>;

/** The ports of one life of a process. Every call takes its turn, and may fail as the seed decides. */
export function portsOf(world: World, life: Life): Ports {
  const { models } = world;
  const call = <T>(effect: () => Promise<T>, away: () => Error, kind: 'read' | 'write'): Promise<T> =>
    called(world, life, { effect, away, kind });
  const read = <T>(effect: () => Promise<T>): Promise<T> => call(effect, databaseAway, 'read');
  return {
    reader: readerOf(world, life),
    models: {
      findEvents: (eventIds) => read(() => models.findEvents(eventIds)),
      findParked: (names, streams) => read(() => models.findParked(names, streams)),
      findWaiting: (lines, max) => read(() => models.findWaiting(lines, max)),
      readStates: (generation, objects) => call(() => models.readStates(generation, objects), databaseAway, 'write'),
      findStreams: (streams) => read(() => models.findStreams(streams)),
      lastFolded: (generation, stream) => read(() => models.lastFolded(generation, stream)),
      commit: (write) =>
        call(
          async () => {
            const done = models.write(write);
            world.trace(() => `commit ${toldOf(write)}: ${done.kind}`);
            return done;
          },
          databaseAway,
          write.streams.length > 0 ? 'write' : 'read',
        ),
    },
    readLog: (after, room) => reading(world, life, { after, max: room.events }),
  };
}

export const readerOf = (world: Surroundings, life: Life): EventReader => ({
  readStream: async function* (stream, { from, max }) {
    const effect = async (): Promise<readonly ReadEvent[]> => {
      world.trace(() => `read ${stream} from ${from}, at most ${max}`);
      if (world.broken.has(stream)) throw damaged(stream);
      return world.log.eventsOf(stream, from).slice(0, max);
    };
    yield* await called(world, life, { effect, away: storeAway, kind: 'read' });
  },
});

type Call<T> = Readonly<{ effect: () => Promise<T>; away: () => Error; kind: 'read' | 'write' }>;

/** Runs a call in its turn; it may fail as the seed decides. */
export async function called<T>(world: Surroundings, life: Life, { effect, away, kind }: Call<T>): Promise<T> {
  const { scheduler, random } = world;
  await scheduler.turn(life);
  if (hits(world, 'slow'))
    for (let left = random.integer(1, SLOW_TURNS_MAX); left > 0; left -= 1) await scheduler.turn(life);
  if (hits(world, 'crash_before')) return crashed(world, life);
  if (hits(world, 'away')) throw away();
  if (kind === 'write' && hits(world, 'rejected')) throw refused();
  const result = await effect();
  if (kind === 'write' && hits(world, 'cut')) throw away();
  if (hits(world, 'crash_after')) return crashed(world, life);
  // The answer arrives at a later moment, too.
  await scheduler.turn(life);
  return result;
}

/** Whether the seed lets a call fail in this way. */
export function hits({ rates, random, tally, trace }: Surroundings, fault: CallFault): boolean {
  const rate = rates()?.[fault] ?? 0;
  if (rate === 0 || !random.chance(rate)) return false;
  tally.count(fault);
  trace(() => `fault: ${fault}`);
  return true;
}

function crashed(world: Surroundings, life: Life): Promise<never> {
  world.crash(life);
  return never;
}

/** The log as it arrives: existing events in parts, then new ones as they are appended. */
export function reading(
  world: Surroundings,
  life: Life,
  { after, max }: { after: bigint | null; max: number },
): ReturnType<ReadLog> {
  const { scheduler, log, random } = world;
  let isStopped = false;
  async function* arrivals(): AsyncGenerator<Arrival> {
    for (let at = after ?? -1n; ;) {
      await scheduler.until(life, () => isStopped || (log.events.at(-1)?.position ?? -1n) > at);
      if (isStopped) return;
      if (hits(world, 'away')) throw storeAway();
      const there = log.after(at);
      const events = there.slice(0, random.integer(1, max));
      at = events.at(-1)?.position ?? at;
      if (events.length > 0) yield { events, isFollowed: events.length < there.length };
    }
  }
  return {
    [Symbol.asyncIterator]: arrivals,
    stop: async () => {
      isStopped = true;
    },
  };
}

const toldOf = ({ checkpoints, move, index, streams }: BatchWrite): string =>
  [
    checkpoints.map(({ name, epoch, at }) => `${name}#${epoch}@${at?.position}`).join(' '),
    `to ${move?.to.position}`,
    `index ${index.map(({ position }) => position).join(' ')}`,
    ...streams.map(({ generation, stream, replaces, states, puts, gone, taken, parking }) =>
      [
        `\n    ${generation.projection.name} ${stream}`,
        replaces ? 'replaced' : '',
        ...states.map(({ object, state }) => `${object}@${state.revision}`),
        `puts ${puts.map(({ key }) => key).join(' ')}`,
        `gone ${gone.map(({ key }) => key).join(' ')}`,
        `taken ${taken.map(({ key }) => key).join(' ')}`,
        typeof parking === 'string' ? parking : `${parking.kind}@${parking.revision}: ${parking.cause}`,
      ].join(' '),
    ),
  ].join('; ');
