import type { EventStore } from '../eventstore/event-store.js';
import { readLogPage } from '../eventstore/read.js';
import { InvalidPosition } from '../eventstore/store-errors.js';
import type { Queryable } from '../read-models/database.js';
import { findEvents } from '../read-models/event-index.js';
import { indexPosition, type Checkpoint, type LogPosition } from '../read-models/checkpoints.js';

/** The read models belong to another log. */
export class OtherLog extends Error {
  readonly code = 'OTHER_LOG';
}

type Checked = Readonly<{ store: EventStore; database: Queryable }>;

const REMEDY =
  'Either EVENTSTORE_URL names the wrong server, or the log was restored or replaced. ' +
  'If the log is right, drop the schema "ledger" in Postgres and start again: the read models are rebuilt.';

/**
 * Checks that the log has the name and, at each checkpoint, the event that the checkpoint recorded, unless the store
 * has removed that event (ARCHITECTURE.md, Log). @throws OtherLog
 */
export async function checkLog(parts: Checked, logName: string, checkpoints: readonly Checkpoint[]): Promise<void> {
  const seen = new Map<bigint, string>();
  for (const { logName: remembered, at } of checkpoints) {
    if (remembered !== null && remembered !== logName) {
      throw new OtherLog(
        `The read models were built from the log ${remembered}, but this log is ${logName}. ${REMEDY}`,
      );
    }
    if (at === null || seen.get(at.position) === at.eventId) continue;
    if (!(await holds(parts, at))) {
      throw new OtherLog(
        `The log has no event ${at.eventId} at position ${at.position}, where the read models stand. ${REMEDY}`,
      );
    }
    seen.set(at.position, at.eventId);
  }
}

/** Whether the log had this event at this position. */
async function holds(parts: Checked, { position, eventId }: NonNullable<LogPosition>): Promise<boolean> {
  try {
    const [event] = await readLogPage(parts.store, { direction: 'forwards', from: position, max: 1 });
    // A scavenge writes an event itself, so a log that ends before the checkpoint was restored from a backup.
    if (event === undefined) return false;
    return event.position === position ? event.eventId === eventId : await isKnownBefore(parts, position);
  } catch (error) {
    if (error instanceof InvalidPosition) return false;
    throw error;
  }
}

const PAGE_EVENTS = 100;
const PAGES_MAX = 10;

/**
 * Whether the ledger's last event before a position is the one in the index of event ids. A restored log that has grown
 * differently has events that the index does not know. Returns true when nothing can be compared.
 */
async function isKnownBefore({ store, database }: Checked, position: bigint): Promise<boolean> {
  const indexedTo = await indexPosition(database);
  let from = position;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await readLogPage(store, { direction: 'backwards', from, max: PAGE_EVENTS });
    const ours = page.filter((event) => event.metadata !== null && event.position <= indexedTo);
    const indexed = await findEvents(
      database,
      ours.map(({ eventId }) => eventId),
    );
    for (const event of ours) {
      const known = indexed.get(event.eventId)?.position;
      if (known === undefined) return false;
      // An id that is also at a lower position is a repeat, which the index omits.
      if (known === event.position) return true;
    }
    from = page.at(-1)?.position ?? 0n;
    if (page.length === 0) return true;
  }
  return true;
}
