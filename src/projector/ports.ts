import type { Generation } from '../read-models/schema.js';
import type { Checkpoint, LogPosition } from '../read-models/checkpoints.js';
import type { StoredObject } from '../read-models/objects.js';
import type { ParkedStream, ParkingKind } from '../read-models/parked-streams.js';
import type { Envelope } from '../eventstore/recorded-event.js';
import type { GoneRow, RowKey, RowText } from '../folding/row-texts.js';
import type { StateText } from '../folding/state-text.js';
import type { ReadEvent } from '../folding/facts.js';

/** Reads streams of the event store. */
export type EventReader = Readonly<{
  /** At most `max` events of a stream from a revision on, in their order; none of a stream that is not there. */
  readStream(stream: string, range: Readonly<{ from: bigint; max?: number }>): AsyncIterable<ReadEvent>;
}>;

/**
 * A stream that is parked, or waits to be folded again; `revision` is that of the event that it stands at. `attempts` tells one parking
 * from the next.
 */
export type Parked = Readonly<{ kind: ParkingKind; revision: bigint; attempts: number }>;

/** A row that one stream wants to write, and that another one, its `owner`, has. */
export type Claim = RowKey & Readonly<{ generation: Generation; stream: string; owner: string }>;

/** What is written of one stream in one generation. */
export type StreamWrite = Readonly<{
  generation: Generation;
  stream: string;
  /** How it was parked when it was folded: it comes out of parking only as it was known, and only its fold ends its wait. */
  known: Parked | null;
  /** Whether all that stands of the stream so far goes. */
  replaces: boolean;
  /** `isKeptNew`: the kept states are others than before. */
  states: readonly Readonly<{ object: string; state: StateText; isKeptNew: boolean }>[];
  puts: readonly RowText[];
  gone: readonly GoneRow[];
  /** Rows of other streams that this one takes over. */
  taken: readonly (RowKey & Readonly<{ owner: string }>)[];
  /** What the stream is parked for from now on; `keep`: as it is; `retry`: it is parked, and to be folded again beside the batches. */
  parking: ParkedStream | 'none' | 'keep' | 'retry';
}>;

/** What one transaction writes. */
export type BatchWrite = Readonly<{
  checkpoints: readonly Checkpoint[];
  /** Where the checkpoints stand afterwards; null: where they stand. */
  move: Readonly<{ logName: string; to: NonNullable<LogPosition> }> | null;
  /** Whether others write for the same checkpoints at the same time, so that their position says nothing. */
  isShared: boolean;
  /**
   * Events whose ids the index does not have, or has at a higher position: at the one that `corrects` tells, whose stream then waits to
   * be folded again in all checkpoints, whichever process owns them.
   */
  index: readonly (Envelope & Readonly<{ corrects?: Readonly<{ stream: string; position: bigint }> }>)[];
  streams: readonly StreamWrite[];
}>;

export type Committed =
  | Readonly<{ kind: 'committed' }>
  /** Another owner has a checkpoint, or it stands elsewhere; nothing was written. */
  | Readonly<{ kind: 'lost' }>
  /** Another writer indexed or corrected one of the events meanwhile; nothing was written. */
  | Readonly<{ kind: 'raced' }>
  /** Rows belong to other streams; nothing was written. */
  | Readonly<{ kind: 'claimed'; claims: readonly Claim[] }>;

/** Where the projector keeps states, rows, parked streams and the index of ids. All methods throw when the database is away. */
export type ReadModels = Readonly<{
  /** Where these ids were indexed. */
  findEvents(eventIds: readonly string[]): Promise<ReadonlyMap<string, Readonly<{ stream: string; position: bigint }>>>;
  /** Which of these streams have an event that is indexed. */
  findStreams(streams: readonly string[]): Promise<ReadonlySet<string>>;
  /** Which of these streams are parked, by the names of generations. */
  findParked(
    generations: readonly string[],
    streams: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, Parked>>>;
  /** Streams that wait to be folded again, at most so many. */
  findWaiting(generations: readonly string[], max: number): Promise<readonly string[]>;
  readStates(
    generation: Generation,
    objects: readonly Readonly<{ stream: string; object: string }>[],
  ): Promise<readonly StoredObject[]>;
  /** The highest revision that a state of this stream has; -1n without a state. */
  lastFolded(generation: Generation, stream: string): Promise<bigint>;
  /** Writes all of it in one transaction, or nothing. Throws also what the database rejects. */
  commit(write: BatchWrite): Promise<Committed>;
}>;
