import { ANY } from '@eventstore/db-client';
import { projections } from '../../projections/index.js';
import { readEvent, type ReadEvent } from '../../src/folding/facts.js';
import { Deriver } from '../../src/deriving/deriver.js';
import type { EventStore } from '../../src/eventstore/event-store.js';
import type { Database } from '../../src/read-models/database.js';
import { readModelsIn } from '../../src/projector/postgres-read-models.js';
import { Projector } from '../../src/projector/projector.js';
import { eventReader } from '../../src/projector/stream-reading.js';
import { acquire, readCheckpoints, type Checkpoint } from '../../src/read-models/checkpoints.js';
import { appendedEvent, eventsOf } from './log.js';

/** Takes the leases of all free generations, as a projecting process does. */
export const takeCheckpoints = async (database: Database, owner: string): Promise<Checkpoint[]> =>
  acquire(database, owner, { names: (await readCheckpoints(database)).map(({ name }) => name), follows: projections });

/** Appends an event to a stream, and resolves with the event as the projector reads it back. */
export async function appendAndRead(
  store: EventStore,
  stream: string,
  event: Parameters<typeof appendedEvent>[0],
): Promise<ReadEvent> {
  await store.appends.appendToStream(stream, appendedEvent(event), { expectedRevision: ANY });
  const last = (await eventsOf(store.url, stream)).at(-1);
  if (last === undefined) throw new Error(`${stream} is empty.`);
  return readEvent(last);
}

/** A projector of all projections on real stores. Changes of rows are noted for other derivers. */
export const projectorOn = (store: EventStore, database: Database): Projector =>
  new Projector({
    reader: eventReader(store, projections),
    models: readModelsIn(database, new Deriver({ projections, derivations: [], policy: {} })),
    projections,
  });
