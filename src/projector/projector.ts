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
  /** Events whose id stands at a lower position of the log. */
  repeats: number;
  /** Streams of which events were read again, and how long the slowest of them took. */
  refolds: number;
  longestRefoldMs: number;
  ambiguous: number;
  /** What was parked, with the name of its generation. */
  parked: readonly (ParkedStream & Readonly<{ generation: string }>)[];
  /** Streams with an event that cannot be read, and need not be: a later one shows its object whole. */
  passed: readonly (ParkedStream & Readonly<{ generation: string }>)[];
  /** Streams that wait to be folded again beside the batches: too much of them must be read. */
  waiting: number;
  /** Streams folded again of which the store has nothing, or not the beginning, any more. */
  gone: readonly GoneStream[];
}>;

export type BatchResult =
  | Applied
  /** Another owner has taken a checkpoint over; nothing was written. */
  | { readonly kind: 'lost' };

/** What a projector remembers, and one of several workers, in characters of JSON: in memory they take ten times as much. */
const CACHE_SIZE_MAX = { alone: 8 * 1024 * 1024, shard: 2 * 1024 * 1024 };
/** How often a batch is tried when others index the same events, or claim the same rows, at the same time. */
const ATTEMPTS_MAX = 50;
/** Streams that wait to be folded again, looked up at once. */
const WAITING_MAX = 100;

export type ProjectorOptions = Readonly<{
  reader: EventReader;
  models: ReadModels;
  projections: readonly AnyProjection[];
  /** Whether others project other streams for the same checkpoints: then the checkpoints are moved elsewhere. */
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
/** What was done, and what of it was written otherwise than it was folded. */
type Done = (Readonly<{ kind: 'committed' }> & Committing) | Readonly<{ kind: 'lost' | 'raced' }>;

/**
 * The one engine under all projections: loads the objects that a batch of the log concerns, folds, and in one transaction
 * indexes its events, writes states and rows, and moves the checkpoints of the group (ARCHITECTURE.md, Projector).
 */
export class Projector {
  readonly #cache: ObjectCache;
  readonly #folder: StreamFolder;
  readonly #turn = new Turn();
  /** The checkpoints that the cache speaks of, their epochs, and where they stand. */
  #known = '';

  constructor(private readonly options: ProjectorOptions) {
    this.#cache = new ObjectCache(options.isShard === true ? CACHE_SIZE_MAX.shard : CACHE_SIZE_MAX.alone);
    this.#folder = new StreamFolder(options.reader, options.models, this.#cache, options.limits ?? LIMITS);
  }

  /** Applies a batch as a whole or not at all, after which the checkpoints stand at `to`. Throws when store or database are away. */
  apply(batch: readonly ReadEvent[], place: Place): Promise<BatchResult> {
    return this.#turn.take(() => this.#insist(() => this.#apply(batch, place)));
  }

  /**
   * Folds the streams that wait for it from their beginning: long ones beside the batches, and parked ones that somebody wants
   * replayed. `groupNow` tells where the generations stand. `done`: none waits any more; `stopped`: the signal has aborted before.
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

  async #insist<T extends BatchResult>(work: () => Promise<T | { readonly kind: 'raced' }>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const result = await work();
      // Others have written what the cache speaks of.
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
      batch.flatMap(({ says }) => (says.kind === 'shortened' ? [says.stream] : [])),
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
   * After something that concerns one stream was thrown: does the batch in halves until that stream is alone, and parks it. The checkpoints
   * move last, so that a crash in between repeats the batch; states know which events they have.
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

  /** Parks the one stream of which something was thrown, in the one generation; in all of them when its events cannot be indexed. */
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

  /** Streams of which we have had an event; others have streams in the log, too, and say of them what they like. */
  async #ofOurs(streams: readonly string[], events: readonly ReadEvent[]): Promise<readonly string[]> {
    if (streams.length === 0) return [];
    const indexed = await this.options.models.findStreams(streams);
    return streams.filter((stream) => indexed.has(stream) || events.some((event) => event.stream === stream));
  }

  /** Which events count, which the index does not have yet, and streams that counted an event that stands elsewhere before. */
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

  /** Reads and folds one stream while batches go on, and commits between two of them. */
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
        // What was parked once more meanwhile may be other than it was read: it is read again.
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

  /** What one generation rejects does not hold up the others. */
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

  /** One transaction; rows that other streams have are settled, and it is tried again. */
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

  /** Which of the streams that have claimed rows wait to be folded again, in any generation. */
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

  /** What was written under another epoch, to other checkpoints, or beyond another place, may have been changed by others since. */
  #remember(group: Group, to?: NonNullable<LogPosition>): void {
    const nameOf = (at: LogPosition): string =>
      `${group.checkpoints.map(({ name, epoch }) => `${name} ${epoch}`).join()} ${at?.position ?? -1n}`;
    if (nameOf(placeOf(group)) !== this.#known) this.#cache.clear();
    this.#known = nameOf(to ?? placeOf(group));
  }

  /** Keeps what was written as it was folded; of other streams nothing is known any more. */
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
      // Several projections read one stream.
      gone: [...new Map(folded.flatMap(({ gone }) => gone ?? []).map((one) => [one.stream, one])).values()],
    };
  }

  /** Several projections order the same events: a guess is counted by the first that handles the kind. */
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

/** Adds what one more transaction has done. */
function add(all: Committing, { folded, writes }: Committing): void {
  all.folded.push(...folded);
  all.writes.push(...writes);
}

/** What one transaction writes beside the streams. */
type Together = Pick<BatchWrite, 'checkpoints' | 'move' | 'index'>;
type Moving = Pick<BatchWrite, 'checkpoints' | 'move'>;
