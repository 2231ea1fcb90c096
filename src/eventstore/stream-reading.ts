/** Reads streams and the log for the appender. */
import { eventPart } from '../events/event-id.js';
import { hidesItsEnd, sight, type IndexAnswer, type Place } from './append-decision.js';
import { failureOf, type EventStore } from './event-store.js';
import { readNameOfLog } from './log-name.js';
import { lastEventOf } from './raw-event.js';
import { readEventAtPosition, readStream } from './read.js';
import type { RecordedEvent } from './recorded-event.js';
import { newHead, type KnownEvent, type StreamHead } from './stream-heads.js';

/** `wanted`: events to look for, by `eventPart`; they are kept even beyond `idsMax`, the most that a head may hold. */
export type HeadReading = Readonly<{ wanted: ReadonlySet<string>; idsMax: number }>;

const READS_MAX = 3;

/** Reads the head of a stream from all events that it shows. */
export async function readHead(store: EventStore, stream: string, reading: HeadReading): Promise<StreamHead> {
  const head = newHead(-1n, null);
  await readOn(store, stream, { head, ...reading });
  return head;
}

/**
 * Reads the head of a stream from the last event that the index has of it; null when the index has none, describes
 * another log, or the log shows another event there.
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
  // The event is hidden, so the index has to be trusted; the stream continues after it.
  if (!(await speaksOfLog(store, answer))) return null;
  if (head.revision < revision) head.revision = revision;
  return head;
}

/**
 * Adds to the head what the stream shows beyond it; returns the first such event, or null. An interrupted read resumes.
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

/** Reads the place where an event is expected, in any API version. */
export async function recall(
  store: EventStore,
  eventId: string,
  { stream, revision }: Pick<Place, 'stream' | 'revision'>,
): Promise<Recalled> {
  const from = await firstFrom(store, stream, revision);
  if (from === 'tombstoned') return { kind: 'hidden' };
  const last = from === null ? ((await lastEventOf(store, stream))?.revision ?? null) : from.revision;
  const kind = sight({ revision, eventId }, { from, last });
  // A stream that shows nothing and is not truncated does not exist: the log is another one now.
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

/**
 * Whether an answer comes from an index of the current log: its name matches, and so does the event at its position.
 */
export async function speaksOfLog(store: EventStore, answer: IndexAnswer): Promise<boolean> {
  if (answer.kind !== 'answered' || answer.log !== (await readNameOfLog(store))) return false;
  try {
    return (await readEventAtPosition(store, answer.position))?.eventId === answer.eventId;
  } catch {
    // EventStoreDB reports a position inside an event as an error; after any other error, false is safe too.
    return false;
  }
}

/** Whether the metadata of a stream can hide its last event, which is at this revision. */
export async function isEndHidden(store: EventStore, stream: string, last: bigint): Promise<boolean> {
  const { metadata } = await store.reads.getStreamMetadata(stream);
  const { truncateBefore, maxAge } = metadata ?? {};
  return hidesItsEnd({ truncateBefore: revisionOf(truncateBefore), maxAgeS: maxAge ?? null }, last);
}

/** The revision before which a stream is truncated: a number even for 2^63 - 1, which a soft delete writes. */
const revisionOf = (value: unknown): bigint | null =>
  typeof value === 'bigint' || typeof value === 'number' ? BigInt(value) : null;
