/**
 * The log on disk: one SQLite file with every event by position, and by stream and revision.
 * Everything here is synchronous, so each call is atomic.
 */
import {
  EVENT,
  eventOf,
  FIRST_POSITION,
  FRAME,
  integers,
  openDatabase,
  PAGE_EVENTS,
  readingStatement,
  textOf,
  type Connection,
  type EventRow,
  type Sql,
} from './database.js';
import { RecentEvents } from './recent-events.js';
import { checksumOf, frameOf, type ProposedEvent, type StoredEvent } from './record.js';
import { changed, DamagedRecordError, missingBefore, StorageFailedError } from './storage-errors.js';
import { defaultRetention, type Retention } from './stream-metadata.js';

/** A stream in the log. Without an id it has neither events nor metadata. */
export type Stream = Readonly<{
  name: string;
  id: bigint | undefined;
  /** The revision of the last event, -1 when there is none. */
  last: bigint;
  tombstoned: boolean;
  retention: Retention;
}>;

export type Direction = 'forwards' | 'backwards';

type StreamRow = [bigint, bigint, bigint | null, bigint | null, bigint | null, bigint | null];
type Prepared = ReturnType<typeof prepareStatements>;

function prepareStatements(database: Connection) {
  const prepare = (sql: string): Sql => readingStatement(database, sql);
  const statements = {
    stream: prepare(`select ${integers('s.id', 'tombstoned', 'truncate_before', 'max_count', 'max_age_seconds')},
      (select max(revision) from events where stream = s.id) from streams s where name = ?`),
    end: prepare(`select ${integers('position')}, length(${FRAME}) from events order by position desc limit 1`),
    nameAt: prepare('select hex(s.name) from events e join streams s on s.id = e.stream where position = ?'),
    insertStream: database.prepare('insert into streams (name) values (?)'),
    insertEvent: database.prepare('insert into events values (?, ?, ?, ?, ?, ?, ?, ?)'),
    setRetention: database.prepare(
      'update streams set truncate_before = ?, max_count = ?, max_age_seconds = ? where id = ?',
    ),
    setTombstone: database.prepare('update streams set tombstoned = 1 where id = ?'),
  };
  const pages: Record<'all' | 'stream', Record<Direction, Sql>> = {
    all: {
      forwards: prepare(`select ${EVENT} from events where position >= ? order by position limit ?`),
      backwards: prepare(`select ${EVENT} from events where position < ? order by position desc limit ?`),
    },
    stream: {
      forwards: prepare(`select ${EVENT} from events where stream = ? and revision >= ? order by revision limit ?`),
      backwards: prepare(
        `select ${EVENT} from events where stream = ? and revision <= ? order by revision desc limit ?`,
      ),
    },
  };
  return { statements, pages };
}

export class EventLog {
  readonly #database: Connection;
  readonly #statements: Prepared['statements'];
  readonly #pages: Prepared['pages'];
  readonly #recent = new RecentEvents();
  /** The events written by the current transaction. */
  #written: StoredEvent[] = [];
  #lastPosition: bigint;
  #nextPosition: bigint;
  #failure: StorageFailedError | undefined;

  /** Calls `onFailed` once, when the files can no longer be read or written; the log is then closed. */
  constructor(
    directory: string,
    private readonly onFailed: (error: Error) => void,
  ) {
    const { database, statements, pages } = openDatabase(directory, prepareStatements);
    this.#database = database;
    this.#statements = statements;
    this.#pages = pages;
    const [position, bytes] = (this.#attempt('read', () => this.#statements.end.get()) ?? [FIRST_POSITION, 0n]) as [
      bigint | null,
      bigint | null,
    ];
    if (position === null || bytes === null) {
      database.close();
      throw new DamagedRecordError('The last event of the log is damaged: it has no position or no content.');
    }
    this.#lastPosition = position;
    this.#nextPosition = position + bytes;
  }

  get isEmpty(): boolean {
    return this.#nextPosition === FIRST_POSITION;
  }

  /** The position of the last event. */
  get lastPosition(): bigint {
    return this.#lastPosition;
  }

  /** The position that the next event will have. */
  get nextPosition(): bigint {
    return this.#nextPosition;
  }

