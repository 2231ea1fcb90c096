import type { EventStore } from '../eventstore/event-store.js';
import { readEventAtPosition } from '../eventstore/read.js';
import type { Line } from '../read-models/lines.js';

/** The read models speak of another log than the one that is there. */
export class OtherLog extends Error {
  readonly code = 'OTHER_LOG';
}

const REMEDY = 'Either EVENTSTORE_URL names the wrong server, or the log was restored or exchanged. If the log is right, drop the schema "ledger" in Postgres and start again: the read models are rebuilt.';

/**
 * The log's name and the event at each line's checkpoint must be what the line remembers (design, section 3).
 * @throws OtherLog
 */
export async function checkLog(store: EventStore, logName: string, lines: readonly Line[]): Promise<void> {
  const seen = new Map<bigint, string>();
  for (const { logName: remembered, at } of lines) {
    if (remembered !== null && remembered !== logName) throw new OtherLog(`The read models were made from the log ${remembered}, this one is ${logName}. ${REMEDY}`);
    if (at === null || seen.get(at.position) === at.eventId) continue;
    const event = await readEventAtPosition(store, at.position);
    if (event?.eventId !== at.eventId) throw new OtherLog(`The log has no event ${at.eventId} at position ${at.position}, where the read models stand. ${REMEDY}`);
    seen.set(at.position, at.eventId);
  }
}
