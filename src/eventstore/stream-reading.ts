/** What the appender reads of a stream and its log, and the values it makes of it. */
import { eventPart } from '../events/event-id.js';
import { hidesItsEnd, sight, type IndexAnswer, type Place } from './append-decision.js';
import { failureOf, type EventStore } from './event-store.js';
import { readNameOfLog } from './log-name.js';
import { lastEventOf } from './raw-event.js';
import { readEventAtPosition, readStream } from './read.js';
import type { RecordedEvent } from './recorded-event.js';
import { newHead, type KnownEvent, type StreamHead } from './stream-heads.js';

/** `wanted`: events that are looked for, by `eventPart`; they are kept also beyond `idsMax`, the most that a head may hold. */
export type HeadReading = Readonly<{ wanted: ReadonlySet<string>; idsMax: number }>;

const READS_MAX = 3;

/** The head of a stream from all that it shows. */
export async function readHead(store: EventStore, stream: string, reading: HeadReading): Promise<StreamHead> {
  const head = newHead(-1n, null);
  await readOn(store, stream, { head, ...reading });
  return head;
}

/**
 * The head of a stream from the last event on that the index has of it; null when the index has none, is that of
 * another log, or when the log shows another event there: then the index speaks of another past.
 */
export async function readHeadAbove(
  store: EventStore,
  stream: string,
  options: HeadReading & { answer: IndexAnswer; logName: string | null },
): Promise<StreamHead | null> {
  const { answer } = options;
  if (answer.kind !== 'answered' || answer.last === null || answer.log !== options.logName) return null;
  const { revision, position, eventId } = answer.last;
  const head = newHead(revision - 1n, { log: answer.log, revision, position });
  const first = await readOn(store, stream, { head, ...options });
  if (first?.revision === revision) return first.eventId === eventId && first.position === position ? head : null;
  if (head.isTombstoned) return head;
  // The event is hidden, so that the index has to be believed; the stream goes on after it.
  if (!(await speaksOfLog(store, answer))) return null;
  if (head.revision < revision) head.revision = revision;
  return head;
}

/**
 * Takes what the stream shows beyond the head into it; the first event of that, or null. A cut read goes on where it
 * was.
 */
export async function readOn(
  store: EventStore,
  stream: string,
  options: HeadReading & { head: StreamHead },
): Promise<RecordedEvent | null> {
  const { head, wanted, idsMax } = options;
  let first: RecordedEvent | null = null;
  for (let reads = 1; ; reads += 1) {
    try {
      const events = readStream(store, stream, { from: head.revision + 1n });
      let next = await events.next();
      for (; next.done !== true; next = await events.next()) {
        const event = next.value;
        first ??= event;
        head.revision = event.revision;
        head.isWhole &&= head.events.weight < idsMax;
        if (head.isWhole || wanted.has(eventPart(event.eventId))) head.events.add(event.eventId, event.revision);
      }
      head.isTombstoned = next.value === 'tombstoned';
      head.isSeen = true;
      return first;
    } catch (error) {
      if (failureOf(error) !== 'unavailable' || reads === READS_MAX || first === null) throw error;
    }
  }
}

export type Recalled =
  { readonly kind: 'there'; readonly event: KnownEvent } | { readonly kind: 'hidden' | 'not_here' };

/** Looks at the place where an event should stand, in whatever API version. */
export async function recall(
  store: EventStore,
  eventId: string,
  { stream, revision }: Pick<Place, 'stream' | 'revision'>,
): Promise<Recalled> {
  const from = await firstFrom(store, stream, revision);
  if (from === 'tombstoned') return { kind: 'hidden' };
  const last = from === null ? ((await lastEventOf(store, stream))?.revision ?? null) : from.revision;
  const kind = sight({ revision, eventId }, { from, last });
  // A stream that shows nothing, and is not cut, is not there: the log is another one now.
  if (kind === 'hidden' && from === null && !(await isEndHidden(store, stream, revision))) return { kind: 'not_here' };
  return kind === 'there' && from !== null
    ? { kind, event: knownEventOf(from) }
    : { kind: kind === 'there' ? 'not_here' : kind };
}

const knownEventOf = ({ eventId, revision, position, metadata }: RecordedEvent): KnownEvent => ({
  eventId,
  revision,
  position,
  contentHash: metadata?.contentHash ?? null,
  apiVersion: metadata?.apiVersion ?? null,
  account: metadata?.account ?? null,
  source: metadata?.source ?? null,
});

async function firstFrom(
  store: EventStore,
  stream: string,
  from: bigint,
): Promise<RecordedEvent | 'tombstoned' | null> {
  const events = readStream(store, stream, { from, max: 1 });
  let first: RecordedEvent | null = null;
  let next = await events.next();
  for (; next.done !== true; next = await events.next()) first = next.value;
  return next.value === 'tombstoned' ? 'tombstoned' : first;
}

/** Whether what answered is an index of the log that is there: the name is right, and the event at which it stands. */
export async function speaksOfLog(store: EventStore, answer: IndexAnswer): Promise<boolean> {
  if (answer.kind !== 'answered' || answer.log !== (await readNameOfLog(store))) return false;
  try {
    return (await readEventAtPosition(store, answer.position))?.eventId === answer.eventId;
  } catch {
    // EventStoreDB calls a position inside of an event an error; if it was another one, not to believe is right as well.
    return false;
  }
}

/** Whether the metadata of a stream is a reason not to see its last event, which stands at this revision. */
export async function isEndHidden(store: EventStore, stream: string, last: bigint): Promise<boolean> {
  const { metadata } = await store.reads.getStreamMetadata(stream);
  const { truncateBefore, maxAge } = metadata ?? {};
  return hidesItsEnd({ truncateBefore: revisionOf(truncateBefore), maxAgeS: maxAge ?? null }, last);
}

/**
 * A stream is cut before a revision; the client gives a number, also for 2^63 - 1, as which a soft delete is written.
 */
const revisionOf = (value: unknown): bigint | null =>
  typeof value === 'bigint' || typeof value === 'number' ? BigInt(value) : null;
