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
  /** Yields at most `max` events of a stream, in order, from a revision; none if the stream does not exist. */
  readStream(stream: string, range: Readonly<{ from: bigint; max?: number }>): AsyncIterable<ReadEvent>;
}>;

/**
 * A stream that is parked or waits to be folded again. `revision`: that of the event at which it stopped. `attempts`
 * distinguishes one parking from the next.
 */
export type Parked = Readonly<{ kind: ParkingKind; revision: bigint; attempts: number }>;

/** A row that one stream wants to write and another, its `owner`, has. */
export type Claim = RowKey & Readonly<{ generation: Generation; stream: string; owner: string }>;

/** The changes of one stream in one generation. */
export type StreamWrite = Readonly<{
  generation: Generation;
  stream: string;
  /**
   * How the stream was parked when it was folded. It is unparked only if that is unchanged, and only its own fold ends
   * its wait.
   */
  known: Parked | null;
  /** Whether all existing rows and states of the stream are deleted. */
  replaces: boolean;
  /** `isKeptNew`: the kept states have changed. */
  states: readonly Readonly<{ object: string; state: StateText; isKeptNew: boolean }>[];
  puts: readonly RowText[];
  gone: readonly GoneRow[];
  /** Rows that this stream takes over from others. */
  taken: readonly (RowKey & Readonly<{ owner: string }>)[];
  /** The new parking. `keep`: unchanged. `retry`: parked, and to be folded again outside the batches. */
  parking: ParkedStream | 'none' | 'keep' | 'retry';
}>;

/** The changes of one transaction. */
export type BatchWrite = Readonly<{
  checkpoints: readonly Checkpoint[];
  /** The new position of the checkpoints; null: unchanged. */
  move: Readonly<{ logName: string; to: NonNullable<LogPosition> }> | null;
  /** Whether other workers write for the same checkpoints, so that their position cannot be checked. */
  isShared: boolean;
  /**
   * Events whose ids are missing in the index, or indexed at the higher position in `corrects`. The stream there then
   * waits to be folded again in the generations of all processes.
   */
  index: readonly (Envelope & Readonly<{ corrects?: Readonly<{ stream: string; position: bigint }> }>)[];
  streams: readonly StreamWrite[];
}>;

export type Committed =
  | Readonly<{ kind: 'committed' }>
  /** Another owner has a checkpoint, or its position differs; nothing was written. */
  | Readonly<{ kind: 'lost' }>
  /** Another writer has indexed or corrected one of the events; nothing was written. */
  | Readonly<{ kind: 'raced' }>
  /** Rows belong to other streams; nothing was written. */
  | Readonly<{ kind: 'claimed'; claims: readonly Claim[] }>;

/** Stores states, rows, parked streams and the index of ids. All methods throw when the database is unavailable. */
export type ReadModels = Readonly<{
  /** Returns the places of indexed ids. */
  findEvents(eventIds: readonly string[]): Promise<ReadonlyMap<string, Readonly<{ stream: string; position: bigint }>>>;
  /** Returns those of the streams that have an indexed event. */
  findStreams(streams: readonly string[]): Promise<ReadonlySet<string>>;
  /** Returns those of the streams that are parked, by generation name. */
  findParked(
    generations: readonly string[],
    streams: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, Parked>>>;
  /** Returns at most `max` streams that wait to be folded again. */
  findWaiting(generations: readonly string[], max: number): Promise<readonly string[]>;
  readStates(
    generation: Generation,
    objects: readonly Readonly<{ stream: string; object: string }>[],
  ): Promise<readonly StoredObject[]>;
  /** Returns the highest revision among the states of a stream; -1n without a state. */
  lastFolded(generation: Generation, stream: string): Promise<bigint>;
  /** Writes everything in one transaction, or nothing. Also throws when the database rejects a value. */
  commit(write: BatchWrite): Promise<Committed>;
}>;
