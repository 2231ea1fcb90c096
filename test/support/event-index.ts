import { BACKWARDS, END, FORWARDS, START } from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';
import type { EventStore } from '../../src/eventstore/event-store.js';
import { nameOfLog } from '../../src/eventstore/log-name.js';
import { recordedEventOf, type RecordedEvent } from '../../src/eventstore/recorded-event.js';
import { Database } from '../../src/read-models/database.js';
import { indexEvents } from '../../src/read-models/event-index.js';
import { EVENT_INDEX, EVENT_INDEX_GENERATION, ensureSchema } from '../../src/read-models/schema.js';
import { testDatabase, type TestServer } from './servers.js';

/** The position of the last event of the log; null for an empty one. */
export async function endOf(store: EventStore): Promise<bigint | null> {
  let end: bigint | null = null;
  for await (const { event } of store.reads.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 }))
    end = event?.position.commit ?? null;
  return end;
}

/**
 * The index of event ids on a separate Postgres. The test advances it instead of the projector, so that it can lag, be
 * missing, or belong to another log.
 */
export class TestIndex {
  readonly #events: RecordedEvent[] = [];

  private constructor(
    readonly database: Database,
    private readonly server: TestServer,
    private readonly store: EventStore,
    start: bigint | null,
  ) {
    this.#start = start;
  }
  readonly #start: bigint | null;

  static async start(store: EventStore): Promise<TestIndex> {
    const server = await testDatabase();
    const database = new Database(server.url, { connectionsMax: 4, onIdleError: () => undefined });
    await nameOfLog(store, 5_000);
    const index = new TestIndex(database, server, store, await endOf(store));
    await index.make();
    return index;
  }

  /** Creates the tables if they are missing; they are empty then. */
  async make(): Promise<void> {
    await ensureSchema(this.database, []);
  }

  /**
   * Indexes the log since the start of the test as the projector would, hidden events included; or only these streams.
   */
  async indexAll(streams?: readonly string[]): Promise<void> {
    await this.#readOn();
    const events = this.#events.filter(({ stream }) => streams?.includes(stream) ?? true);
    const last = events.at(-1);
    if (last === undefined) return;
    const logName = await nameOfLog(this.store, 5_000);
    await this.database.transaction(async (connection) => {
      // An id is indexed at its first place.
      await indexEvents(connection, [...new Map(events.toReversed().map((event) => [event.eventId, event])).values()]);
      await connection.query(
        'update ledger.checkpoints set log_name = $2, position = $3, event_id = $4 where name = $1 and (position is null or position < $3)',
        [EVENT_INDEX_GENERATION, logName, last.position, last.eventId],
      );
    });
  }

  async #readOn(): Promise<void> {
    const from = this.#events.at(-1)?.position ?? this.#start;
    for await (const resolved of this.store.reads.readAll({
      direction: FORWARDS,
      fromPosition: from === null ? START : { commit: from, prepare: from },
    })) {
      const event = recordedEventOf(resolved);
      if (event !== null && event.metadata !== null && event.position > (from ?? -1n)) this.#events.push(event);
    }
  }

  /** Saves the tables and returns a function that restores them, as after a fail-over to a lagging replica. */
  async remember(): Promise<() => Promise<void>> {
    const copies = `memory_${randomUUID().replaceAll('-', '')}`;
    await this.database.query(`create schema ${copies}`);
    for (const table of [EVENT_INDEX, 'ledger.checkpoints'])
      await this.database.query(`create table ${copies}.${table.split('.')[1]} as table ${table}`);
    return async () => {
      await this.database.transaction(async (connection) => {
        for (const table of [EVENT_INDEX, 'ledger.checkpoints']) {
          await connection.query(`delete from ${table}`);
          await connection.query(`insert into ${table} select * from ${copies}.${table.split('.')[1]}`);
        }
      });
    };
  }

  /** Makes it the index of another log. */
  async rename(): Promise<void> {
    await this.database.query('update ledger.checkpoints set log_name = $2 where name = $1', [
      EVENT_INDEX_GENERATION,
      randomUUID(),
    ]);
  }

  async drop(): Promise<void> {
    await this.database.query('drop schema ledger cascade');
  }

  async stop(): Promise<void> {
    await this.database.close();
    await this.server.stop();
  }
}
