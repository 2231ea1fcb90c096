import { eventPart } from '../events/event-id.js';
import type { IndexAnswer } from './append-decision.js';
import type { Source } from './event-metadata.js';

/**
 * What is known of an event of a stream; enough to distinguish a duplicate from a conflict. `position`: null when the
 * store did not report it.
 */
export type KnownEvent = Readonly<{
  eventId: string;
  revision: bigint;
  position: bigint | null;
  contentHash: string | null;
  apiVersion: string | null;
  account: string | null;
  /** Null where the stream hides the event. */
  source: Source | null;
}>;

/**
 * The end of a stream as this process knows it.
 *
 * For every event at or below `revision` that the stream showed when it was read, either its id is in `events`, or the
 * event is at or below `leansOn.revision`, and so at or below `leansOn.position`; then every index of the log
 * `leansOn.log` that covers that position has it. `revision` may be too low when others append, which is harmless: an
 * append at exactly `revision` succeeds only where the stream ends there, and then an id in neither place is new. Only
 * the index knows what an operator had hidden before (deleted or truncated streams).
 */
export type StreamHead = {
  /** Revision of the last event; -1n for an empty stream. */
  revision: bigint;
  /** The last event for which the head depends on the index; null when `events` is complete. */
  leansOn: Readonly<{ log: string; revision: bigint; position: bigint }> | null;
  readonly events: KnownEvents;
  /** Whether the stream is tombstoned and accepts no more events. */
  isTombstoned: boolean;
  /** False when the stream has more events than a head may hold: `events` then holds only the ones looked for. */
  isWhole: boolean;
  /**
   * False while `revision` comes from the index only: the stream may have more events, and an append there that repeats
   * an older one may be answered as written.
   */
  isSeen: boolean;
};

export const newHead = (revision: bigint, leansOn: StreamHead['leansOn']): StreamHead => ({
  revision,
  leansOn,
  events: new KnownEvents(),
  isTombstoned: false,
  isWhole: true,
  isSeen: false,
});

/** The revision of an event, which may be all that is known of it. */
export const revisionOf = (event: KnownEvent | bigint): bigint => (typeof event === 'bigint' ? event : event.revision);

/** An event that was read is kept as its revision only. */
type Kept = KnownEvent | number;

/**
 * The events of one stream, each with its renderings in order of revision. Keeps only the revision of events that were
 * read, since a stream may have a million; keeps all that an answer needs of events that this process appended.
 */
export class KnownEvents {
  readonly #events = new Map<string, Kept | readonly Kept[]>();
  #weight = 0;

  /** The memory that the events use, in ids of about 100 bytes. */
  get weight(): number {
    return this.#weight;
  }

  /** All renderings of the event of which this is one rendering's id. */
  of(eventId: string): readonly (KnownEvent | bigint)[] {
    const kept = this.#events.get(keyOf(eventId));
    if (kept === undefined) return NONE;
    return renderingsIn(kept).map((event) => (typeof event === 'number' ? BigInt(event) : event));
  }

  /** Adds a rendering: its revision, or all that is known of it. */
  add(eventId: string, event: KnownEvent | bigint): void {
    const key = keyOf(eventId);
    const added = typeof event === 'bigint' ? Number(event) : event;
    const kept = this.#events.get(key);
    this.#events.set(key, kept === undefined ? added : [...renderingsIn(kept), added]);
    this.#weight += weightOf(added);
  }

  /** Removes the events up to a revision. */
  dropUpTo(revision: bigint): void {
    for (const [key, kept] of this.#events) {
      const renderings = renderingsIn(kept);
      const left = renderings.filter((event) => keptRevisionOf(event) > revision);
      if (left.length === renderings.length) continue;
      if (left.length === 0) this.#events.delete(key);
      else this.#events.set(key, left);
      for (const event of renderings) if (!left.includes(event)) this.#weight -= weightOf(event);
    }
  }
}

const NONE: readonly never[] = [];
const renderingsIn = (kept: Kept | readonly Kept[]): readonly Kept[] =>
  typeof kept === 'number' || !Array.isArray(kept) ? [kept as Kept] : (kept as readonly Kept[]);
const keptRevisionOf = (event: Kept): bigint | number => (typeof event === 'number' ? event : event.revision);
const weightOf = (event: Kept): number => (typeof event === 'number' ? 1 : 4);
/** The event's part of a UUID as a string of bytes, which takes half the memory of its text. */
const keyOf = (eventId: string): string =>
  Buffer.from(eventPart(eventId).replaceAll('-', ''), 'hex').toString('latin1');

/** From this many ids a head is worth shrinking. */
const LARGE = 1_000;

/** Whether the index must return its last event of the stream: to read from there, or for a head that needs it. */
export const needsEnd = (head: StreamHead | undefined): boolean =>
  head === undefined || head.leansOn !== null || head.events.weight >= LARGE;

/**
 * Makes a large head depend on the index for the events that the index has of the stream. The index must name the event
 * that the head has at that revision, which proves that it describes this log.
 */
export function leanOnIndex(head: StreamHead, answer: IndexAnswer): void {
  if (head.events.weight < LARGE || answer.kind !== 'answered' || answer.last === null) return;
  const { revision, position, eventId } = answer.last;
  const own = head.events.of(eventId);
  if (!own.some((event) => revisionOf(event) === revision)) return;
  head.leansOn = { log: answer.log, revision, position };
  head.events.dropUpTo(revision);
}

/**
 * The most recently used heads, limited by the ids in them. A missing or stale head costs a read, never a duplicate.
 */
export class StreamHeads {
  readonly #heads = new Map<string, StreamHead>();
  readonly #idsMax: number;
  #ids = 0;

  constructor(idsMax: number) {
    this.#idsMax = idsMax;
  }

  /** Removes and returns the head; an append owns its stream's head until it puts it back. */
  take(stream: string): StreamHead | undefined {
    const head = this.#heads.get(stream);
    if (head === undefined) return undefined;
    this.#heads.delete(stream);
    this.#ids -= idsOf(head);
    return head;
  }

  put(stream: string, head: StreamHead): void {
    if (!head.isWhole || !head.isSeen) return;
    this.#heads.set(stream, head);
    this.#ids += idsOf(head);
    for (const oldest of this.#heads.keys()) {
      if (this.#ids <= this.#idsMax) return;
      this.take(oldest);
    }
  }
}

const idsOf = (head: StreamHead): number => head.events.weight + 4;
