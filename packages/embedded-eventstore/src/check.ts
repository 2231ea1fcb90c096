/**
 * Checks the files of a store that no server has open, and names all damage: SQLite's own structures, the checksum of
 * every record, gaps in the log and in streams, and the stored properties of streams.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import {
  EVENT,
  eventOf,
  FILE_NAME,
  FIRST_POSITION,
  integers,
  openDatabase,
  PAGE_EVENTS,
  readingStatement,
  textOf,
  texts,
  type Connection,
  type EventRow,
} from './database.js';
import { contentOf, type StoredEvent } from './record.js';
import { changed, missingBefore } from './storage-errors.js';
import {
  isMetastream,
  KEEP_ALL,
  metastreamOf,
  originalStreamOf,
  parseRetention,
  REVISION_MAX,
  type Retention,
} from './stream-metadata.js';

export type CheckStep =
  | Readonly<{ kind: 'damage'; damage: string }>
  /** The number of events checked so far, and their share of the log. */
  | Readonly<{ kind: 'progress'; events: number; share: number }>;

export type CheckResult = Readonly<{ events: number; streams: number }>;

type Steps = Generator<CheckStep, void>;

/** Less than every position, revision and id, including damaged ones. */
const LEAST = -REVISION_MAX - 1n;
/** Rows per page; the columns read are small. */
const PAGE_ROWS = 1000;
/** The most structural faults that SQLite lists. */
const STRUCTURE_FAULTS_MAX = 1000;

const damage = (text: string): CheckStep => ({ kind: 'damage', damage: text });

/**
 * Checks the files of a directory. Yields findings and progress step by step; memory does not grow with the store.
 * Throws when there are no files, another process has them open, or they cannot be opened.
 */
export function* checkStore(directory: string): Generator<CheckStep, CheckResult> {
  if (!existsSync(join(directory, FILE_NAME))) throw new Error(`There is no event store in "${directory}".`);
  const { database } = openDatabase(directory, () => ({}));
  return yield* checkDatabase(database);
}

/** Checks a backup without changing it. Throws when it cannot be opened. */
export function* checkFile(file: string): Generator<CheckStep, CheckResult> {
  const database = new Database(file, { readonly: true });
  return yield* checkDatabase(database);
}

function* checkDatabase(database: Connection): Generator<CheckStep, CheckResult> {
  try {
    yield* unlessUnreadable('structure of the file', structure(database));
    const log = new LogWalk();
    yield* unlessUnreadable('log', log.walk(database));
    yield* unlessUnreadable('order of events in streams', revisions(database));
    const streams = new StreamsWalk();
    yield* unlessUnreadable('list of streams', streams.walk(database));
    return { events: log.events, streams: streams.count };
  } finally {
    database.close();
  }
}

/** A read error of SQLite ends one walk, not the whole check. */
function* unlessUnreadable(what: string, steps: Steps): Steps {
  try {
    yield* steps;
  } catch (error) {
    yield damage(`The ${what} cannot be read to its end (${error instanceof Error ? error.message : String(error)}).`);
  }
}

/** Checks pages and indexes. SQLite's messages are read as hexadecimal, because they may contain damaged text. */
function* structure(database: Connection): Steps {
  const rows = readingStatement(
    database,
    `select hex(integrity_check) from pragma_integrity_check(${STRUCTURE_FAULTS_MAX})`,
  ).all() as [string][];
  for (const [digits] of rows) if (textOf(digits) !== 'ok') yield damage(`SQLite says: ${textOf(digits)}`);
}

/** Checks every record, that it begins where the previous one ends, and that its row's columns match it. */
class LogWalk {
  events = 0;
  position = LEAST;

  *walk(database: Connection): Steps {
    const page = readingStatement(database, RECORDS);
    const [end] = readingStatement(database, 'select max(position) from events').get() as [bigint | null];
    let expected: bigint | undefined = FIRST_POSITION;
    for (;;) {
      const rows = page.all(this.position) as RecordRow[];
      if (rows.length === 0) return;
      for (const [position, revision, checksum, frame, ...repeated] of rows) {
        const event = eventOf([position, revision, checksum, frame]);
        this.events += 1;
        this.position = position;
        if (!event || !repeats(event, repeated))
          yield damage(changed({ stream: textOf(repeated[0]), revision, position }).damage);
        else if (expected !== undefined && position !== expected) yield damage(missingBefore(event).damage);
        expected = event && endOf(event);
      }
      yield { kind: 'progress', events: this.events, share: Number(this.position) / Number(end) };
    }
  }
}

type Repeated = [stream: string, id: string, type: string, createdMs: bigint];
type RecordRow = [...EventRow, ...Repeated];

