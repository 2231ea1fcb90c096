import { setTimeout as pause } from 'node:timers/promises';
import { handles, type AnyProjection, type Fact } from '../../projections/projection.js';
import type { EventStore } from '../eventstore/event-store.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import { isRejectedData, type Database, type Queryable } from '../read-models/database.js';
import { indexEvents } from '../read-models/event-index.js';
import { indexPosition, lock, move, type Line, type LogPosition } from '../read-models/lines.js';
import { findParked, findReplays, park, unpark, type ParkedStream } from '../read-models/parked-streams.js';
import { readStates, writeStreams, type StreamRows } from '../read-models/rows.js';
import { EVENT_INDEX_LINE, type Generation } from '../read-models/schema.js';
import { concerns } from './facts.js';
import { foldOn, foldWhole, type StreamFold, type WholeFold } from './stream-fold.js';
import { pagesOf, withoutRepeats } from './stream-pages.js';

/** Lines that stand at one position and are moved together, with the right to move them. */
export type Group = Readonly<{ lines: readonly Line[]; logName: string }>;

export type BatchResult =
  | { readonly kind: 'applied'; readonly repeats: number; readonly refolds: number; readonly ambiguous: number; readonly parked: readonly ParkedStream[] }
  /** Another owner has taken a line over; nothing was written. */
  | { readonly kind: 'lost' };

/** What one batch does to one generation. */
type Change = { generation: Generation; written: StreamRows[]; parked: ParkedStream[]; refolds: number; ambiguous: number };

/**
 * The one engine under all projections: takes a batch of the log, and in one transaction indexes its events,
 * writes states and rows of the streams it touches, and moves the lines of the group (design, section 5).
 */
export class Projector {
  constructor(
    private readonly store: EventStore,
    private readonly database: Database,
    private readonly projections: readonly AnyProjection[],
  ) {}

  /** Applies a batch to a group as a whole, or not at all; the lines then stand at `to`. Throws when store or database fail. */
  async apply(batch: readonly RecordedEvent[], { group, to }: { group: Group; to: NonNullable<LogPosition> }): Promise<BatchResult> {
    const indexes = group.lines.some(({ line }) => line === EVENT_INDEX_LINE);
    if (!indexes) await this.#indexReaches(to.position);
    const ours = batch.filter(({ metadata }) => metadata !== null);
    const counted = await withoutRepeats(this.database, ours);
    const streams = groupByStream(counted);
    const changes: Change[] = [];
    for (const generation of generationsOf(group, this.projections)) changes.push(await this.#fold(generation, streams));

    const moved = await this.#commit(group, changes, async (connection) => {
      if (indexes) await indexEvents(connection, counted);
      await move(connection, group.lines, { logName: group.logName, to });
    });
    return moved ? appliedOf(changes, ours.length - counted.length) : { kind: 'lost' };
  }

  /** Folds parked streams of a group again, whose replay somebody wants; no more than `max` of each line. The lines stay where they are. */
  async replay(group: Group, max: number): Promise<BatchResult> {
    const changes: Change[] = [];
    for (const generation of generationsOf(group, this.projections)) {
      const change: Change = { generation, written: [], parked: [], refolds: 0, ambiguous: 0 };
      for (const stream of await findReplays(this.database, generation, max)) await this.#refold(change, { stream });
      changes.push(change);
    }
    return (await this.#commit(group, changes, async () => undefined)) ? appliedOf(changes, 0) : { kind: 'lost' };
  }

  /** Writes changes and what else belongs to them in one transaction; false when an owner or a position is not what the group knows. */
  async #commit(group: Group, changes: readonly Change[], also: (connection: Queryable) => Promise<void>): Promise<boolean> {
    const commit = (write: typeof writeChanges): Promise<boolean> => this.database.transaction(async (connection) => {
      if (!(await lock(connection, group.lines))) return false;
      await also(connection);
      await write(connection, changes);
      return true;
    });
    return commit(writeChanges).catch((error: unknown) => {
      if (!isRejectedData(error)) throw error;
      return commit(writeOneByOne);
    });
  }

  /** Which events repeat an earlier one is known only as far as the index is; its owner may be another process. */
  async #indexReaches(position: bigint): Promise<void> {
    const deadline = performance.now() + INDEX_WITHIN_MS;
    while (this.#indexed < position) {
      this.#indexed = await indexPosition(this.database);
      if (this.#indexed >= position) return;
      if (performance.now() > deadline) throw new Error(`The index of event ids stands at position ${this.#indexed}, and ${position} was not reached within ${INDEX_WITHIN_MS} ms: no process moves it on.`);
      await pause(INDEX_POLL_MS);
    }
  }
  #indexed = -1n;

  async #fold(generation: Generation, batch: ReadonlyMap<string, readonly RecordedEvent[]>): Promise<Change> {
    const { projection } = generation;
    const change: Change = { generation, written: [], parked: [], refolds: 0, ambiguous: 0 };
    const streams = new Map([...batch].filter(([, events]) => events.some((event) => concerns(projection, event))));
    if (streams.size === 0) return change;
    const states = await readStates(this.database, generation, [...streams.keys()]);
    const parked = await findParked(this.database, generation, [...streams.keys()]);
    for (const [stream, events] of streams) {
      const stored = states.get(stream);
      const folded: StreamFold = parked.has(stream) ? { kind: 'again' } : foldOn(projection, stored, events);
      if (folded.kind === 'again') await this.#refold(change, { stream, revision: stored?.revision });
      else this.#take(change, folded);
    }
    return change;
  }

  async #refold(change: Change, { stream, revision }: { stream: string; revision?: bigint | undefined }): Promise<void> {
    change.refolds += 1;
    this.#take(change, await foldWhole(change.generation.projection, pagesOf(this.store, this.database, stream), revision));
  }

  #take(change: Change, folded: Exclude<StreamFold, { kind: 'again' }> | WholeFold): void {
    if (folded.kind === 'parked') change.parked.push(folded.parked);
    if (folded.kind !== 'folded') return;
    change.written.push(folded.written);
    change.ambiguous += folded.guesses.filter((fact) => this.#countsFor(change.generation.projection, fact)).length;
  }

  /** Several projections order the same events: a guess is counted by the first that handles the kind. */
  #countsFor(projection: AnyProjection, { snapshot }: Fact): boolean {
    return this.projections.find((one) => handles(one, snapshot.kind)) === projection;
  }
}

