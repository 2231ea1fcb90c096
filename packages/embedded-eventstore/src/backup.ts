/**
 * Copies a running server's log into one file. It reads like any client and writes record by record at the same
 * positions. The file is a complete store at every moment.
 */
import { credentials, Client, Metadata, type ServiceError } from '@grpc/grpc-js';
import Database from 'libsql';
import { NotPrivateError, privateFile } from '../../private-files/src/index.js';
import {
  EVENT,
  eventOf,
  FIRST_POSITION,
  formatOf,
  FORMAT,
  readingStatement,
  SCHEMA,
  type Connection,
  type EventRow,
} from './database.js';
import { empty, streams, type Streams } from './protocol.js';
import { checksumOf, contentOf, namesIn, revisionOf, type StoredEvent } from './record.js';
import { isMetastream, KEEP_ALL, originalStreamOf, parseRetention, REVISION_MAX } from './stream-metadata.js';

/** The server's address and the credentials for reading. */
export type BackupSource = Readonly<{
  /** `unix:/path` or `host:port`. */
  target: string;
  /** The PEM root certificate of the server; undefined for a connection without TLS. */
  rootCertificate: Buffer | undefined;
  user: Readonly<{ username: string; password: string }> | undefined;
}>;

export type BackedUp = Readonly<{
  /** Events in the file, and how many of them are new. */
  events: number;
  added: number;
}>;

/** The file cannot hold this log. The message says why, and what to do. */
export class BackupError extends Error {
  readonly code = 'BACKUP';
}

/** A transaction ends at whichever limit it reaches first. */
const GROUP_MAX = { events: 1_000, bytes: 8 * 1024 * 1024 };
const READ = '/event_store.client.streams.Streams/Read';
const EVERYTHING = '18446744073709551615';

/**
 * Brings a file up to the end of a server's log. A file with a prefix of the log is extended, so an interrupted or
 * earlier run is not lost. `onProgress` receives the number of events added.
 * @throws BackupError when the file has other content, or another process writes it; the error that ends the reading
 */
export async function backUp(
  source: BackupSource,
  file: string,
  onProgress: (added: number) => void = () => undefined,
): Promise<BackedUp> {
  const target = new BackupFile(file);
  try {
    let group: Buffer[] = [];
    let bytes = 0;
    const flush = (): void => {
      target.add(group);
      [group, bytes] = [[], 0];
      onProgress(target.added);
    };
    for await (const frame of framesFrom(source, target.last?.position ?? 0n)) {
      bytes += frame.length;
      if (group.push(frame) >= GROUP_MAX.events || bytes >= GROUP_MAX.bytes) flush();
    }
    flush();
    target.end();
    return { events: target.events, added: target.added };
  } finally {
    target.close();
  }
}

/** Reads the stored records of the log from a position on. */
async function* framesFrom(source: BackupSource, position: bigint): AsyncGenerator<Buffer, void> {
  const { target, rootCertificate, user } = source;
  const client = new Client(
    target,
    rootCertificate === undefined ? credentials.createInsecure() : credentials.createSsl(rootCertificate),
    { 'grpc.max_receive_message_length': -1 },
  );
  const metadata = new Metadata();
  if (user !== undefined)
    metadata.set('authorization', `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`);
  const call = client.makeServerStreamRequest(
    READ,
    (request: Streams.ReadReq) => Buffer.from(request.serializeBinary()),
    (frame: Buffer) => frame,
    readFrom(position),
    metadata,
  );
  try {
    yield* call as AsyncIterable<Buffer>;
  } catch (error) {
    // The end of the file is inside a record of this log, so it is a backup of another log.
    if (position > 0n && (error as ServiceError).details?.includes('InvalidPosition')) return;
    throw error;
  } finally {
    call.cancel();
    client.close();
  }
}

function readFrom(position: bigint): Streams.ReadReq {
  const { Options } = streams.ReadReq;
  const all = new Options.AllOptions();
  if (position === 0n) all.setStart(new empty.Empty());
  else all.setPosition(new Options.Position().setCommitPosition(String(position)).setPreparePosition(String(position)));
  const options = new Options()
    .setAll(all)
    .setReadDirection(Options.ReadDirection.FORWARDS)
    .setResolveLinks(false)
    .setCount(EVERYTHING)
    .setNoFilter(new empty.Empty())
    .setUuidOption(new Options.UUIDOption().setString(new empty.Empty()));
  return new streams.ReadReq().setOptions(options);
}

/** About 10 MB of names. */
const STREAMS_KNOWN_MAX = 100_000;

