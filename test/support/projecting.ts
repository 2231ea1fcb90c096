import { ANY } from '@eventstore/db-client';
import { projections } from '../../projections/index.js';
import { readEvent, type ReadEvent } from '../../src/catch-up/facts.js';
import type { EventStore } from '../../src/eventstore/event-store.js';
import type { Database } from '../../src/read-models/database.js';
import { acquire, readLines, type Line } from '../../src/read-models/lines.js';
import { appendedEvent, eventsOf } from './log.js';

/** Takes all lines that are free, as a process does that projects. */
export const takeLines = async (database: Database, owner: string): Promise<Line[]> =>
  acquire(database, owner, { lines: (await readLines(database)).map(({ line }) => line), follows: projections });

/** Appends an event to a stream; resolves with what the projector makes of it as it is read back. */
export async function appendAndRead(store: EventStore, stream: string, event: Parameters<typeof appendedEvent>[0]): Promise<ReadEvent> {
  await store.appends.appendToStream(stream, appendedEvent(event), { expectedRevision: ANY });
  const last = (await eventsOf(store.url, stream)).at(-1);
  if (last === undefined) throw new Error(`${stream} is empty.`);
  return readEvent(last);
}