const appliedOf = (changes: readonly Change[], repeats: number): BatchResult =>
  ({ kind: 'applied', repeats, refolds: sumOf(changes, 'refolds'), ambiguous: sumOf(changes, 'ambiguous'), parked: changes.flatMap(({ parked }) => parked) });

const sumOf = (changes: readonly Change[], count: 'refolds' | 'ambiguous'): number => changes.reduce((sum, change) => sum + change[count], 0);

const INDEX_WITHIN_MS = 15_000;
const INDEX_POLL_MS = 20;

/** What of a group are rows of projections: all but the index. */
function generationsOf({ lines }: Group, projections: readonly AnyProjection[]): Generation[] {
  return lines.flatMap(({ projection: name, version, generation }) => {
    const projection = projections.find((one) => one.name === name && one.version === version);
    return projection === undefined ? [] : [{ projection, generation }];
  });
}

function groupByStream(events: readonly RecordedEvent[]): Map<string, RecordedEvent[]> {
  const streams = new Map<string, RecordedEvent[]>();
  for (const event of events) {
    const own = streams.get(event.stream);
    if (own === undefined) streams.set(event.stream, [event]);
    else own.push(event);
  }
  return streams;
}

async function writeChanges(connection: Queryable, changes: readonly Change[]): Promise<void> {
  for (const { generation, written, parked } of changes) {
    if (written.length > 0) {
      await writeStreams(connection, generation, written);
      await unpark(connection, generation, written.map(({ stream }) => stream));
    }
    if (parked.length > 0) await park(connection, generation, parked);
  }
}

/** After Postgres rejected the data of a batch: each stream by itself, so that only the one concerned is parked. */
async function writeOneByOne(connection: Queryable, changes: readonly Change[]): Promise<void> {
  for (const change of changes) {
    const { generation, written } = change;
    change.written = [];
    for (const one of written) {
      await connection.query('savepoint one_stream');
      try {
        await writeChanges(connection, [{ ...change, written: [one], parked: [] }]);
      } catch (error) {
        if (!isRejectedData(error)) throw error;
        await connection.query('rollback to savepoint one_stream');
        change.parked.push(rejectedBy(error as Error & { code?: string; detail?: string }, one));
      }
    }
    if (change.parked.length > 0) await park(connection, generation, change.parked);
  }
}

const rejectedBy = ({ message, code, detail, stack = message }: Error & { code?: string; detail?: string }, { stream, revision }: StreamRows): ParkedStream =>
  ({ stream, revision, cause: `Postgres rejects a row (SQLSTATE ${code}): ${message}`, stack: detail === undefined ? stack : `${detail}\n${stack}` });