const prepareStatements = (database: Connection) => ({
  end: readingStatement(database, 'select max(position) from events'),
  event: database.prepare('insert into events values (?, ?, ?, ?, ?, ?, ?, ?)'),
  stream: database.prepare('insert into streams (name) values (?) on conflict (name) do nothing'),
  streamId: readingStatement(database, 'select id from streams where name = ?'),
  tombstone: database.prepare('update streams set tombstoned = 1 where name = ?'),
  retention: database.prepare(
    'update streams set truncate_before = ?, max_count = ?, max_age_seconds = ? where id = ?',
  ),
});

/** The backup file; it is complete after each group. */
class BackupFile {
  readonly #database: Connection;
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #streams = new Map<string, bigint>();
  /** The file's last record at the start, until it has been found in the log. */
  #toBeFound: Buffer | undefined;
  last: StoredEvent | undefined;
  events: number;
  added = 0;

  constructor(private readonly file: string) {
    privateFile(file);
    const database = new Database(file);
    try {
      database.pragma('synchronous = FULL');
      database.exec('begin exclusive');
      const format = formatOf(database);
      if (format === 0) database.exec(SCHEMA);
      else if (format !== FORMAT)
        throw new BackupError(`"${file}" has format ${format}, which this build does not know.`);
      database.exec('commit');
      this.last = lastOf(database, file);
      this.#toBeFound = this.last?.frame;
      this.events = Number((readingStatement(database, 'select count(*) from events').get() as [bigint])[0]);
      this.#statements = prepareStatements(database);
      this.#database = database;
    } catch (error) {
      database.close();
      throw cannotUse(file, error);
    }
  }

  /** Appends records. The first may repeat the file's last record. */
  add(frames: readonly Buffer[]): void {
    this.#database.exec('begin immediate');
    const [end] = this.#statements.end.get() as [bigint | null];
    if (end !== (this.last?.position ?? null)) throw inUse(this.file);
    for (const frame of frames) {
      if (this.#toBeFound === undefined) this.#insert(frame);
      else this.#find(frame);
    }
    this.#database.exec('commit');
  }

  /** @throws BackupError when the log does not contain the file's last record */
  end(): void {
    if (this.#toBeFound !== undefined) throw otherLog(this.file);
  }

  close(): void {
    this.#database.close();
  }

  #find(frame: Buffer): void {
    if (this.#toBeFound?.equals(frame) !== true) throw otherLog(this.file);
    this.#toBeFound = undefined;
  }

  #insert(frame: Buffer): void {
    const position = this.last === undefined ? FIRST_POSITION : this.last.position + BigInt(this.last.frame.length);
    const event = { ...namesIn(frame), position, revision: revisionOf(frame), frame };
    const { stream, revision, id, type, createdMs } = event;
    const streamId = this.#streamId(stream);
    this.#statements.event.run(position, streamId, revision, id, type, createdMs, checksumOf(event), frame);
    if (revision === REVISION_MAX) this.#statements.tombstone.run(stream);
    else if (isMetastream(stream)) this.#keep(originalStreamOf(stream), frame);
    this.last = event;
    this.added += 1;
    this.events += 1;
  }

  #streamId(name: string): bigint {
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    this.#statements.stream.run(name);
    const [id] = this.#statements.streamId.get(name) as [bigint];
    if (this.#streams.size >= STREAMS_KNOWN_MAX) this.#streams.clear();
    this.#streams.set(name, id);
    return id;
  }

  /** Stores a stream's retention from its metadata, as the server stores it beside the events. */
  #keep(stream: string, frame: Buffer): void {
    const { truncateBefore, maxCount, maxAgeSeconds } = parseRetention(contentOf(frame)) ?? KEEP_ALL;
    this.#statements.retention.run(truncateBefore, maxCount, maxAgeSeconds, this.#streamId(stream));
  }
}

function lastOf(database: Connection, file: string): StoredEvent | undefined {
  const row = readingStatement(database, `select ${EVENT} from events order by position desc limit 1`).get() as
    EventRow | undefined;
  const last = row && eventOf(row);
  if (row && !last) throw new BackupError(`The last event of "${file}" is damaged. Back up into another file.`);
  return last;
}

const otherLog = (file: string): BackupError =>
  new BackupError(`"${file}" is a backup of another log, or a later backup of this log. Name another file.`);

const inUse = (file: string): BackupError => new BackupError(`"${file}" is in use by another backup.`);

function cannotUse(file: string, error: unknown): Error {
  if (error instanceof BackupError || error instanceof NotPrivateError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return code?.startsWith('SQLITE_BUSY') === true
    ? inUse(file)
    : new BackupError(`"${file}" cannot be used for a backup (${message}). Name another file.`);
}
