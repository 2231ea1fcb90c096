import { handles, type AnyProjection, type Fact } from '../../projections/projection.js';
import type { ReadEvent } from '../folding/facts.js';
import { nameOfGeneration, type Generation } from '../read-models/schema.js';
import type { Checkpoint, LogPosition } from '../read-models/checkpoints.js';
import type { ParkedStream } from '../read-models/parked-streams.js';
import { isAway } from './away.js';
import { groupByStream, halvesOf, isDivisible, rejected, type Part } from './batch-part.js';
import { settle, settleWithin } from './claims.js';
import { generationsOf, placeOf, positionOf, type Group } from './group.js';
import { ObjectCache } from './object-cache.js';
import type { BatchWrite, Claim, Committed, EventReader, ReadModels, StreamWrite } from './ports.js';
import {
  foldedBy,
  LIMITS,
  parkedBy,
  StreamFolder,
  type FoldedStream,
  type Limits,
  type Reach,
} from './stream-folder.js';
import { withoutRepeats, type GoneStream, type Positions } from './stream-reading.js';
import { Turn } from './turn.js';

export type Applied = Readonly<{
  kind: 'applied';
  /** Events with the id of an event at a lower position. */
  repeats: number;
  /** Streams with events that were read again, and the longest time that one took. */
  refolds: number;
  longestRefoldMs: number;
  ambiguous: number;
  /** The parked streams, with their generations. */
  parked: readonly (ParkedStream & Readonly<{ generation: string }>)[];
  /** Streams with an unreadable event that does not matter, because a later one shows the object completely. */
  passed: readonly (ParkedStream & Readonly<{ generation: string }>)[];
  /** Streams that wait to be folded again outside the batches, because too many of their events must be read. */
  waiting: number;
  /** Streams that were folded again and that the store has lost, completely or at the beginning. */
  gone: readonly GoneStream[];
}>;

export type BatchResult =
  | Applied
  /** Another owner has taken a checkpoint; nothing was written. */
  | { readonly kind: 'lost' };

/**
 * The cache size of a projector, alone or as one of several workers, in characters of JSON; the memory used is ten
 * times as large.
 */
const CACHE_SIZE_MAX = { alone: 8 * 1024 * 1024, shard: 2 * 1024 * 1024 };
/** The attempts per batch while others index the same events or claim the same rows. */
const ATTEMPTS_MAX = 50;
/** The number of waiting streams per query. */
const WAITING_MAX = 100;

export type ProjectorOptions = Readonly<{
  reader: EventReader;
  models: ReadModels;
  projections: readonly AnyProjection[];
  /** Whether other workers project other streams for the same checkpoints, which are then moved elsewhere. */
  isShard?: boolean;
  limits?: Limits;
}>;

type Counted = Readonly<{
  events: readonly ReadEvent[];
  toBeIndexed: BatchWrite['index'];
  positions: Positions;
  repeats: number;
  corrected: readonly string[];
}>;
type Place = Readonly<{ group: Group; to: NonNullable<LogPosition> }>;
type Committing = Readonly<{ folded: FoldedStream[]; writes: StreamWrite[] }>;
/** The outcome: the folded streams, and the writes, which may differ from the folds after claims. */
type Done = (Readonly<{ kind: 'committed' }> & Committing) | Readonly<{ kind: 'lost' | 'raced' }>;

/**
 * The engine of all projections. It loads the objects that a batch concerns and folds its events; one transaction
 * indexes the events, writes states and rows, and moves the group's checkpoints (ARCHITECTURE.md, Projector).
 */
export class Projector {
  readonly #cache: ObjectCache;
  readonly #folder: StreamFolder;
  readonly #turn = new Turn();
  /** The checkpoints for which the cache is valid, with epochs and position. */
  #known = '';

  constructor(private readonly options: ProjectorOptions) {
    this.#cache = new ObjectCache(options.isShard === true ? CACHE_SIZE_MAX.shard : CACHE_SIZE_MAX.alone);
    this.#folder = new StreamFolder(options.reader, options.models, this.#cache, options.limits ?? LIMITS);
  }

  /**
   * Applies a batch completely or not at all, and moves the checkpoints to `to`. Throws when the store or the database
   * is unavailable.
   */
  apply(batch: readonly ReadEvent[], place: Place): Promise<BatchResult> {
    return this.#turn.take(() => this.#insist(() => this.#apply(batch, place)));
  }

