/** The parts that every call works with, put together over one open log. */
import { Writer } from './appends.js';
import { Changes } from './changes.js';
import { EventLog } from './event-log.js';
import { GroupCommit } from './group-commit.js';
import { systemEvent } from './record.js';

/** A new store begins with an event of the system, as real ones do: who forgets those in $all learns it here. */
const CREATION = { stream: '$server', type: '$StoreCreated' };

export type Store = Readonly<{
  log: EventLog;
  writes: GroupCommit;
  changes: Changes;
  /** Bytes of one append at most: data, metadata, and types in UTF-16. */
  appendBytesMax: number;
  stopping: AbortSignal;
}>;

export type StoreOptions = Readonly<{ directory: string; flushDelayMs: number; appendBytesMax: number; stopping: AbortSignal; onFailed: (error: Error) => void }>;

export function openStore({ directory, flushDelayMs, appendBytesMax, stopping, onFailed }: StoreOptions): Store {
  const log = new EventLog(directory, onFailed);
  if (log.isEmpty) log.commit(() => log.insert(log.register(log.stream(CREATION.stream)), 0n, systemEvent(CREATION.type)));
  const changes = new Changes();
  const writes = new GroupCommit({ log, writer: new Writer(log), flushDelayMs, stopping, onCommitted: (streams) => changes.announce(streams) });
  return { log, writes, changes, appendBytesMax, stopping };
}
