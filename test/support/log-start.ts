import { jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';
import { connectEventStore } from '../../src/eventstore/event-store.js';
import { nameOfLog } from '../../src/eventstore/log-name.js';
import { Database } from '../../src/read-models/database.js';
import { ensureSchema } from '../../src/read-models/schema.js';

/** The event of a log after which a test's read models begin. */
export type LogStart = Readonly<{ logName: string; position: bigint; eventId: string }>;

const WITHIN_MS = 10_000;

/** Marks the current end of a store's log with an event that the ledger does not know. */
export async function markEndOfLog(eventstoreUrl: string): Promise<LogStart> {
  const store = connectEventStore(eventstoreUrl);
  try {
    const logName = await nameOfLog(store, WITHIN_MS);
    const marker = jsonEvent({ id: randomUUID(), type: 'test-begins', data: {} });
    const options = { expectedRevision: NO_STREAM, deadline: WITHIN_MS } as const;
    const { position } = await store.appends.appendToStream(`test-${marker.id}`, marker, options);
    if (position === undefined) throw new Error('The store gave the marker no position.');
    return { logName, position: position.commit, eventId: marker.id };
  } finally {
    await store.close();
  }
}

/**
 * Makes a database's read models begin after an event of the log, now and after each rebuild: every checkpoint starts
 * there. A test on a shared store then reads only what was written after it began.
 */
export async function beginAfter(databaseUrl: string, { logName, position, eventId }: LogStart): Promise<void> {
  const database = new Database(databaseUrl, { connectionsMax: 1, onIdleError: () => undefined });
  try {
    await ensureSchema(database, []);
    await database.query(`
      alter table ledger.checkpoints
        alter column log_name set default '${logName}',
        alter column position set default ${position},
        alter column event_id set default '${eventId}';
      update ledger.checkpoints set log_name = default, position = default, event_id = default`);
  } finally {
    await database.close();
  }
}
