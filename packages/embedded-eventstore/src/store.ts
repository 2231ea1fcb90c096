/** Assembles the parts that every call uses over one open log. */
import { Writer } from './appends.js';
import { Changes } from './changes.js';
import { EventLog } from './event-log.js';
import { GroupCommit, type GroupCommitOptions } from './group-commit.js';
import { systemEvent } from './record.js';
import { Turns } from './turns.js';

/** A new store starts with a system event, like the real one, so that clients that ignore those in $all fail early. */
const CREATION = { stream: '$server', type: '$StoreCreated' };

export type Store = Readonly<{
  log: EventLog;
  writes: GroupCommit;
  changes: Changes;
  turns: Turns;
  /** The maximum size of an append in bytes: data, metadata, and types in UTF-16. */
  appendBytesMax: number;
  stopping: AbortSignal;
}>;

export type StoreOptions = Pick<GroupCommitOptions, 'flushDelayMs' | 'dropsRepeatsInFlight' | 'stopping'> &
  Pick<Store, 'appendBytesMax'> &
  Readonly<{ directory: string; onFailed: (error: Error) => void }>;

export function openStore({ directory, appendBytesMax, onFailed, ...writing }: StoreOptions): Store {
  const log = new EventLog(directory, onFailed);
  if (log.isEmpty)
    log.commit(() => log.insert(log.register(log.stream(CREATION.stream)), 0n, systemEvent(CREATION.type)));
  const changes = new Changes();
  const onCommitted = (streams: ReadonlySet<string>): void => changes.announce(streams);
  const writes = new GroupCommit({ ...writing, log, writer: new Writer(log), onCommitted });
  return { log, writes, changes, turns: new Turns(), appendBytesMax, stopping: writing.stopping };
}
