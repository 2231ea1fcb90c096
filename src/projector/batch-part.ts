import type { ReadEvent } from '../folding/facts.js';
import { atEvent } from '../read-models/parked-streams.js';
import type { Generation } from '../read-models/schema.js';
import { nothingOf } from './claims.js';
import type { BatchWrite, StreamWrite } from './ports.js';

/** A part of a batch: these streams, in these generations, and events to be indexed. */
export type Part = Readonly<{
  generations: readonly Generation[];
  streams: ReadonlyMap<string, readonly ReadEvent[]>;
  again: ReadonlySet<string>;
  index: BatchWrite['index'];
}>;

/** Whether a part is more than one stream in one generation, or than the index of its events. */
export const isDivisible = ({ generations, streams, index }: Part): boolean =>
  streams.size > 1 || generations.length + (index.length > 0 ? 1 : 0) > 1;

/** Halves of a part by its streams; of a single stream, each generation by itself, and the index. */
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

/** A stream of which something was thrown keeps what stands, and is parked. */
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

/** Events by their stream, and without events those that are to be read again, now or beside the batches. */
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
