/**
 * The log on disk: one SQLite file with every event by position, and by stream and revision.
 * Everything here is synchronous: what one call reads or commits, no other call sees half of.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { checksumOf, dataOf, frameOf, type ProposedEvent, type StoredEvent } from './record.js';
import { cannotOpen, changed, StorageFailedError, UnknownFormatError } from './storage-errors.js';
import { defaultRetention, type Retention } from './stream-metadata.js';

/** A stream as the log knows it; without an id it has neither events nor metadata. */
export type Stream = Readonly<{
  name: string;
  id: bigint | undefined;
  /** Revision of the last event, -1 when there is none. */
  last: bigint;
  tombstoned: boolean;
  retention: Retention;
}>;

export type Direction = 'forwards' | 'backwards';

const FILE_NAME = 'events.db';
const FORMAT = 1;
/** Zero would be indistinguishable from "before everything". */
const FIRST_POSITION = 1n;
/** Events read in one go: few enough that the largest events together fit in memory many times over. */
const PAGE_EVENTS = 32;

/** Exclusive locking refuses a second process; `synchronous = FULL` flushes every commit. */
export const PRAGMAS = ['locking_mode = EXCLUSIVE', 'journal_mode = WAL', 'synchronous = FULL', 'cache_size = -65536'];

/** What the pragmas must have brought about. Where a file system cannot do it, SQLite does something else and says nothing. */
const DURABLE = { locking_mode: 'exclusive', journal_mode: 'wal', synchronous: 2 } as const;

export const SCHEMA = `
  create table streams (
    id integer primary key, name text not null unique, tombstoned integer not null default 0,
    truncate_before integer, max_count integer, max_age_seconds integer
  );
  create table events (
    position integer primary key, stream integer not null, revision integer not null, id text not null, type text not null,
    created_ms integer not null, checksum integer not null, frame blob not null
  );
  create unique index events_by_revision on events (stream, revision);
  pragma user_version = ${FORMAT};`;

/**
 * Damage can make any value one of another kind or null, and text one that is not UTF-8, at which the driver ends the
 * process. Therefore texts are read as hexadecimal digits of their bytes, which costs the driver less than bytes, and numbers
 * as what SQLite can make of them; the checksum tells.
 */
const integers = (...columns: string[]): string => columns.map((column) => `cast(${column} as integer)`).join(', ');
const texts = (...columns: string[]): string => columns.map((column) => `hex(${column})`).join(', ');
const FRAME = 'cast(frame as blob)';

const textOf = (digits: string): string => Buffer.from(digits, 'hex').toString();

const EVENT = `select position, ${integers('revision', 'created_ms', 'checksum')}, ${texts('s.name', 'e.id', 'type')}, ${FRAME}
  from events e left join streams s on s.id = e.stream`;

type EventRow = [position: bigint, revision: bigint, createdMs: bigint, checksum: bigint, stream: string, id: string, type: string, frame: Buffer | null];
type StreamRow = [bigint, bigint, bigint | null, bigint | null, bigint | null, bigint | null];
type Sql = Database.Statement<unknown[]>;

/** Opens the file and takes it for this process alone; a WAL left by a crash is taken up by SQLite itself. */
function openDatabase(directory: string): Opened {
  let database: Database.Database | undefined;
  try {
    if (directory !== 'memory') mkdirSync(directory, { recursive: true, mode: 0o700 });
    database = new Database(directory === 'memory' ? ':memory:' : join(directory, FILE_NAME));
    for (const pragma of PRAGMAS) database.pragma(pragma);
    if (directory !== 'memory') assertDurable(database);
    database.exec('begin immediate');
    const [{ user_version: format }] = database.pragma('user_version') as [{ user_version: number }];
    if (format === 0) database.exec(SCHEMA);
    else if (format !== FORMAT) throw new UnknownFormatError(directory, format);
    database.exec('commit');
    return { database, ...prepareStatements(database) };
  } catch (error) {
    database?.close();
    throw cannotOpen(directory, error);
  }
}

type Opened = Readonly<{ database: Database.Database }> & ReturnType<typeof prepareStatements>;

function prepareStatements(database: Database.Database) {
  const prepare = (sql: string): Sql => database.prepare(sql).safeIntegers(true).raw(true);
  const statements = {
    stream: prepare(`select s.id, ${integers('tombstoned', 'truncate_before', 'max_count', 'max_age_seconds')},
      (select max(revision) from events where stream = s.id) from streams s where name = ?`),
    end: prepare(`select position, length(${FRAME}) from events order by position desc limit 1`),
    idAt: prepare(`select ${texts('id')} from events where stream = ? and revision = ?`),
    positionAt: prepare('select position from events where stream = ? and revision = ?'),
    insertStream: database.prepare('insert into streams (name) values (?)'),
    insertEvent: database.prepare('insert into events values (?, ?, ?, ?, ?, ?, ?, ?)'),
    setRetention: database.prepare('update streams set truncate_before = ?, max_count = ?, max_age_seconds = ? where id = ?'),
    setTombstone: database.prepare('update streams set tombstoned = 1 where id = ?'),
  };
  const pages: Record<'all' | 'stream', Record<Direction, Sql>> = {
    all: {
      forwards: prepare(`${EVENT} where position >= ? order by position limit ?`),
      backwards: prepare(`${EVENT} where position < ? order by position desc limit ?`),
    },
    stream: {
      forwards: prepare(`${EVENT} where stream = ? and revision >= ? order by revision limit ?`),
      backwards: prepare(`${EVENT} where stream = ? and revision <= ? order by revision desc limit ?`),
    },
  };
  return { statements, pages };
}

