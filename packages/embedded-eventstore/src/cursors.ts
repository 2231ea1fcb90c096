/**
 * Cursors read the log page by page. A cursor holds a number and no transaction, so a slow reader costs nothing. At the
 * end of the log it continues with later events.
 */
import type { Direction, EventLog, Stream } from './event-log.js';
import type { StoredEvent } from './record.js';
import { missingBefore } from './storage-errors.js';
import { firstVisibleRevision, isMetastream, originalStreamOf, REVISION_MAX } from './stream-metadata.js';

export interface Cursor {
  /** Returns the next events in reading order: at most `max`, at most a page, none at the end. */
  next(max: number): StoredEvent[];
}

export interface StreamCursor extends Cursor {
  /**
   * Returns the next events, including hidden ones and the tombstone: what a live subscription sees.
   */
  nextLive(): StoredEvent[];
}

/**
 * Where to start: at an end, or at a position or revision. A position can be `before` a record, which is then read.
 */
export type From =
  Readonly<{ kind: 'start' }> | Readonly<{ kind: 'end' }> | Readonly<{ kind: 'at'; at: bigint; before?: boolean }>;

const leastOf = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** SQLite's integers are signed, the protocol's are unsigned. */
const clamp = (value: bigint): bigint => leastOf(value, REVISION_MAX);

type Follows = (later: StoredEvent, earlier: StoredEvent) => boolean;

/** Events are never removed from the log, so each begins where the previous one ends. */
const followsInLog: Follows = (later, earlier) => later.position === earlier.position + BigInt(earlier.frame.length);
const followsInStream: Follows = (later, earlier) =>
  later.revision === earlier.revision + 1n || later.revision === REVISION_MAX;

/** Throws when an event is missing, within a page or before it. */
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
    /** Allows a gap before the next event. */
    leap(): void {
      previous = undefined;
    },
  };
}

/** Reads `$all`: forwards from a position (inclusive), backwards from it (exclusive). */
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
 * Classifies a position: `valid` at the start of a record or of the log; `inside` a record, where nothing can be read;
 * `beyond` the end, which forwards means after the start of the last record.
 */
export function placeOf(log: EventLog, direction: Direction, position: bigint): 'valid' | 'inside' | 'beyond' {
  if (position > (direction === 'forwards' ? log.lastPosition : log.nextPosition)) return 'beyond';
  if (position === 0n || position === log.nextPosition) return 'valid';
  const [before] = log.pageOfAll('backwards', position, 1);
  return before !== undefined && before.position + BigInt(before.frame.length) > position ? 'inside' : 'valid';
}

/** Whether the events of a stream can be read. */
export type Readability = 'readable' | 'notFound' | 'deleted';

export function readabilityOf(log: EventLog, stream: Stream): Readability {
  if (stream.tombstoned) return 'deleted';
  if (isMetastream(stream.name) && log.stream(originalStreamOf(stream.name)).tombstoned) return 'deleted';
  return stream.last < 0n || stream.retention.truncateBefore === REVISION_MAX ? 'notFound' : 'readable';
}

/**
 * Reads a stream from a revision (inclusive, both directions) and skips events that its metadata hides. It skips at
 * most to the end, so that a deleted stream that is written again continues from there.
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

/** Whether the stream's metadata leaves an event visible. */
export const isVisible = (event: StoredEvent, stream: Stream): boolean =>
  event.revision >= firstVisibleRevision(stream.last, stream.retention) && isYoungEnough(event, stream);

function isYoungEnough(event: StoredEvent, { retention: { maxAgeSeconds } }: Stream): boolean {
  return maxAgeSeconds === null || Date.now() - event.createdMs <= Number(maxAgeSeconds) * 1000;
}