  /** Runs `work` in one transaction and returns once its writes are on disk. */
  commit<T>(work: () => T): T {
    return this.#attempt('append', () => {
      this.#database.exec('begin immediate');
      const result = work();
      this.#database.exec('commit');
      this.#recent.add(this.#written);
      this.#written = [];
      return result;
    });
  }

  stream(name: string): Stream {
    const row = this.#attempt('read', () => this.#statements.stream.get(name)) as StreamRow | undefined;
    if (!row) return { name, id: undefined, last: -1n, tombstoned: false, retention: defaultRetention(name) };
    const [id, tombstoned, truncateBefore, maxCount, maxAgeSeconds, last] = row;
    const retention = truncateBefore === null ? defaultRetention(name) : { truncateBefore, maxCount, maxAgeSeconds };
    return { name, id, last: last ?? -1n, tombstoned: tombstoned !== 0n, retention };
  }

  /** Returns the event at a revision; undefined beyond the end. Throws when it is damaged or missing. */
  eventAt(stream: Stream, revision: bigint): StoredEvent | undefined {
    const [event] = this.pageOfStream('forwards', { stream, revision }, 1);
    if (event && event.revision !== revision) throw missingBefore(event);
    return event;
  }

  /** The last event, if there is one. */
  lastEventOf(stream: Stream): StoredEvent | undefined {
    return this.eventAt(stream, stream.last);
  }

  /** Within `commit`: writes an event at a revision and returns its position. */
  insert(stream: Stream & { id: bigint }, revision: bigint, event: ProposedEvent): bigint {
    const position = this.#nextPosition;
    const place = { stream: stream.name, revision, position, createdMs: Date.now() };
    const frame = frameOf(event, place);
    const stored = { ...place, id: event.id, type: event.type, frame };
    const checksum = checksumOf(stored);
    this.#statements.insertEvent.run(
      position,
      stream.id,
      revision,
      event.id,
      event.type,
      place.createdMs,
      checksum,
      frame,
    );
    this.#written.push(stored);
    this.#lastPosition = position;
    this.#nextPosition += BigInt(frame.length);
    return position;
  }

  /** Within `commit`: gives the stream an id, which events and metadata need. */
  register(stream: Stream): Stream & { id: bigint } {
    const id = stream.id ?? BigInt(this.#statements.insertStream.run(stream.name).lastInsertRowid);
    return { ...stream, id };
  }

  /** Within `commit`. */
  setRetention(stream: Stream & { id: bigint }, { truncateBefore, maxCount, maxAgeSeconds }: Retention): void {
    this.#statements.setRetention.run(truncateBefore, maxCount, maxAgeSeconds, stream.id);
  }

  /** Within `commit`. */
  setTombstone(stream: Stream & { id: bigint }): void {
    this.#statements.setTombstone.run(stream.id);
  }

  /** Reads up to a page of the log: forwards from a position (inclusive), or backwards from it (exclusive). */
  pageOfAll(direction: Direction, position: bigint, max: number): StoredEvent[] {
    const events = Math.min(max, PAGE_EVENTS);
    const recent = this.#attempt('read', () =>
      direction === 'forwards' ? this.#recent.from(position, events) : this.#recent.before(position, events),
    );
    return recent ?? this.#read(this.#pages.all[direction], [position], max);
  }

  /** Reads up to a page of a stream, forwards or backwards from a revision (inclusive). */
  pageOfStream(
    direction: Direction,
    { stream, revision }: { stream: Stream; revision: bigint },
    max: number,
  ): StoredEvent[] {
    if (stream.id === undefined) return [];
    const page = this.#read(this.#pages.stream[direction], [stream.id, revision], max);
    for (const event of page) if (event.stream !== stream.name) throw changed({ ...event, stream: stream.name });
    return page;
  }

  close(): void {
    if (this.#database.open) this.#database.close();
  }

  #read(statement: Sql, from: bigint[], max: number): StoredEvent[] {
    const rows = this.#attempt('read', () => statement.all(...from, Math.min(max, PAGE_EVENTS))) as EventRow[];
    return rows.map((row) => {
      const event = eventOf(row);
      if (!event) throw changed({ stream: this.#nameAt(row[0]), revision: row[1], position: row[0] });
      return event;
    });
  }

  /** Finds the stream of an event with a damaged record from the tables. */
  #nameAt(position: bigint): string {
    const [digits = ''] = (this.#attempt('read', () => this.#statements.nameAt.get(position)) ?? []) as [string?];
    return textOf(digits);
  }

  /** After a failure the state is uncertain: the log is closed, and every later call fails with the same cause. */
  #attempt<T>(action: 'append' | 'read', work: () => T): T {
    if (this.#failure) throw this.#failure;
    try {
      return work();
    } catch (error) {
      this.#failure = new StorageFailedError(action, error);
      this.close();
      this.onFailed(this.#failure);
      throw this.#failure;
    }
  }
}