function assertDurable(database: Database.Database): void {
  for (const [name, wanted] of Object.entries(DURABLE)) {
    const [setting] = database.pragma(name) as [Record<string, unknown>];
    if (setting[name] !== wanted) throw new Error(`SQLite runs with ${name} ${setting[name]} instead of ${wanted}`);
  }
}

export class EventLog {
  readonly #database: Database.Database;
  readonly #statements: Opened['statements'];
  readonly #pages: Opened['pages'];
  #nextPosition: bigint;
  #failure: StorageFailedError | undefined;

  /** `onFailed` is called once, when the files cannot be written or read any more; the log is closed then. */
  constructor(
    directory: string,
    private readonly onFailed: (error: Error) => void,
  ) {
    const { database, statements, pages } = openDatabase(directory);
    this.#database = database;
    this.#statements = statements;
    this.#pages = pages;
    const last = this.#attempt('read', () => statements.end.get()) as [bigint, bigint] | undefined;
    this.#nextPosition = last ? last[0] + last[1] : FIRST_POSITION;
  }

  get isEmpty(): boolean {
    return this.#nextPosition === FIRST_POSITION;
  }

  /** The position that the next event will have. */
  get nextPosition(): bigint {
    return this.#nextPosition;
  }

  /** Runs `work` as one transaction and returns when its writes are on disk. */
  commit<T>(work: () => T): T {
    return this.#attempt('append', () => {
      this.#database.exec('begin immediate');
      const result = work();
      this.#database.exec('commit');
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

  idAt(stream: Stream, revision: bigint): string | undefined {
    const found = this.#statements.idAt.get(stream.id ?? null, revision) as [string] | undefined;
    return found && textOf(found[0]);
  }

  positionAt(stream: Stream, revision: bigint): bigint | undefined {
    return (this.#statements.positionAt.get(stream.id ?? null, revision) as [bigint] | undefined)?.[0];
  }

  /** The data of the last event, empty when there is none. */
  lastDataOf(stream: Stream): Buffer {
    const [event] = this.pageOfStream('backwards', { stream, revision: stream.last }, 1);
    return event ? dataOf(event.frame) : Buffer.alloc(0);
  }

  /** Within `commit`: writes an event at a revision and returns its position. */
  insert(stream: Stream & { id: bigint }, revision: bigint, event: ProposedEvent): bigint {
    const position = this.#nextPosition;
    const place = { stream: stream.name, revision, position, createdMs: Date.now() };
    const frame = frameOf(event, place);
    const checksum = checksumOf({ ...place, id: event.id, type: event.type, frame });
    this.#statements.insertEvent.run(position, stream.id, revision, event.id, event.type, place.createdMs, checksum, frame);
    this.#nextPosition += BigInt(frame.length);
    return position;
  }

  /** Within `commit`: the stream with an id, under which events and metadata can be kept. */
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

  /** Up to a page of events of the whole log: at and after a position, or strictly before it. */
  pageOfAll(direction: Direction, position: bigint, max: number): StoredEvent[] {
    return this.#read(this.#pages.all[direction], [position], max);
  }

  /** Up to a page of events of a stream: at and after a revision, or at and before it. */
  pageOfStream(direction: Direction, { stream, revision }: { stream: Stream; revision: bigint }, max: number): StoredEvent[] {
    return stream.id === undefined ? [] : this.#read(this.#pages.stream[direction], [stream.id, revision], max);
  }

  close(): void {
    if (this.#database.open) this.#database.close();
  }

  #read(statement: Sql, from: bigint[], max: number): StoredEvent[] {
    const rows = this.#attempt('read', () => statement.all(...from, Math.min(max, PAGE_EVENTS))) as EventRow[];
    return rows.map(([position, revision, createdMs, checksum, stream, id, type, frame]) => {
      const names = { stream: textOf(stream), id: textOf(id), type: textOf(type) };
      const event = { ...names, position, revision, createdMs: Number(createdMs), frame: frame ?? Buffer.alloc(0) };
      if (checksumOf(event) !== Number(checksum)) throw changed(event);
      return event;
    });
  }

  /** After a failure nothing that the log could say is sure: it is closed, and every call fails for the same reason. */
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
