import type { EventStore } from '../event-store.js';
import { readLog, type RawEvent } from '../raw-event.js';
import { assertSame, CopyDifference } from './difference.js';
import { copyMetadata, verifyMetadata } from './metadata-copy.js';
import { OrderedAppends } from './ordered-appends.js';

/** The current phase, and the number of events processed. */
export type CopyProgress = Readonly<{ phase: 'comparing' | 'copying' | 'verifying'; events: number }>;

export type Copied = Readonly<{
  /** Events that both stores have, without the system's. */
  events: number;
  /** Those of them that this run copied. */
  copied: number;
  streams: number;
  streamsWithMetadata: number;
}>;

export type CopyOptions = Readonly<{
  source: EventStore;
  target: EventStore;
  onProgress?: (progress: CopyProgress) => void;
}>;

/**
 * Copies the log of one store into another, and compares them at the end. The target's log is always a prefix of the
 * source's, in the same order with the same ids and revisions, so an interrupted run can be repeated: it compares the
 * existing events and continues after them. The system's own streams (names that begin with "$") are skipped; of stream
 * metadata only the last is copied. Positions and record times are the target's own.
 * @throws CopyDifference where the target differs.
 */
export async function copyStore(options: CopyOptions): Promise<Copied> {
  const appends = new OrderedAppends(options.target);
  const seen = await walk(options, { phase: 'copying', onMissing: (event) => appends.add(event) });
  await appends.flush();
  for (const stream of seen.streamsWithMetadata) await copyMetadata(options, stream);
  await verify(options, seen.end);
  return copiedOf(seen);
}

/** Compares the stores up to the end of the source, without changing anything. */
export async function verifyCopy(options: CopyOptions): Promise<Copied> {
  return copiedOf(await verify(options));
}

async function verify(options: CopyOptions, end?: bigint): Promise<Seen> {
  const onMissing = ({ stream, revision }: RawEvent): never => {
    throw new CopyDifference(stream, revision, 'the target does not have it.');
  };
  const seen = await walk(options, { phase: 'verifying', onMissing, end });
  for (const stream of seen.streamsWithMetadata) await verifyMetadata(options, stream);
  return seen;
}

/** What a walk has found in the source. */
type Seen = { events: number; missing: number; streams: number; end: bigint; streamsWithMetadata: Set<string> };

const copiedOf = ({ events, missing, streams, streamsWithMetadata }: Seen): Copied => ({
  events,
  copied: missing,
  streams,
  streamsWithMetadata: streamsWithMetadata.size,
});

type Walk = Readonly<{
  phase: 'copying' | 'verifying';
  onMissing: (event: RawEvent) => Promise<void> | void;
  end?: bigint | undefined;
}>;

/** Reads both logs side by side. After the end of the target, every event of the source is missing. */
async function walk({ source, target, onProgress }: CopyOptions, { phase, onMissing, end }: Walk): Promise<Seen> {
  const seen: Seen = { events: 0, missing: 0, streams: 0, end: 0n, streamsWithMetadata: new Set() };
  const there = usersEvents(target);
  try {
    for await (const event of usersEvents(source, seen)) {
      if (end !== undefined && event.position > end) break;
      const counterpart = seen.missing > 0 ? undefined : (await there.next()).value;
      if (counterpart) assertSame(event, counterpart);
      else {
        seen.missing += 1;
        await onMissing(event);
      }
      seen.events += 1;
      if (event.revision === 0n) seen.streams += 1;
      onProgress?.({ phase: phase === 'copying' && seen.missing === 0 ? 'comparing' : phase, events: seen.events });
    }
    const surplus = seen.missing > 0 ? undefined : (await there.next()).value;
    if (surplus)
      throw new CopyDifference(
        surplus.stream,
        surplus.revision,
        'the target has it, the source does not. Copy into an empty store.',
      );
    return seen;
  } finally {
    await there.return(undefined);
  }
}

const isMetastream = (stream: string): boolean => stream.startsWith('$$');
const isOfSystem = (stream: string): boolean => stream.startsWith('$');

/** Yields the events that users wrote; records which streams have metadata, and the position reached. */
async function* usersEvents(store: EventStore, seen?: Seen): AsyncGenerator<RawEvent, undefined> {
  for await (const event of readLog(store)) {
    const { stream, position } = event;
    if (seen) seen.end = position;
    if (!isOfSystem(stream)) yield event;
    else if (isMetastream(stream) && !isOfSystem(stream.slice(2))) seen?.streamsWithMetadata.add(stream);
  }
}
