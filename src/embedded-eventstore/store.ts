/** The parts that every call works with, put together over one open log. */
import { Writer } from './appends.js';
import { Changes } from './changes.js';
import { EventLog } from './event-log.js';
import { GroupCommit } from './group-commit.js';

export type Store = Readonly<{ log: EventLog; writes: GroupCommit; changes: Changes; stopping: AbortSignal }>;

export type StoreOptions = Readonly<{ directory: string; stopping: AbortSignal; onFailed: (error: Error) => void }>;

export function openStore({ directory, stopping, onFailed }: StoreOptions): Store {
  const log = new EventLog(directory);
  const changes = new Changes();
  const writes = new GroupCommit({ log, writer: new Writer(log), onCommitted: (streams) => changes.announce(streams), onFailed });
  return { log, writes, changes, stopping };
}
