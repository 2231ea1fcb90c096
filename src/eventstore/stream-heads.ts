import { eventPart } from '../events/event-id.js';
import type { IndexAnswer } from './append-decision.js';
import type { Source } from './event-metadata.js';

/**
 * What is known of an event of a stream; enough to tell a duplicate from a conflict. `position`: null when the store
 * did not say.
 */
export type KnownEvent = Readonly<{
  eventId: string;
  revision: bigint;
  position: bigint | null;
  contentHash: string | null;
  apiVersion: string | null;
  account: string | null;
  /** Null where the stream hides it. */
  source: Source | null;
}>;

/**
 * The end of a stream as this process knows it.
 *
 * For every event at or below `revision` that the stream showed when it was read, its id is in `events`, or it stands
 * at or below `leansOn.revision` and so at or below `leansOn.position`: then it is in every index of the log
 * `leansOn.log` that vouches for that position. `revision` may be too low, when others append, and never matters by
 * itself: an append at exactly `revision` succeeds only where the stream ends there, and then an id that is in neither
 * place is new. What an operator had hidden before (deleted or truncated streams) is known to the index alone.
 */
export type StreamHead = {
  /** Revision of the last event; -1n for a stream without any. */
  revision: bigint;
  /** The last event that the index is relied on for; null when `events` is complete by itself. */
  leansOn: Readonly<{ log: string; revision: bigint; position: bigint }> | null;
  readonly events: KnownEvents;
  /** Whether the stream is tombstoned: nothing can be appended to it any more. */
  isTombstoned: boolean;
  /** False when the stream has more events than may be held: `events` then holds only those that were looked for. */
  isWhole: boolean;
  /**
   * False while `revision` is by the index alone: the stream may have gone on, and an append there may be answered as written that
   * repeats an older one.
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

/** The revision of an event, of which nothing else may be known. */
export const revisionOf = (event: KnownEvent | bigint): bigint => (typeof event === 'bigint' ? event : event.revision);

/** An event that was read is kept as its revision. */
type Kept = KnownEvent | number;

/**
 * Events of one stream, each with its renderings in the order of revisions: of those that were read the revision alone, since a
 * stream may have a million of them, of those that this process appended all that an answer needs.
 */
export class KnownEvents {
  readonly #events = new Map<string, Kept | readonly Kept[]>();
  #weight = 0;

  /** What the events take, in ids: about 100 bytes each. */
  get weight(): number {
    return this.#weight;
  }

  /** All renderings of the event that has this id in one of them. */
  of(eventId: string): readonly (KnownEvent | bigint)[] {
    const kept = this.#events.get(keyOf(eventId));
    if (kept === undefined) return NONE;
    return renderingsIn(kept).map((event) => (typeof event === 'number' ? BigInt(event) : event));
  }

  /** `event`: its revision, or more. */
  add(eventId: string, event: KnownEvent | bigint): void {
    const key = keyOf(eventId);
    const added = typeof event === 'bigint' ? Number(event) : event;
    const kept = this.#events.get(key);
    this.#events.set(key, kept === undefined ? added : [...renderingsIn(kept), added]);
    this.#weight += weightOf(added);
  }

  /** Forgets the events up to a revision. */
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
/** The bytes of a UUID that name the event, as a string, which takes half of what their text takes. */
const keyOf = (eventId: string): string =>
  Buffer.from(eventPart(eventId).replaceAll('-', ''), 'hex').toString('latin1');

/** From so many ids on a head is worth to be made smaller. */
const LARGE = 1_000;

/** Whether the index is asked for its last event of the stream: to read from there, to lean on it, or to trust a head that does. */
export const needsEnd = (head: StreamHead | undefined): boolean =>
  head === undefined || head.leansOn !== null || head.events.weight >= LARGE;

/**
 * Lets a large head lean on the index for what the index has of the stream. The index must name the event that the head
 * itself knows at that revision: so it speaks of this log.
 */
export function leanOnIndex(head: StreamHead, answer: IndexAnswer): void {
  if (head.events.weight < LARGE || answer.kind !== 'answered' || answer.last === null) return;
  const { revision, position, eventId } = answer.last;
  const own = head.events.of(eventId);
  if (!own.some((event) => revisionOf(event) === revision)) return;
  head.leansOn = { log: answer.log, revision, position };
  head.events.dropUpTo(revision);
}

/** The heads used last, bounded by the ids in them. A missing or stale head costs a read, never a duplicate. */
export class StreamHeads {
  readonly #heads = new Map<string, StreamHead>();
  readonly #idsMax: number;
  #ids = 0;

  constructor(idsMax: number) {
    this.#idsMax = idsMax;
  }

  /** Takes the head out; what works on a stream owns its head until it puts it back. */
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