  /**
   * Folds waiting streams from their beginning: long ones, and parked ones with a requested replay. `groupNow` returns
   * the current checkpoints. `done`: none is waiting; `stopped`: the signal aborted first.
   */
  async workOff(
    groupNow: () => Group,
    signal?: AbortSignal,
    applied: (result: Applied) => void = () => undefined,
  ): Promise<'done' | 'stopped' | 'lost'> {
    for (;;) {
      const streams = await this.options.models.findWaiting(
        generationsOf(groupNow(), this.options.projections).map(nameOfGeneration),
        WAITING_MAX,
      );
      if (streams.length === 0) return 'done';
      for (const stream of streams) {
        if (signal?.aborted === true) return 'stopped';
        const result = await this.#foldAgain(stream, groupNow);
        if (result.kind === 'lost') return 'lost';
        applied(result);
      }
    }
  }

  /** Repeats work while other writers index or correct the same events. */
  async #insist<T extends BatchResult>(work: () => Promise<T | { readonly kind: 'raced' }>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const result = await work();
      // Another process may have changed the cached objects.
      if (result.kind !== 'applied') this.#cache.clear();
      if (result.kind !== 'raced') return result;
      if (attempt === ATTEMPTS_MAX) throw new Error('Others index the same events again and again.');
    }
  }

  async #apply(batch: readonly ReadEvent[], { group, to }: Place): Promise<BatchResult | { readonly kind: 'raced' }> {
    this.#remember(group, to);
    if (batch.length === 0 && this.options.isShard === true) return NOTHING_APPLIED;
    const counted = await this.#count(batch.filter(({ metadata }) => metadata !== null));
    const corrected = new Set(counted.corrected);
    const shortened = await this.#ofOurs(
      batch.flatMap(({ content }) => (content.kind === 'shortened' ? [content.stream] : [])),
      counted.events,
    );
    const again = new Set(shortened.filter((stream) => !corrected.has(stream)));
    const generations = generationsOf(group, this.options.projections);
    const part: Part = {
      generations,
      streams: groupByStream(counted.events, { again, corrected }),
      again,
      index: counted.toBeIndexed,
    };
    const reach = { upTo: to.position, toBeIndexed: counted.positions };
    const move = this.options.isShard === true ? null : { logName: group.logName, to };
    let done: Done;
    try {
      done = await this.#work(part, reach, { checkpoints: group.checkpoints, move });
    } catch (error) {
      this.#cache.clear();
      if (isAway(error)) throw error;
      done = await this.#workByHalves(part, reach, { checkpoints: group.checkpoints, move });
    }
    return done.kind === 'committed' ? this.#appliedOf(done, counted.repeats) : done;
  }

  /** Loads, folds and writes these streams in one transaction. */
  async #work(
    { generations, streams, again, index }: Part,
    reach: Reach,
    { checkpoints, move }: Moving,
  ): Promise<Done> {
    const tasks = await this.#folder.tasksOf(generations, streams, again);
    return this.#commit(await this.#folder.fold(tasks, reach), { checkpoints, move, index });
  }

  /**
   * After an error that concerns one stream: repeats the batch in halves until that stream is alone, and parks it. The
   * checkpoints move last, so a crash repeats the batch; states record which events they include.
   */
  async #workByHalves(part: Part, reach: Reach, { checkpoints, move }: Moving): Promise<Done> {
    const all: Committing = { folded: [], writes: [] };
    const open: Part[] = [part];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      let done: Done;
      try {
        done = await this.#work(next, reach, { checkpoints, move: null });
      } catch (error) {
        this.#cache.clear();
        if (isAway(error)) throw error;
        if (isDivisible(next)) {
          open.push(...halvesOf(next));
          continue;
        }
        done = await this.#park(next, error, { checkpoints, all: part.generations });
      }
      if (done.kind !== 'committed') return done;
      add(all, done);
    }
    const moved = await this.#write([], { checkpoints, move, index: [] });
    return moved.kind === 'committed' ? { ...moved, ...all } : moved;
  }

  /** Parks the failing stream in its generation; in all of them when its events cannot be indexed. */
  #park(
    { generations, streams }: Part,
    error: unknown,
    { checkpoints, all }: { checkpoints: readonly Checkpoint[]; all: readonly Generation[] },
  ): Promise<Done> {
    const parkedIn = generations.length > 0 ? generations : all;
    const parked = [...streams].flatMap(([stream, events]) =>
      parkedIn.map((one) => rejected(one, { stream, last: events.at(-1), error })),
    );
    return this.#write(parked, { checkpoints, move: null, index: [] });
  }

  /**
   * Returns those of the streams that have events of the ledger. Other writers of the log may delete or limit their own
   * streams.
   */
  async #ofOurs(streams: readonly string[], events: readonly ReadEvent[]): Promise<readonly string[]> {
    if (streams.length === 0) return [];
    const indexed = await this.options.models.findStreams(streams);
    return streams.filter((stream) => indexed.has(stream) || events.some((event) => event.stream === stream));
  }

  /**
   * Determines which events count, which must be indexed, and which streams had counted an event that has an earlier
   * place.
   */
  async #count(events: readonly ReadEvent[]): Promise<Counted> {
    const indexed = await this.options.models.findEvents([...new Set(events.map(({ eventId }) => eventId))]);
    const counted = await withoutRepeats({ findEvents: async () => indexed }, events);
    const later = counted.filter(({ eventId, position }) => (indexed.get(eventId)?.position ?? -1n) > position);
    return {
      events: counted,
      positions: new Map(counted.map(({ eventId, position }) => [eventId, position])),
      toBeIndexed: counted.flatMap((event) => {
        const known = indexed.get(event.eventId);
        return known === undefined ? [event] : known.position > event.position ? [{ ...event, corrects: known }] : [];
      }),
      repeats: events.length - counted.length,
      corrected: later.flatMap(({ eventId }) => indexed.get(eventId)?.stream ?? []),
    };
  }

  /** Reads and folds one stream while batches continue, and commits between two of them. */
  async #foldAgain(stream: string, groupNow: () => Group): Promise<BatchResult> {
    const startedAt = performance.now();
    const generations = generationsOf(groupNow(), this.options.projections);
    const tasks = await this.#folder.waitingTasks(generations, stream);
    const refold = await this.#folder.refold(
      stream,
      tasks.map(({ generation }) => generation),
    );
    const foldTo = async (upTo: bigint): Promise<unknown> => {
      try {
        await refold.foldTo(upTo);
        return null;
      } catch (error) {
        if (isAway(error)) throw error;
        return error;
      }
    };
    const error = await foldTo(positionOf(groupNow()));
    return this.#turn.take(() =>
      this.#insist(async () => {
        const group = groupNow();
        this.#remember(group);
        const known = await this.#folder.waitingTasks(generations, stream);
        // A stream parked again meanwhile may have changed since it was read, so it is left for another read.
        const same = tasks.filter(({ generation, parked }) =>
          known.some((one) => one.generation === generation && one.parked?.attempts === parked?.attempts),
        );
        const failed = error ?? (await foldTo(positionOf(group)));
        const folded = failed === null ? foldedBy(same, refold) : same.map((task) => parkedBy(task, failed));
        const timed = folded.map((one) => ({ ...one, refoldMs: performance.now() - startedAt }));
        const done = await this.#commitOrPark(timed, { checkpoints: group.checkpoints, move: null, index: [] });
        return done.kind === 'committed' ? this.#appliedOf(done, 0) : done;
      }),
    );
  }

  /** Commits folded streams. After an error, commits each generation separately, and parks those that fail. */
  async #commitOrPark(folded: readonly FoldedStream[], together: Together): Promise<Done> {
    try {
      return await this.#commit(folded, together);
    } catch (error) {
      this.#cache.clear();
      if (isAway(error)) throw error;
      if (folded.length > 1) return this.#commitEach(folded, together);
      return this.#write(
        folded.map(({ write: { generation, stream, known } }) => ({
          ...rejected(generation, { stream, last: undefined, error }),
          known,
        })),
        together,
      );
    }
  }

  /** Commits each generation separately, so that an error in one does not affect the others. */
  async #commitEach(folded: readonly FoldedStream[], together: Together): Promise<Done> {
    const all: Committing = { folded: [], writes: [] };
    for (const one of folded) {
      const done = await this.#commitOrPark([one], together);
      if (done.kind !== 'committed') return done;
      add(all, done);
    }
    return { kind: 'committed', ...all };
  }

  async #commit(folded: readonly FoldedStream[], together: Together): Promise<Done> {
    const done = await this.#write(settleWithin(folded.map(({ write }) => write)), together);
    if (done.kind !== 'committed') return done;
    this.#keep(folded, done.writes);
    return { ...done, folded: [...folded] };
  }

  /** Writes in one transaction; settles claims on rows of other streams, and retries. */
  async #write(writes: readonly StreamWrite[], together: Together): Promise<Done> {
    let streams = [...writes];
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const committed: Committed = await this.options.models.commit({
        ...together,
        isShared: this.options.isShard === true,
        streams,
      });
      if (committed.kind === 'committed') return { kind: 'committed', folded: [], writes: streams };
      if (committed.kind !== 'claimed') return committed;
      streams = settle(streams, committed.claims, await this.#waitingOf(committed.claims, together));
    }
    throw new Error('Others claim the same rows again and again.');
  }

  /** Returns the owners of claimed rows that wait to be folded again, in any generation. */
  async #waitingOf(claims: readonly Claim[], { checkpoints, index }: Together): Promise<Set<string>> {
    const parked = await this.options.models.findParked(
      checkpoints.map(({ name }) => name),
      claims.map(({ owner }) => owner),
    );
    const waiting = new Set(index.flatMap(({ corrects }) => corrects?.stream ?? []));
    for (const streams of parked.values())
      for (const [stream, { kind }] of streams) if (kind === 'waiting') waiting.add(stream);
    return waiting;
  }

  /**
   * Clears the cache unless it is valid for these checkpoints, epochs and this position, because others may have
   * written since.
   */
  #remember(group: Group, to?: NonNullable<LogPosition>): void {
    const nameOf = (at: LogPosition): string =>
      `${group.checkpoints.map(({ name, epoch }) => `${name} ${epoch}`).join()} ${at?.position ?? -1n}`;
    if (nameOf(placeOf(group)) !== this.#known) this.#cache.clear();
    this.#known = nameOf(to ?? placeOf(group));
  }

  /** Caches the streams that were written as folded, and removes the others. */
  #keep(folded: readonly FoldedStream[], written: readonly StreamWrite[]): void {
    const asFolded = new Set(folded.map(({ write }) => write));
    for (const write of written) {
      if (write.replaces || write.parking !== 'keep' || !asFolded.has(write))
        this.#cache.forget(nameOfGeneration(write.generation), write.stream);
    }
    const kept = new Set(written);
    for (const { write, objects } of folded) {
      if (!kept.has(write) || (write.parking !== 'keep' && write.parking !== 'none')) continue;
      for (const [object, { state, rows }] of objects)
        this.#cache.put(nameOfGeneration(write.generation), write.stream, object, { state, rows });
    }
  }

  #appliedOf({ folded, writes }: Committing, repeats: number): Applied {
    const parked = writes.flatMap(({ parking, generation }) =>
      typeof parking === 'string' ? [] : [{ ...parking, generation: nameOfGeneration(generation) }],
    );
    const refolded = folded.filter(({ refoldMs }) => refoldMs !== null);
    return {
      kind: 'applied',
      repeats,
      refolds: refolded.length,
      longestRefoldMs: Math.max(0, ...refolded.map(({ refoldMs }) => refoldMs ?? 0)),
      ambiguous: folded.flatMap(({ write: { generation }, guesses }) =>
        guesses.filter((fact) => this.#countsFor(generation.projection, fact)),
      ).length,
      parked: parked.filter(({ kind }) => kind !== 'waiting' && kind !== 'passed'),
      passed: parked.filter(({ kind }) => kind === 'passed'),
      waiting: parked.filter(({ kind }) => kind === 'waiting').length,
      // Several projections may report the same stream.
      gone: [...new Map(folded.flatMap(({ gone }) => gone ?? []).map((one) => [one.stream, one])).values()],
    };
  }

  /** Several projections order the same events. A guess is counted for the first that handles the kind. */
  #countsFor(projection: AnyProjection, { snapshot }: Fact): boolean {
    return this.options.projections.find((one) => handles(one, snapshot.kind)) === projection;
  }
}

const NOTHING_APPLIED: Applied = {
  kind: 'applied',
  repeats: 0,
  refolds: 0,
  longestRefoldMs: 0,
  ambiguous: 0,
  parked: [],
  passed: [],
  waiting: 0,
  gone: [],
};

/** Adds the outcome of another transaction. */
function add(all: Committing, { folded, writes }: Committing): void {
  all.folded.push(...folded);
  all.writes.push(...writes);
}

/** The changes of a transaction other than the streams. */
type Together = Pick<BatchWrite, 'checkpoints' | 'move' | 'index'>;
type Moving = Pick<BatchWrite, 'checkpoints' | 'move'>;
