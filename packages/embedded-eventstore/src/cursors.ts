/**
 * Places from which readers go through the log, a page at a time. A cursor holds a number and no transaction,
 * so that a slow reader costs nothing; at the end of the log it waits there for what comes.
 */
import type { Direction, EventLog, Stream } from './event-log.js';
import type { StoredEvent } from './record.js';
import { missingBefore } from './storage-errors.js';
import { firstVisibleRevision, isMetastream, originalStreamOf, REVISION_MAX } from './stream-metadata.js';

export interface Cursor {
  /** The next events in reading order, at most `max`, at most a page; none at the end. */
  next(max: number): StoredEvent[];
}

export interface StreamCursor extends Cursor {
  /**
   * The next events whatever the stream's metadata hides, its tombstone too: what one sees who has followed it up to
   * here.
   */
  nextLive(): StoredEvent[];
}

/**
 * Where to begin: at an end or at a position or revision. A position can also be `before` a record: then that is still
 * to come.
 */
export type From =
  Readonly<{ kind: 'start' }> | Readonly<{ kind: 'end' }> | Readonly<{ kind: 'at'; at: bigint; before?: boolean }>;

const leastOf = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** SQLite's integers are signed, the protocol's are not. */
const clamp = (value: bigint): bigint => leastOf(value, REVISION_MAX);

type Follows = (later: StoredEvent, earlier: StoredEvent) => boolean;

/** Events are never removed from the log, so that each begins where the one before it ends. */
const followsInLog: Follows = (later, earlier) => later.position === earlier.position + BigInt(earlier.frame.length);
const followsInStream: Follows = (later, earlier) =>
  later.revision === earlier.revision + 1n || later.revision === REVISION_MAX;

/** Throws where an event is missing, within a page or before it. */
function createGapCheck(direction: Direction, follows: Follows) {
  let previous: StoredEvent | undefined;
  return {
    check(page: readonly StoredEvent[]): void {
      for (const event of page) {
        const [later, earlier] = direction === 'forwards' ? [event, previous] : [previous, event];
        if (later && earlier && !follows(later, earlier)) throw missingBefore(later);
        previous = event;
      }
    },
    /** The next event need not follow the last. */
    leap(): void {
      previous = undefined;
    },
  };
}

/** `$all`: events at and after a position forwards, strictly before it backwards. */
export function cursorOfAll(log: EventLog, direction: Direction, from: From): Cursor {
  let position = from.kind === 'at' ? clamp(from.at) : from.kind === 'start' ? 0n : log.nextPosition;
  const gaps = createGapCheck(direction, followsInLog);
  return {
    next(max) {
      const page = log.pageOfAll(direction, position, max);
      gaps.check(page);
      const last = page.at(-1);
      if (last) position = direction === 'forwards' ? last.position + 1n : last.position;
      return page;
    },
  };
}

/**
 * Where a position is in the log: where a record begins, or the log; within a record, where nothing can be read; beyond
 * the end, which forwards is all that is after the last record's beginning.
 */
export function placeOf(log: EventLog, direction: Direction, position: bigint): 'valid' | 'inside' | 'beyond' {
  if (position > (direction === 'forwards' ? log.lastPosition : log.nextPosition)) return 'beyond';
  if (position === 0n || position === log.nextPosition) return 'valid';
  const [before] = log.pageOfAll('backwards', position, 1);
  return before !== undefined && before.position + BigInt(before.frame.length) > position ? 'inside' : 'valid';
}

/** Whether a stream's events can be read. */
export type Readability = 'readable' | 'notFound' | 'deleted';

export function readabilityOf(log: EventLog, stream: Stream): Readability {
  if (stream.tombstoned) return 'deleted';
  if (isMetastream(stream.name) && log.stream(originalStreamOf(stream.name)).tombstoned) return 'deleted';
  return stream.last < 0n || stream.retention.truncateBefore === REVISION_MAX ? 'notFound' : 'readable';
}

/**
 * A stream: events at and after a revision forwards, at and before it backwards, as far as its metadata lets them be
 * seen. What is hidden is skipped, but no further than to the end: a deleted stream that comes back goes on from there.
 */
export function cursorOfStream(
  log: EventLog,
  direction: Direction,
  { name, from }: { name: string; from: From },
): StreamCursor {
  const forwards = direction === 'forwards';
  const { last: head } = log.stream(name);
  let revision = from.kind === 'at' ? clamp(from.at) : from.kind === 'start' ? 0n : forwards ? head + 1n : head;
  const gaps = createGapCheck(direction, followsInStream);
  return {
    next(max) {
      const stream = log.stream(name);
      const first = firstVisibleRevision(stream.last, stream.retention);
      const reachable = leastOf(first, stream.last + 1n);
      if (forwards && revision < reachable) {
        revision = reachable;
        gaps.leap();
      }
      while (revision >= first) {
        const page = log.pageOfStream(direction, { stream, revision }, max);
        gaps.check(page);
        const last = page.at(-1);
        if (!last) break;
        revision = forwards ? last.revision + 1n : last.revision - 1n;
        const visible = page.filter((event) => isVisible(event, stream));
        if (visible.length > 0) return visible;
      }
      return [];
    },
    nextLive() {
      const page = log.pageOfStream('forwards', { stream: log.stream(name), revision }, Infinity);
      gaps.check(page);
      revision = (page.at(-1)?.revision ?? revision - 1n) + 1n;
      return page;
    },
  };
}

/** Whether the stream's metadata lets an event of it be seen. */
export const isVisible = (event: StoredEvent, stream: Stream): boolean =>
  event.revision >= firstVisibleRevision(stream.last, stream.retention) && isYoungEnough(event, stream);

function isYoungEnough(event: StoredEvent, { retention: { maxAgeSeconds } }: Stream): boolean {
  return maxAgeSeconds === null || Date.now() - event.createdMs <= Number(maxAgeSeconds) * 1000;
}
