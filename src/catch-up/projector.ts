import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { handles, type AnyProjection, type Fact } from '../../projections/projection.js';
import type { EventStore } from '../eventstore/event-store.js';
import type { Database, Queryable } from '../read-models/database.js';
import { indexEvents } from '../read-models/event-index.js';
import { indexPosition, lock, move, type Line, type LogPosition } from '../read-models/lines.js';
import { atRevision, findParked, findReplays, type ParkedStream } from '../read-models/parked-streams.js';
import { readStates, writtenOf, type StoredState, type StreamRows, type WrittenStream } from '../read-models/rows.js';
import { EVENT_INDEX_LINE, lineOf, type Generation } from '../read-models/schema.js';
import { isAway } from './away.js';
import { concerns, type ReadEvent } from './facts.js';
import { FoldCache } from './fold-cache.js';
import { emptyRows, foldOn, foldWhole, tell, type StreamFold, type WholeFold } from './stream-fold.js';
import { pagesOf, withoutRepeats, type Positions } from './stream-pages.js';
import { writeChanges, writeOneByOne, type Change, type GoneStream } from './writing.js';

/** Lines that stand at one position and are moved together, with the right to move them. */
export type Group = Readonly<{ lines: readonly Line[]; logName: string }>;

export type Applied = Readonly<{
  kind: 'applied';
  /** Events whose id stands at a lower position of the log. */
  repeats: number;
  /** Streams folded again from the log, and how long the slowest of them took. */
  refolds: number;
  longestRefoldMs: number;
  ambiguous: number;
  parked: readonly ParkedStream[];
  /** Streams folded again of which the store has nothing, or not the beginning, any more. */
  gone: readonly GoneStream[];
}>;

export type BatchResult =
  | Applied
  /** Another owner has taken a line over; nothing was written. */
  | { readonly kind: 'lost' };

/** A batch as it will stand in the tables, at the end of which the lines stand at `to`. */
export type FoldedBatch = Readonly<{ to: NonNullable<LogPosition>; counted: readonly ReadEvent[]; positions: Positions; repeats: number; changes: readonly Change[]; onto: InFlight | null }>;

/** A batch that is being written: what is known of it before the tables show it. `cameTrue`, in the end: all was written as it was folded. */
type InFlight = { cameTrue: boolean } & Readonly<{ positions: Positions; changes: ReadonlyMap<string, Readonly<{ written: ReadonlyMap<string, WrittenStream>; parked: readonly string[] }>> }>;

/** What streams are folded onto: the tables, what is being written, and ids that are not in the index yet; events beyond `upTo` come in a batch of their own. */
type Ground = Readonly<{ writing: InFlight | null }> & Reach;

/** A stream that is read again; `revision` is that of its state so far. `isShortened`: less of it may be left than was folded. */
type Refold = Readonly<{ stream: string; revision?: bigint | undefined; isShortened?: boolean }>;

/** As far as streams are read back, and ids up to there that are not in the index yet. */
type Reach = Readonly<{ toBeIndexed: readonly Positions[]; upTo: bigint }>;

/** What a projector remembers, in characters of JSON. */
const CACHE_SIZE_MAX = 32 * 1024 * 1024;

/**
 * The one engine under all projections: folds a batch of the log, and in one transaction indexes its events,
 * writes states and rows of the streams it touches, and moves the lines of the group (design, section 5).
 * While one batch is written, the next may be folded; it holds if all went as it was folded.
 */
export class Projector {
  readonly #cache = new FoldCache(CACHE_SIZE_MAX);
  /** Epochs of the lines that the cache speaks of. */
  #epochs = '';
  #writing: InFlight | null = null;

  constructor(
    private readonly store: EventStore,
    private readonly database: Database,
    private readonly projections: readonly AnyProjection[],
  ) {}

