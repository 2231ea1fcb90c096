/** Group commit: waiting writes share one transaction, and so one flush. */
import type { Write, WriteOutcome, Writer } from './appends.js';
import type { EventLog } from './event-log.js';

/**
 * The limits of a transaction in writes, events and bytes of data, so that the first write does not wait long for the
 * last.
 */
const GROUP_MAX = { writes: 256, events: 4_096, bytes: 8 * 1024 * 1024 } as const;

type Waiting = Readonly<{ write: Write; resolve: (outcome: WriteOutcome) => void; reject: (error: unknown) => void }>;

export type GroupCommitOptions = Readonly<{
  log: EventLog;
  writer: Writer;
  /** The delay before each flush, which simulates a slow disk; 0 for none. */
  flushDelayMs: number;
  /** Drops a write that repeats one not yet on disk, without an answer, as the real server does. */
  dropsRepeatsInFlight: boolean;
  /** After it aborts, no write is accepted. */
  stopping: AbortSignal;
  /** Called after a commit with the names of the streams that grew. */
  onCommitted: (streams: ReadonlySet<string>) => void;
}>;

export class GroupCommit {
  #waiting: Waiting[] = [];
  #scheduled = false;

  constructor(private readonly options: GroupCommitOptions) {}

  /** Resolves when the write is on disk, or refused. */
  write(write: Write): Promise<WriteOutcome> {
    if (this.options.stopping.aborted) return Promise.reject(this.options.stopping.reason as Error);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      this.#schedule();
    });
  }

  /** Commits all writes of one turn of the event loop together; a write never waits for later ones. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const flush = (): void => {
      this.#scheduled = false;
      this.#flush();
      if (this.#waiting.length > 0) this.#schedule();
    };
    if (this.options.flushDelayMs === 0) setImmediate(flush);
    else setTimeout(flush, this.options.flushDelayMs);
  }

  /** Commits all waiting writes. */
  flushAll(): void {
    while (this.#waiting.length > 0) this.#flush();
  }

  /** Commits the writes that have waited longest. No read shows them before they are on disk. */
  #flush(): void {
    const group = this.#waiting.splice(0, groupSizeOf(this.#waiting));
    if (group.length === 0) return;
    const { log, writer, dropsRepeatsInFlight, onCommitted } = this.options;
    const touched = new Set<string>();
    try {
      const outcomes = log.commit(() => {
        writer.begin();
        return group.map(({ write }) => writer.apply(write, touched));
      });
      group.forEach(({ resolve }, index) => {
        const outcome = outcomes[index] as WriteOutcome;
        const isDropped = dropsRepeatsInFlight && outcome.kind === 'written' && outcome.repeats;
        if (!isDropped) resolve(outcome);
      });
    } catch (error) {
      for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(error);
      return;
    }
    if (touched.size > 0) onCommitted(touched);
  }
}

/** Returns how many of the waiting writes fit into one transaction: at least one. */
function groupSizeOf(waiting: readonly Waiting[]): number {
  let [events, bytes] = [0, 0];
  const end = waiting.slice(0, GROUP_MAX.writes).findIndex(({ write }) => {
    const proposed = write.kind === 'append' ? write.events : [];
    events += proposed.length;
    bytes += proposed.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);
    return events > GROUP_MAX.events || bytes > GROUP_MAX.bytes;
  });
  return end === -1 ? GROUP_MAX.writes : Math.max(1, end);
}
