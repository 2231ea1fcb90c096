import { randomUUID } from 'node:crypto';
import type { EventStore } from '../../src/eventstore/event-store.js';
import { nameOfLog } from '../../src/eventstore/log-name.js';
import { readStream } from '../../src/eventstore/read.js';
import type { RecordedEvent } from '../../src/eventstore/recorded-event.js';
import { Database } from '../../src/read-models/database.js';
import { indexEvents } from '../../src/read-models/event-index.js';
import { EVENT_INDEX, EVENT_INDEX_LINE, ensureSchema } from '../../src/read-models/schema.js';
import { testDatabase, type TestServer } from './servers.js';

/**
 * The index of event ids on a Postgres of its own, moved by the test instead of the projector: so it can be behind, gone,
 * or that of another log. It indexes the streams that it is told of.
 */
export class TestIndex {
  private constructor(
    readonly database: Database,
    private readonly server: TestServer,
    private readonly store: EventStore,
  ) {}

  static async start(store: EventStore): Promise<TestIndex> {
    const server = await testDatabase();
    const database = new Database(server.url, { connectionsMax: 4, onIdleError: () => undefined });
    const index = new TestIndex(database, server, store);
    await nameOfLog(store, 5_000);
    await index.make();
    return index;
  }

  /** Makes the tables where they are gone; they are empty then. */
  async make(): Promise<void> {
    await ensureSchema(this.database, []);
  }

  /** Indexes what these streams show now, as a projector that has come to the last event of them. */
  async indexAll(streams: readonly string[]): Promise<void> {
    const events: RecordedEvent[] = [];
    for (const stream of streams) for await (const event of readStream(this.store, stream)) events.push(event);
    events.sort((a, b) => (a.position < b.position ? -1 : 1));
    const last = events.at(-1);
    if (last === undefined) return;
    const logName = await nameOfLog(this.store, 5_000);
    await this.database.transaction(async (connection) => {
      await indexEvents(connection, events);
      await connection.query(
        'update ledger.checkpoints set log_name = $2, position = $3, event_id = $4 where line = $1 and (position is null or position < $3)',
        [EVENT_INDEX_LINE, logName, last.position, last.eventId],
      );
    });
  }

  /** What the tables hold, to go back to: as after a fail-over to a replica that lags. */
  async remember(): Promise<() => Promise<void>> {
    const copies = `memory_${randomUUID().replaceAll('-', '')}`;
    await this.database.query(`create schema ${copies}`);
    for (const table of [EVENT_INDEX, 'ledger.checkpoints']) await this.database.query(`create table ${copies}.${table.split('.')[1]} as table ${table}`);
    return async () => {
      await this.database.transaction(async (connection) => {
        for (const table of [EVENT_INDEX, 'ledger.checkpoints']) {
          await connection.query(`delete from ${table}`);
          await connection.query(`insert into ${table} select * from ${copies}.${table.split('.')[1]}`);
        }
      });
    };
  }

  /** Lets it be the index of another log. */
  async rename(): Promise<void> {
    await this.database.query('update ledger.checkpoints set log_name = $2 where line = $1', [EVENT_INDEX_LINE, randomUUID()]);
  }

  async drop(): Promise<void> {
    await this.database.query('drop schema ledger cascade');
  }

  async stop(): Promise<void> {
    await this.database.close();
    await this.server.stop();
  }
}
