/**
 * What becomes of an event on its way into its stream: the rules of "once" as pure functions. What they need to know is
 * read by others; each answer is a value.
 */
import { eventPart } from '../events/event-id.js';
import type { Source } from './event-metadata.js';
import { revisionOf, type KnownEvent, type StreamHead } from './stream-heads.js';

/** Where an event stands in the log. */
export type Place = Readonly<{ stream: string; revision: bigint; position: bigint }>;

/**
 * What the index of event ids says of one id and one stream, all from one snapshot of it. It holds the id of every
 * ledger event of the log `log` up to `position`, each at its first place; of what lies beyond it says nothing.
 */
export type IndexAnswer =
  /** It does not answer, or was made from no log yet. */
  | { readonly kind: 'unavailable' }
  | {
      readonly kind: 'answered';
      readonly log: string;
      readonly position: bigint;
      /** The event at `position`, by which one can tell whether the index speaks of the log that is there. */
      readonly eventId: string;
      /** Where the renderings of the event are, the first in the log first. */
      readonly found: readonly Place[];
      /** The event of the stream with the highest revision that is indexed. */
      readonly last: (Place & Readonly<{ eventId: string }>) | null;
    };

export type Verdict = Readonly<{
  /** Renderings of the event that the head holds, or the revisions at which the log shows them. */
  inHead: readonly (KnownEvent | bigint)[];
  /** Further ones that the index holds; to be checked against the log. */
  inIndex: readonly Place[];
  /** False where the head leans on an index that does not reach so far now, or does not answer: only the stream itself can tell of others. */
  isComplete: boolean;
}>;

/** Which renderings of an event are in the log, as far as the head of its stream and the index together can tell. */
export function judge(
  event: Readonly<{ eventId: string; stream: string }>,
  head: StreamHead,
  answer: IndexAnswer,
): Verdict {
  const inHead = head.events.of(event.eventId);
  const isInHead = (place: Place): boolean =>
    place.stream === event.stream && inHead.some((one) => revisionOf(one) === place.revision);
  return {
    inHead,
    inIndex: answer.kind === 'answered' ? answer.found.filter((place) => !isInHead(place)) : [],
    isComplete: head.leansOn === null || vouchesFor(answer, head.leansOn),
  };
}

/** What an event that is to be appended says of itself. */
export type Delivered = Readonly<{
  contentHash: string;
  contentHashFor: (account: string | null) => string;
  account: string | null;
  source: Source;
}>;

/**
 * Whether two bodies of one event in one API version say the same. The account may be named by one of them alone: the endpoint of a
 * platform gets it with the event, and the connected account's own endpoint does not. Only two signed bodies can contradict each other:
 * what Stripe lists may have fields that the delivery had not.
 */
export function saysTheSame(known: KnownEvent, delivered: Delivered): boolean {
  if (known.contentHash === null || known.contentHash === delivered.contentHash) return true;
  if (known.source !== 'webhook' || delivered.source !== 'webhook') return true;
  const isNamedByOne = known.account === null || delivered.account === null;
  return isNamedByOne && known.contentHash === delivered.contentHashFor(known.account);
}

/** That it still has the end it had of the stream is no more than a check: rows may have been deleted by hand. */
const vouchesFor = (answer: IndexAnswer, needed: NonNullable<StreamHead['leansOn']>): boolean =>
  answer.kind === 'answered' &&
  answer.log === needed.log &&
  answer.position >= needed.position &&
  answer.last !== null &&
  answer.last.revision >= needed.revision;

/** An event as a stream shows it. */
export type Shown = Readonly<{ revision: bigint; eventId: string }>;

/**
 * What a stream tells of an event that should stand at a revision. `from` is the first event that it shows at that
 * revision or above, `last` the last that it shows at all; null where there is none.
 */
export type Sighting =
  /** That event, in whatever API version. */
  | 'there'
  /** The stream shows nothing, or begins above it: deleted, or cut by its metadata. */
  | 'hidden'
  /** Another event stands there, or the stream ends below it: who said so speaks of another log. */
  | 'not_here';

export function sight(event: Shown, { from, last }: Readonly<{ from: Shown | null; last: bigint | null }>): Sighting {
  if (from !== null && from.revision === event.revision)
    return eventPart(from.eventId) === eventPart(event.eventId) ? 'there' : 'not_here';
  if (from !== null) return 'hidden';
  return last === null ? 'hidden' : 'not_here';
}

/** What a refused append says of the head: see `afterRefusal`. */
export type Refusal =
  /** Others appended; their events have been read. */
  | 'raced'
  /** The stream ends below the head, which is of another past of the log. */
  | 'another_past'
  /** The stream ends above what it shows: its end is hidden, or cannot be read yet. */
  | 'end_not_shown';

/**
 * After an append at `head` was refused and the stream read on, to `seen`. `actual` is the revision of the stream's
 * last event by the refusal (-1n: it has none; null: it was not named).
 */
export function afterRefusal({
  head,
  seen,
  actual,
}: Readonly<{ head: bigint; seen: bigint; actual: bigint | null }>): Refusal {
  if (seen > head) return 'raced';
  if (actual === null || actual < head) return 'another_past';
  return actual === head ? 'raced' : 'end_not_shown';
}

/** Metadata of a stream by which EventStoreDB hides its events. */
export type Cuts = Readonly<{ truncateBefore: bigint | null; maxAgeS: number | null }>;

/**
 * Whether the metadata is a reason not to see a stream's last event. `$maxCount` is none, since it hides the oldest. A
 * soft-deleted stream is one that is cut before the largest revision there can be.
 */
export const hidesItsEnd = (cuts: Cuts, last: bigint): boolean =>
  cuts.maxAgeS !== null || (cuts.truncateBefore !== null && cuts.truncateBefore > last);
