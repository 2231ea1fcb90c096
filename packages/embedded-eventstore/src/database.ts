/** The SQLite file: settings, tables, and reading of stored events. */
import { join } from 'node:path';
import Database from 'libsql';
import { restrictFile, privateFile, privateFolder } from '../../private-files/src/index.js';
import { checksumOf, namesIn, type StoredEvent } from './record.js';
import { cannotOpen, UnknownFormatError } from './storage-errors.js';

export const FILE_NAME = 'events.db';
export const FORMAT = 1;

/** Not zero, which means the start of the log. */
export const FIRST_POSITION = 1n;
/** Events per page: even the largest events of a page fit in memory many times. */
export const PAGE_EVENTS = 32;

/**
 * Exclusive locking refuses a second process; `synchronous = FULL` flushes every commit. A 16 MiB cache is enough
 * beside the system's.
 */
export const PRAGMAS = ['locking_mode = EXCLUSIVE', 'journal_mode = WAL', 'synchronous = FULL', 'cache_size = -16384'];

/** The settings that must result. SQLite silently falls back when the file system does not support one. */
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
 * Damage can change the type of any value, and can make a text or a declared column type invalid UTF-8, which crashes
 * the driver. So numbers are read through casts and texts as hexadecimal. The names of an event are read from its
 * frame, which is cheaper and covered by the checksum; the columns `id`, `type` and `created_ms` only serve people who
 * open the file.
 */
export const integers = (...columns: string[]): string =>
  columns.map((column) => `cast(${column} as integer)`).join(', ');
export const texts = (...columns: string[]): string => columns.map((column) => `hex(${column})`).join(', ');
export const FRAME = 'cast(frame as blob)';

export const textOf = (digits: string): string => Buffer.from(digits, 'hex').toString();

/** The columns of `events` that make an event. */
export const EVENT = `${integers('position', 'revision', 'checksum')}, ${FRAME}`;

export type EventRow = [position: bigint, revision: bigint, checksum: bigint, frame: Buffer | null];

export type Sql = Database.Statement<unknown[]>;

export type Connection = Database.Database;

/** Returns the event of a row; undefined when it is damaged. */
export function eventOf([position, revision, checksum, frame]: EventRow): StoredEvent | undefined {
  if (!frame || typeof position !== 'bigint') return undefined;
  try {
    const { stream, id, type, createdMs } = namesIn(frame);
    // Fields are listed one by one: a spread would double the cost of reading a row.
    const event = { stream, id, type, createdMs, position, revision, frame };
    return checksumOf(event) === Number(checksum) ? event : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Prepares a statement that returns rows as arrays, with integers as bigints. */
export const readingStatement = (database: Connection, sql: string): Sql =>
  database.prepare(sql).safeIntegers(true).raw(true);

/**
 * Opens the file exclusively, and creates it when missing. SQLite itself recovers the WAL of a crash.
 * Throws an error that says what to do when the file cannot be used, including when statements cannot be prepared.
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

/** The format number; 0 for a new file. */
export function formatOf(database: Connection): number {
  const [{ user_version: format }] = database.pragma('user_version') as [{ user_version: number }];
  return format;
}

const OWN_NAMES = /^(events\.db(-wal|-shm|-journal)?|socket)$/;

/** Makes the log private to this account before its first byte. SQLite's other files inherit the mode. */
function closeToOthers(directory: string): void {
  privateFolder(directory, { ownNames: OWN_NAMES });
  privateFile(join(directory, FILE_NAME));
  for (const suffix of ['-wal', '-shm']) restrictFile(join(directory, `${FILE_NAME}${suffix}`));
}

/**
 * The root pages of the tables and indexes in `SCHEMA`, which even a vacuum keeps. A damaged root page would silently
 * hide events.
 */
const FIRST_PAGES = { streams: 2, sqlite_autoindex_streams_1: 3, events: 4, events_by_revision: 5 };

function assertInPlace(database: Connection): void {
  const made = Object.entries(FIRST_PAGES).map(([name, page]) => `('${name}', ${page})`);
  const [misplaced] = readingStatement(
    database,
    `with made (name, page) as (values ${made.join(', ')})
    select count(*) from sqlite_schema join made using (name) where rootpage is not page`,
  ).get() as [bigint];
  if (misplaced > 0n) throw new Error('its tables are not where they were created: the file is damaged');
}

function assertDurable(database: Connection): void {
  for (const [name, wanted] of Object.entries(DURABLE)) {
    const [setting] = database.pragma(name) as [Record<string, unknown>];
    if (setting[name] !== wanted)
      throw new Error(`SQLite runs with ${name} ${String(setting[name])} instead of ${wanted}`);
  }
}
