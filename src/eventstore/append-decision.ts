/** Pure decisions about whether an event is appended, to keep each event once. Other modules read their inputs. */
import { eventPart } from '../events/event-id.js';
import type { Source } from './event-metadata.js';
import { revisionOf, type KnownEvent, type StreamHead } from './stream-heads.js';

/** Where an event is in the log. */
export type Place = Readonly<{ stream: string; revision: bigint; position: bigint }>;

/**
 * The answer of the index of event ids about one id and one stream, from one snapshot. The index holds the id of every
 * ledger event of the log `log` up to `position`, each at its first place, and nothing beyond.
 */
export type IndexAnswer =
  /** The index does not answer, or has not indexed any log yet. */
  | { readonly kind: 'unavailable' }
  | {
      readonly kind: 'answered';
      readonly log: string;
      readonly position: bigint;
      /** The event at `position`: it shows whether the index describes the current log. */
      readonly eventId: string;
      /** Where the renderings of the event are, the earliest in the log first. */
      readonly found: readonly Place[];
      /** The last indexed event of the stream, by revision. */
      readonly last: (Place & Readonly<{ eventId: string }>) | null;
    };

export type Verdict = Readonly<{
  /** The renderings of the event in the head, or their revisions in the log. */
  inHead: readonly (KnownEvent | bigint)[];
  /** Further renderings in the index, to be checked against the log. */
  inIndex: readonly Place[];
  /** False where the head needs the index, but it is behind or does not answer: then the stream must be read. */
  isComplete: boolean;
}>;

/** Finds the renderings of an event that are in the log, from the head of its stream and the index. */
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

/** The properties of an event to append that decide whether it is a duplicate. */
export type Delivered = Readonly<{
  contentHash: string;
  contentHashFor: (account: string | null) => string;
  account: string | null;
  source: Source;
}>;

/**
 * Whether two bodies of one event in the same API version have the same content. One of them may lack the account: a
 * platform's endpoint receives it, the connected account's own endpoint does not. Only two signed bodies can conflict,
 * because an event that Stripe lists may have fields that the delivery lacked.
 */
export function saysTheSame(known: KnownEvent, delivered: Delivered): boolean {
  if (known.contentHash === null || known.contentHash === delivered.contentHash) return true;
  if (known.source !== 'webhook' || delivered.source !== 'webhook') return true;
  const isNamedByOne = known.account === null || delivered.account === null;
  return isNamedByOne && known.contentHash === delivered.contentHashFor(known.account);
}

/** The last revision of the stream is checked as well, in case rows were deleted by hand. */
const vouchesFor = (answer: IndexAnswer, needed: NonNullable<StreamHead['leansOn']>): boolean =>
  answer.kind === 'answered' &&
  answer.log === needed.log &&
  answer.position >= needed.position &&
  answer.last !== null &&
  answer.last.revision >= needed.revision;

/** An event that a stream shows. */
export type Shown = Readonly<{ revision: bigint; eventId: string }>;

/**
 * What a stream shows of an event expected at a revision. `from` is the first event shown at that revision or above,
 * `last` the last one shown at all; null where there is none.
 */
export type Sighting =
  /** The event is there, in any API version. */
  | 'there'
  /** The stream shows nothing, or starts above that revision: deleted, or truncated by its metadata. */
  | 'hidden'
  /** Another event is there, or the stream ends below: the expectation comes from another log. */
  | 'not_here';

export function sight(event: Shown, { from, last }: Readonly<{ from: Shown | null; last: bigint | null }>): Sighting {
  if (from !== null && from.revision === event.revision)
    return eventPart(from.eventId) === eventPart(event.eventId) ? 'there' : 'not_here';
  if (from !== null) return 'hidden';
  return last === null ? 'hidden' : 'not_here';
}

/** What a refused append says about the head: see `afterRefusal`. */
export type Refusal =
  /** Another process appended; its events have been read. */
  | 'raced'
  /** The stream ends below the head, so the head describes an earlier state of the log (before a restore). */
  | 'another_past'
  /** The stream ends above the last event shown: its end is hidden, or not readable yet. */
  | 'end_not_shown';

/**
 * Classifies a refused append at `head`, after the stream was read up to `seen`. `actual` is the revision of the
 * stream's last event according to the refusal (-1n: none; null: not given).
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

/** Stream metadata by which EventStoreDB hides events. */
export type Cuts = Readonly<{ truncateBefore: bigint | null; maxAgeS: number | null }>;

/**
 * Whether the metadata can hide a stream's last event. `$maxCount` cannot, because it hides the oldest. A soft-deleted
 * stream is truncated before the largest possible revision.
 */
export const hidesItsEnd = (cuts: Cuts, last: bigint): boolean =>
  cuts.maxAgeS !== null || (cuts.truncateBefore !== null && cuts.truncateBefore > last);
