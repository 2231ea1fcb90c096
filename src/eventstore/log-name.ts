import { jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';
import { failureOf, withTimeout, type EventStore } from './event-store.js';
import { readEventAt } from './read.js';

const STREAM = 'ledger-log';
const TYPE = 'log-named';

/**
 * Returns the name of this log, a UUID in a stream of its own; names the log if it has none. Checkpoints carry the
 * name, so that a read model never continues with another log (ARCHITECTURE.md, Log). If several processes name a new
 * log at once, one wins, and all read its name.
 */
export async function nameOfLog(store: EventStore, timeoutMs: number): Promise<string> {
  const known = await readNameOfLog(store);
  if (known !== null) return known;
  const naming = jsonEvent({ type: TYPE, data: { name: randomUUID() } });
  try {
    await withTimeout(
      store.appends.appendToStream(STREAM, naming, { expectedRevision: NO_STREAM, deadline: timeoutMs }),
      timeoutMs,
      `Naming the log`,
    );
  } catch (error) {
    if (failureOf(error) !== 'wrong_expected_revision') throw error;
  }
  const name = await readNameOfLog(store);
  if (name === null) throw new Error(`The stream ${STREAM} was written but cannot be read.`);
  return name;
}

/** The name of this log; null when it has none yet. */
export async function readNameOfLog(store: EventStore): Promise<string | null> {
  const first = await readEventAt(store, STREAM, 0n);
  if (first === null) return null;
  const name = (first.data as { name?: unknown }).name;
  if (typeof name !== 'string')
    throw new Error(
      `The first event of ${STREAM} holds no name. The stream belongs to the ledger; nothing else may write to it.`,
    );
  return name;
}
