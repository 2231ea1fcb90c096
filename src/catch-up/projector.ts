import type { AnyProjection } from '../../projections/projection.js';
import type { EventStore } from '../eventstore/event-store.js';
import { readStream } from '../eventstore/read.js';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import { lock, move } from '../read-models/checkpoint.js';
import { isRejectedData, type Database, type Queryable } from '../read-models/database.js';
import { indexEvents } from '../read-models/event-index.js';
import { findParked, park, unpark, type ParkedStream } from '../read-models/parked-streams.js';
import { readStates, writeStreams, type StreamRows } from '../read-models/rows.js';
import { concerns } from './facts.js';
import { withoutRepeats } from './repeats.js';
import { foldOn, foldWhole } from './stream-fold.js';

/** The owner's right to write: its epoch, and where it knows the checkpoint to be. */
export type Ownership = Readonly<{ epoch: bigint; position: bigint | null }>;

export type BatchResult =
  | { readonly kind: 'applied'; readonly repeats: number; readonly refolds: number; readonly parked: readonly ParkedStream[] }
  /** Another owner has taken over; nothing was written. */
  | { readonly kind: 'lost' };

/** What one batch does to one projection. */
type Change = { projection: AnyProjection; written: StreamRows[]; parked: ParkedStream[]; refolds: number };

/**
 * The one engine under all projections: takes a batch of the log, and in one transaction indexes its events,
 * writes states and rows of the streams it touches, and moves the checkpoint (design, section 5).
 */
export class Projector {
  constructor(
    private readonly store: EventStore,
    private readonly database: Database,
    private readonly projections: readonly AnyProjection[],
  ) {}

  /** Applies a batch as a whole, or not at all. Throws when store or database fail. */
  async apply(batch: readonly RecordedEvent[], ownership: Ownership): Promise<BatchResult> {
    const ours = batch.filter(({ metadata }) => metadata !== null);
    const counted = await withoutRepeats(this.database, ours);
    const streams = groupByStream(counted);
    const changes: Change[] = [];
    for (const projection of this.projections) changes.push(await this.#fold(projection, streams));

    const written = await this.#commit(batch, { counted, ownership, write: (connection) => writeChanges(connection, changes) }).catch((error: unknown) => {
      if (!isRejectedData(error)) throw error;
      return this.#commit(batch, { counted, ownership, write: (connection) => writeOneByOne(connection, changes) });
    });
    if (!written) return { kind: 'lost' };
    return {
      kind: 'applied',
      repeats: ours.length - counted.length,
      refolds: changes.reduce((sum, { refolds }) => sum + refolds, 0),
      parked: changes.flatMap(({ parked }) => parked),
    };
  }

  async #commit(batch: readonly RecordedEvent[], { counted, ownership, write }: { counted: RecordedEvent[]; ownership: Ownership; write: (connection: Queryable) => Promise<void> }): Promise<boolean> {
    const last = batch.at(-1);
    if (last === undefined) throw new Error('A batch holds at least one event.');
    return this.database.transaction(async (connection) => {
      if (!(await lock(connection, ownership.epoch, ownership.position))) return false;
      await indexEvents(connection, counted);
      await write(connection);
      await move(connection, last.position, last.eventId);
      return true;
    });
  }

  async #fold(projection: AnyProjection, batch: ReadonlyMap<string, readonly RecordedEvent[]>): Promise<Change> {
    const change: Change = { projection, written: [], parked: [], refolds: 0 };
    const streams = new Map([...batch].filter(([, events]) => events.some((event) => concerns(projection, event))));
    if (streams.size === 0) return change;
    const states = await readStates(this.database, projection, [...streams.keys()]);
    const parked = await findParked(this.database, projection, [...streams.keys()]);
    for (const [stream, events] of streams) {
      const folded = parked.has(stream) ? { kind: 'again' as const } : foldOn(projection, states.get(stream), events);
      if (folded.kind === 'folded') change.written.push(folded.written);
      if (folded.kind !== 'again') continue;
      change.refolds += 1;
      const whole = await foldWhole(projection, this.#pagesOf(stream));
      if (whole.kind === 'folded') change.written.push(whole.written);
      else change.parked.push(whole.parked);
    }
    return change;
  }

  /** The stream as the log has it now, maybe beyond the batch: the state's revision keeps what follows from being folded twice. */
  async *#pagesOf(stream: string): AsyncGenerator<RecordedEvent[]> {
    const seen = new Set<string>();
    let page: RecordedEvent[] = [];
    for await (const event of readStream(this.store, stream)) {
      if (event.metadata === null || seen.has(event.eventId)) continue;
      seen.add(event.eventId);
      page.push(event);
      if (page.length < PAGE_EVENTS) continue;
      yield await withoutRepeats(this.database, page);
      page = [];
    }
    yield await withoutRepeats(this.database, page);
  }
}

const PAGE_EVENTS = 500;

function groupByStream(events: readonly RecordedEvent[]): Map<string, RecordedEvent[]> {
  const streams = new Map<string, RecordedEvent[]>();
  for (const event of events) {
    const own = streams.get(event.stream);
    if (own === undefined) streams.set(event.stream, [event]);
    else own.push(event);
  }
  return streams;
}

async function writeChanges(connection: Queryable, changes: readonly Change[]): Promise<void> {
  for (const { projection, written, parked } of changes) {
    if (written.length > 0) {
      await writeStreams(connection, projection, written);
      await unpark(connection, projection, written.map(({ stream }) => stream));
    }
    if (parked.length > 0) await park(connection, projection, parked);
  }
}

/** After Postgres rejected the data of a batch: each stream by itself, so that only the one concerned is parked. */
async function writeOneByOne(connection: Queryable, changes: readonly Change[]): Promise<void> {
  for (const change of changes) {
    const { projection, written } = change;
    change.written = [];
    for (const one of written) {
      await connection.query('savepoint one_stream');
      try {
        await writeChanges(connection, [{ ...change, written: [one], parked: [] }]);
      } catch (error) {
        if (!isRejectedData(error)) throw error;
        await connection.query('rollback to savepoint one_stream');
        change.parked.push({ stream: one.stream, revision: one.revision, cause: `Postgres rejects a row of ${one.stream}@${one.revision}: ${(error as Error).message}` });
      }
    }
    if (change.parked.length > 0) await park(connection, projection, change.parked);
  }
}
