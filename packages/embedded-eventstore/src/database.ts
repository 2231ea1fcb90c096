/** The SQLite file: its settings, its tables, and how a stored event is read from it. */
import { join } from 'node:path';
import Database from 'libsql';
import { restrictFile, privateFile, privateFolder } from '../../private-files/src/index.js';
import { checksumOf, namesIn, type StoredEvent } from './record.js';
import { cannotOpen, UnknownFormatError } from './storage-errors.js';

export const FILE_NAME = 'events.db';
export const FORMAT = 1;

/** Zero would be indistinguishable from "before everything". */
export const FIRST_POSITION = 1n;
/** Events read in one go: few enough that the largest events together fit in memory many times over. */
export const PAGE_EVENTS = 32;

/** Exclusive locking refuses a second process; `synchronous = FULL` flushes every commit. What 16 MiB do not hold the system's cache does. */
export const PRAGMAS = ['locking_mode = EXCLUSIVE', 'journal_mode = WAL', 'synchronous = FULL', 'cache_size = -16384'];

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
 * process; so it does when the type that a table declares for a column is not UTF-8, which a mere column brings along and an
 * expression does not. Therefore numbers are read as what SQLite can make of them and texts as hexadecimal digits of their bytes;
 * what an event is called is read out of its frame, which costs a third of that, and the checksum tells.
 * The columns `id`, `type` and `created_ms` repeat it, for people who look into the file.
 */
export const integers = (...columns: string[]): string =>
  columns.map((column) => `cast(${column} as integer)`).join(', ');
export const texts = (...columns: string[]): string => columns.map((column) => `hex(${column})`).join(', ');
export const FRAME = 'cast(frame as blob)';

export const textOf = (digits: string): string => Buffer.from(digits, 'hex').toString();

/** What of a row of `events` makes an event. */
export const EVENT = `${integers('position', 'revision', 'checksum')}, ${FRAME}`;

export type EventRow = [position: bigint, revision: bigint, checksum: bigint, frame: Buffer | null];

export type Sql = Database.Statement<unknown[]>;

export type Connection = Database.Database;

/** The event of a row; undefined when it is not as it was written. */
export function eventOf([position, revision, checksum, frame]: EventRow): StoredEvent | undefined {
  if (!frame || typeof position !== 'bigint') return undefined;
  try {
    const { stream, id, type, createdMs } = namesIn(frame);
    // Named one by one: an object that spreads another here would cost as much as all the rest of the row.
    const event = { stream, id, type, createdMs, position, revision, frame };
    return checksumOf(event) === Number(checksum) ? event : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Statements that read give rows as arrays, with integers as bigints. */
export const readingStatement = (database: Connection, sql: string): Sql =>
  database.prepare(sql).safeIntegers(true).raw(true);

/**
 * Opens the file, made when missing, and takes it for this process alone; a WAL left by a crash is taken up by SQLite itself.
 * Throws an error that says what to do when it cannot be used, also when its statements cannot be prepared.
 */
export function openDatabase<Prepared extends object>(
  directory: string,
  prepare: (database: Connection) => Prepared,
): Prepared & { database: Connection } {
  let database: Connection | undefined;
  try {
    if (directory !== 'memory') closeToOthers(directory);
    database = new Database(directory === 'memory' ? ':memory:' : join(directory, FILE_NAME));
    for (const pragma of PRAGMAS) database.pragma(pragma);
    if (directory !== 'memory') assertDurable(database);
    database.exec('begin immediate');
    const format = formatOf(database);
    if (format === 0) database.exec(SCHEMA);
    else if (format !== FORMAT) throw new UnknownFormatError(directory, format);
    assertInPlace(database);
    database.exec('commit');
    return { database, ...prepare(database) };
  } catch (error) {
    database?.close();
    throw cannotOpen(directory, error);
  }
}

/** 0: of a new file. */
export function formatOf(database: Connection): number {
  const [{ user_version: format }] = database.pragma('user_version') as [{ user_version: number }];
  return format;
}

const OWN_NAMES = /^(events\.db(-wal|-shm|-journal)?|socket)$/;

/** The log is for this account alone from its first byte on. SQLite gives its other files the mode of the first. */
function closeToOthers(directory: string): void {
  privateFolder(directory, { ownNames: OWN_NAMES });
  privateFile(join(directory, FILE_NAME));
  for (const suffix of ['-wal', '-shm']) restrictFile(join(directory, `${FILE_NAME}${suffix}`));
}

/** Where SQLite puts what `SCHEMA` makes, and leaves it, also when the file is vacuumed. Led to another page, it would read less and know of nothing. */
const FIRST_PAGES = { streams: 2, sqlite_autoindex_streams_1: 3, events: 4, events_by_revision: 5 };

function assertInPlace(database: Connection): void {
  const made = Object.entries(FIRST_PAGES).map(([name, page]) => `('${name}', ${page})`);
  const [misplaced] = readingStatement(
    database,
    `with made (name, page) as (values ${made.join(', ')})
    select count(*) from sqlite_schema join made using (name) where rootpage is not page`,
  ).get() as [bigint];
  if (misplaced > 0n) throw new Error('its tables are not where they were made: the file is damaged');
}

function assertDurable(database: Connection): void {
  for (const [name, wanted] of Object.entries(DURABLE)) {
    const [setting] = database.pragma(name) as [Record<string, unknown>];
    if (setting[name] !== wanted)
      throw new Error(`SQLite runs with ${name} ${String(setting[name])} instead of ${wanted}`);
  }
}