const RECORDS = `select ${EVENT}, ${texts('s.name', 'e.id', 'type')}, ${integers('created_ms')}
  from events e left join streams s on s.id = e.stream where position > ? order by position limit ${PAGE_EVENTS}`;

const repeats = (event: StoredEvent, [stream, id, type, createdMs]: Repeated): boolean =>
  textOf(stream) === event.stream &&
  textOf(id) === event.id &&
  textOf(type) === event.type &&
  Number(createdMs) === event.createdMs;

const endOf = ({ position, frame }: StoredEvent): bigint => position + BigInt(frame.length);

/** Checks revisions in the index that stream reads use: from 0 without gaps, with an optional final tombstone. */
function* revisions(database: Connection): Steps {
  const page = readingStatement(
    database,
    `select ${integers('stream', 'revision', 'position')} from events indexed by events_by_revision
    where (stream, revision) > (?, ?) order by stream, revision limit ${PAGE_ROWS}`,
  );
  const nameOf = readingStatement(database, 'select hex(name) from streams where id = ?');
  let at = [LEAST, LEAST];
  let next = 0n;
  for (;;) {
    const rows = page.all(...at) as [stream: bigint, revision: bigint, position: bigint][];
    if (rows.length === 0) return;
    for (const [stream, revision, position] of rows) {
      if (stream !== at[0]) next = 0n;
      if (revision !== next && revision !== REVISION_MAX) {
        const [digits] = (nameOf.get(stream) as [string] | undefined) ?? [];
        const name = digits === undefined ? 'that is not listed' : `"${textOf(digits)}"`;
        yield damage(
          `Stream ${name} goes on at revision ${revision} (position ${position}), where revision ${next} was expected.`,
        );
      }
      at = [stream, revision];
      next = revision + 1n;
    }
  }
}

/** Checks that the stored properties of each stream follow from its events. */
class StreamsWalk {
  count = 0;

  *walk(database: Connection): Steps {
    const page = readingStatement(database, STREAMS);
    const metadata = readingStatement(database, METADATA);
    const isListed = readingStatement(database, 'select 1 from streams where name = ?');
    for (let after = LEAST; ;) {
      const rows = page.all(after) as StreamRow[];
      if (rows.length === 0) return;
      for (const row of rows) {
        const name = textOf(row[1]);
        const inForce = metadata.get(metastreamOf(name), REVISION_MAX) as EventRow | undefined;
        const event = inForce && eventOf(inForce);
        if (event || !inForce) yield* faultsOf(row, event && (parseRetention(contentOf(event.frame)) ?? KEEP_ALL));
        if (isMetastream(name) && !isListed.get(originalStreamOf(name)))
          yield damage(`Stream "${originalStreamOf(name)}" has metadata and is not listed.`);
        this.count += 1;
        after = row[0];
      }
    }
  }
}

function* faultsOf(
  [, digits, tombstoned, truncateBefore, maxCount, maxAgeSeconds, last]: StreamRow,
  wanted: Retention | undefined,
): Steps {
  const stream = `Stream "${textOf(digits)}"`;
  const kept = truncateBefore === null ? undefined : { truncateBefore, maxCount, maxAgeSeconds };
  if (retentionText(kept) !== retentionText(wanted))
    yield damage(`${stream} is read by ${retentionText(kept)}, where its metadata says ${retentionText(wanted)}.`);
  if (last === null && !wanted) yield damage(`${stream} has neither events nor metadata: what it had is missing.`);
  if (tombstoned !== 0n && last !== REVISION_MAX) yield damage(`${stream} is kept as deleted, without a tombstone.`);
  if (tombstoned === 0n && last === REVISION_MAX)
    yield damage(`${stream} has a tombstone, and is not kept as deleted.`);
}

type StreamRow = [
  id: bigint,
  name: string,
  tombstoned: bigint,
  truncateBefore: bigint | null,
  maxCount: bigint | null,
  maxAgeSeconds: bigint | null,
  last: bigint | null,
];

const STREAMS = `select ${integers('id')}, hex(name), ${integers('tombstoned', 'truncate_before', 'max_count', 'max_age_seconds')},
  (select max(revision) from events where stream = s.id) from streams s where id > ? order by id limit ${PAGE_ROWS}`;

/** Selects the current metadata: the last event of the metadata stream that is not a tombstone. */
const METADATA = `select ${EVENT} from events where stream = (select id from streams where name = ?) and revision < ? order by revision desc limit 1`;

function retentionText(retention: Retention | undefined): string {
  if (!retention) return 'nothing';
  const { truncateBefore, maxCount, maxAgeSeconds } = retention;
  return `$tb ${truncateBefore}, $maxCount ${maxCount ?? 'none'}, $maxAge ${maxAgeSeconds ?? 'none'}`;
}