  /** Folds a batch onto what is written, or is being written now. Throws when store or database fail. */
  async fold(batch: readonly ReadEvent[], { group, to }: { group: Group; to: NonNullable<LogPosition> }): Promise<FoldedBatch> {
    const writing = this.#writing;
    if (!indexes(group)) await this.#indexReaches(to.position);
    const ours = batch.filter(({ metadata }) => metadata !== null);
    const shortened = new Set(batch.flatMap(({ says }) => (says.kind === 'shortened' ? [says.stream] : [])));
    const before = writing === null ? [] : [writing.positions];
    const counted = await withoutRepeats(this.database, ours, before);
    const positions = new Map(counted.map(({ eventId, position }) => [eventId, position]));
    const ground = { writing, toBeIndexed: [...before, positions], upTo: to.position };
    const streams = groupByStream(counted, shortened);
    this.#remember(group);
    const generations = generationsOf(group, this.projections);
    const parked = await findParked(this.database, generations.map(lineOf), [...streams.keys()]);
    const changes: Change[] = [];
    for (const generation of generations) changes.push(await this.#fold(generation, streams, { ...ground, shortened, parked: parked.get(lineOf(generation)) ?? new Set() }));
    return { to, counted, positions, repeats: ours.length - counted.length, changes, onto: writing };
  }

  /** Whether what a batch was folded onto is there. Else it must be folded again; to be asked when nothing is being written. */
  stands({ onto }: FoldedBatch): boolean {
    return onto === null || onto.cameTrue;
  }

  /** Writes a folded batch that stands, as a whole or not at all. Throws when the database fails. */
  async write(folded: FoldedBatch, group: Group): Promise<BatchResult> {
    assert(this.#writing === null && this.stands(folded), 'one batch is written at a time, on what is there');
    const { to, counted, positions, repeats, changes } = folded;
    const own = inFlight(folded);
    this.#writing = own;
    try {
      const also: Also = async (connection) => {
        if (indexes(group)) await indexEvents(connection, counted);
        await move(connection, group.lines, { logName: group.logName, to });
      };
      const committed = await this.#commit(group, changes, { also, toBeIndexed: [positions], upTo: to.position });
      own.cameTrue = committed === 'as_folded';
      return committed === 'lost' ? { kind: 'lost' } : appliedOf(changes, repeats);
    } finally {
      this.#writing = null;
    }
  }

  /** Folds parked streams of a group again, whose replay somebody wants; no more than `max` of each line. The lines stay where they are. */
  async replay(group: Group, max: number): Promise<BatchResult> {
    const changes: Change[] = [];
    const ground = { writing: null, toBeIndexed: [], upTo: group.lines[0]?.at?.position ?? -1n };
    for (const generation of generationsOf(group, this.projections)) {
      const wanted = await findReplays(this.database, generation, max);
      const change = noChange(generation, new Set(wanted));
      for (const stream of wanted) await this.#orPark(change, stream, () => this.#refold(change, { ...ground, stream }));
      changes.push(change);
    }
    return (await this.#commit(group, changes, { ...ground, also: async () => undefined })) === 'lost' ? { kind: 'lost' } : appliedOf(changes, 0);
  }

  /** Writes changes and what else belongs to them in one transaction; `lost` when an owner or a position is not what the group knows. */
  async #commit(group: Group, changes: readonly Change[], { also, ...reach }: Reach & { also: Also }): Promise<'as_folded' | 'otherwise' | 'lost'> {
    const commit = (write: typeof writeChanges): Promise<boolean> => this.database.transaction(async (connection) => {
      if (!(await lock(connection, group.lines))) return false;
      await write(connection, changes);
      await also(connection);
      return true;
    });
    let moved: boolean;
    try {
      moved = await commit(writeChanges);
      if (moved) {
        this.#keep(changes);
        return 'as_folded';
      }
    } catch (error) {
      this.#cache.clear();
      if (isAway(error)) throw error;
      const oneByOne: typeof writeChanges = (connection) => writeOneByOne(connection, changes, async ({ projection }, stream, max) =>
        // On the connection that it has: the pool may have no second one while others wait for these lines.
        (await tell(projection, this.#pages(projection, stream, { ...reach, max, database: connection }))).told);
      moved = await commit(oneByOne);
    }
    this.#cache.clear();
    return moved ? 'otherwise' : 'lost';
  }

  /** What was written under another epoch, or to other lines, may have been changed by others since. */
  #remember({ lines }: Group): void {
    const epochs = lines.map(({ line, epoch }) => `${line} ${epoch}`).join();
    if (epochs !== this.#epochs) this.#cache.clear();
    this.#epochs = epochs;
  }

  #keep(changes: readonly Change[]): void {
    for (const { generation, written, parked } of changes) {
      const line = lineOf(generation);
      for (const one of written) this.#cache.put(line, one);
      for (const { stream } of parked) this.#cache.forget(line, stream);
    }
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

  async #fold(generation: Generation, batch: ReadonlyMap<string, readonly ReadEvent[]>, ground: Ground & { parked: ReadonlySet<string>; shortened: ReadonlySet<string> }): Promise<Change> {
    const { projection } = generation;
    const line = lineOf(generation);
    const before = ground.writing?.changes.get(line);
    const wasParked = new Set([...ground.parked, ...(before?.parked ?? [])].filter((stream) => before?.written.has(stream) !== true));
    const change = noChange(generation, wasParked);
    const streams = [...batch].filter(([stream, events]) => ground.shortened.has(stream) || events.some((event) => concerns(projection, event)));
    if (streams.length === 0) return change;
    const cached = new Map(streams.flatMap(([stream]) => before?.written.get(stream) ?? this.#cache.get(line, stream) ?? []).map((fold) => [fold.stream, fold]));
    const unknown = streams.map(([stream]) => stream).filter((stream) => !cached.has(stream) && !wasParked.has(stream));
    const states = unknown.length === 0 ? new Map<string, StoredState>() : await readStates(this.database, generation, unknown);
    for (const [stream, events] of streams) {
      const stored = cached.get(stream) ?? states.get(stream);
      // Nothing was made of a shortened stream that could be less now.
      if (stored === undefined && !wasParked.has(stream) && !events.some((event) => concerns(projection, event))) continue;
      await this.#orPark(change, stream, async () => {
        const isReadAgain = wasParked.has(stream) || ground.shortened.has(stream);
        const folded: StreamFold = isReadAgain ? { kind: 'again' } : foldOn(projection, stored, events);
        if (folded.kind === 'again') await this.#refold(change, { ...ground, stream, revision: stored?.revision, isShortened: ground.shortened.has(stream) });
        // A stream without a state has no rows either.
        else this.#take(change, folded, stored === undefined ? {} : (cached.get(stream)?.texts ?? null));
      });
    }
    return change;
  }

  /** Parks a stream for whatever is thrown while it is read or folded, unless store or database are away. */
  async #orPark(change: Change, stream: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isAway(error)) throw error;
      const revision = (await readStates(this.database, change.generation, [stream])).get(stream)?.revision ?? 0n;
      const stack = error instanceof Error ? (error.stack ?? null) : null;
      change.parked.push({ stream, ...atRevision(revision < 0n ? 0n : revision), cause: String(error), stack });
    }
  }

  #pages(projection: AnyProjection, stream: string, { toBeIndexed, upTo, max, database = this.database }: Reach & { max?: number; database?: Queryable }) {
    return pagesOf(this.store, stream, { projection, upTo, max, counted: (events) => withoutRepeats(database, events, toBeIndexed) });
  }

  async #refold(change: Change, { stream, revision, writing, isShortened = false, ...reach }: Ground & Refold): Promise<void> {
    change.refolds += 1;
    const startedAt = performance.now();
    const { projection } = change.generation;
    const folded = await foldWhole(projection, this.#pages(projection, stream, reach), revision);
    change.longestRefoldMs = Math.max(change.longestRefoldMs, performance.now() - startedAt);
    const remains = folded.kind === 'parked' ? 'all' : (folded.remains ?? 'all');
    if (remains !== 'all') change.gone.push({ stream, remains });
    if (folded.kind === 'empty') change.written.push(writtenOf(change.generation, emptyRows(projection, stream), null));
    else this.#take(change, folded, null);
    if (folded.kind !== 'parked') return;
    // What the store has removed stands in no row, though the stream is parked.
    if (isShortened) change.lastGood.push(writtenOf(change.generation, folded.written ?? emptyRows(projection, stream), null));
    else if (folded.written !== null) change.lastGood.push(...(await this.#lastGood(change, folded.written, writing)));
  }

  /** Rows of a stream that parks, where they are further on than those that stand: a build that reads less than the one before takes nothing back. */
  async #lastGood({ generation }: Change, written: StreamRows, writing: InFlight | null): Promise<WrittenStream[]> {
    const stands = (await readStates(this.database, generation, [written.stream])).get(written.stream)?.revision ?? -1n;
    const inFlight = writing?.changes.get(lineOf(generation))?.written.get(written.stream)?.revision ?? -1n;
    return written.revision > stands && written.revision > inFlight ? [writtenOf(generation, written, null)] : [];
  }

  /** `before`: what the stream's rows are known to be so far. */
  #take(change: Change, folded: Exclude<StreamFold, { kind: 'again' }> | Exclude<WholeFold, { kind: 'empty' }>, before: Parameters<typeof writtenOf>[2]): void {
    if (folded.kind === 'parked') change.parked.push(folded.parked);
    if (folded.kind !== 'folded') return;
    change.written.push(writtenOf(change.generation, folded.written, before));
    change.ambiguous += folded.guesses.filter((fact) => this.#countsFor(change.generation.projection, fact)).length;
  }

  /** Several projections order the same events: a guess is counted by the first that handles the kind. */
  #countsFor(projection: AnyProjection, { snapshot }: Fact): boolean {
    return this.projections.find((one) => handles(one, snapshot.kind)) === projection;
  }
}

/** What else belongs into the transaction of a batch. */
type Also = (connection: Queryable) => Promise<void>;

const noChange = (generation: Generation, wasParked: Set<string>): Change =>
  ({ generation, written: [], parked: [], lastGood: [], wasParked, gone: [], refolds: 0, longestRefoldMs: 0, ambiguous: 0 });

const appliedOf = (changes: readonly Change[], repeats: number): Applied => ({
  kind: 'applied',
  repeats,
  refolds: sumOf(changes, 'refolds'),
  longestRefoldMs: Math.max(0, ...changes.map(({ longestRefoldMs }) => longestRefoldMs)),
  ambiguous: sumOf(changes, 'ambiguous'),
  parked: changes.flatMap(({ parked }) => parked),
  // Several projections read one stream.
  gone: [...new Map(changes.flatMap(({ gone }) => gone).map((one) => [one.stream, one])).values()],
});

const sumOf = (changes: readonly Change[], count: 'refolds' | 'ambiguous'): number => changes.reduce((sum, change) => sum + change[count], 0);

const inFlight = ({ positions, changes }: FoldedBatch): InFlight => ({
  cameTrue: false,
  positions,
  changes: new Map(changes.map(({ generation, written, parked }) => [lineOf(generation), { written: new Map(written.map((one) => [one.stream, one])), parked: parked.map(({ stream }) => stream) }])),
});

const indexes = ({ lines }: Group): boolean => lines.some(({ line }) => line === EVENT_INDEX_LINE);

const INDEX_WITHIN_MS = 15_000;
const INDEX_POLL_MS = 20;

/** What of a group are rows of projections: all but the index. */
function generationsOf({ lines }: Group, projections: readonly AnyProjection[]): Generation[] {
  return lines.flatMap(({ projection: name, version, generation }) => {
    const projection = projections.find((one) => one.name === name && one.version === version);
    return projection === undefined ? [] : [{ projection, generation }];
  });
}

/** Events by their stream, and without events those that are shortened. */
function groupByStream(events: readonly ReadEvent[], shortened: ReadonlySet<string>): Map<string, ReadEvent[]> {
  const streams = new Map<string, ReadEvent[]>([...shortened].map((stream) => [stream, []]));
  for (const event of events) {
    const own = streams.get(event.stream);
    if (own === undefined) streams.set(event.stream, [event]);
    else own.push(event);
  }
  return streams;
}
