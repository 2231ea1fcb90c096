import type { ReadEvent } from '../folding/facts.js';
import { atEvent } from '../read-models/parked-streams.js';
import type { Generation } from '../read-models/schema.js';
import { nothingOf } from './claims.js';
import type { BatchWrite, StreamWrite } from './ports.js';

/** A part of a batch: some streams in some generations, and events to index. */
export type Part = Readonly<{
  generations: readonly Generation[];
  streams: ReadonlyMap<string, readonly ReadEvent[]>;
  again: ReadonlySet<string>;
  index: BatchWrite['index'];
}>;

/** Whether a part has more than one stream, or more than one of its generations and index. */
export const isDivisible = ({ generations, streams, index }: Part): boolean =>
  streams.size > 1 || generations.length + (index.length > 0 ? 1 : 0) > 1;

/** Splits a part into halves of its streams, or a single stream into its generations and the index. */
export function halvesOf({ generations, streams, again, index }: Part): Part[] {
  if (streams.size < 2)
    return [
      ...generations.map((one) => ({ generations: [one], streams, again, index: [] })),
      { generations: [], streams, again, index },
    ];
  const names = [...streams];
  const half = Math.ceil(names.length / 2);
  return [names.slice(0, half), names.slice(half)].map((some) => {
    const own = new Map(some);
    return {
      generations,
      streams: own,
      again: new Set([...again].filter((stream) => own.has(stream))),
      index: index.filter(({ stream }) => own.has(stream)),
    };
  });
}

/** Returns the write that parks a stream after an error and keeps its rows. */
export function rejected(
  generation: Generation,
  { stream, last, error }: { stream: string; last: ReadEvent | undefined; error: unknown },
): StreamWrite {
  const {
    message = String(error),
    code,
    stack = null,
  } = (error ?? {}) as { message?: string; code?: string; stack?: string | null };
  const cause = code === undefined ? String(error) : `Postgres rejects a row (SQLSTATE ${code}): ${message}`;
  return { ...nothingOf(generation, stream), parking: { kind: 'whole', stream, ...atEvent(last), cause, stack } };
}

/**
 * Groups events by stream. Streams to read again, in this batch or outside the batches, are included without events.
 */
export function groupByStream(
  events: readonly ReadEvent[],
  { again, corrected }: Readonly<Record<'again' | 'corrected', ReadonlySet<string>>>,
): Map<string, ReadEvent[]> {
  const streams = new Map<string, ReadEvent[]>([...again, ...corrected].map((stream) => [stream, []]));
  for (const event of events) {
    const own = streams.get(event.stream);
    if (corrected.has(event.stream)) continue;
    if (own === undefined) streams.set(event.stream, [event]);
    else own.push(event);
  }
  return streams;
}
