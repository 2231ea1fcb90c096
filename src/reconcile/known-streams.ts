import { LRUCache } from 'lru-cache';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import { objectIn } from './judge.js';
import type { Look } from './look.js';

/** Where a stream ends (-1n: there is none), and the objects that its events are about, by their keys. */
export type KnownStream = { revision: bigint; readonly objects: Set<string> };

/** Of all streams together; some 200 bytes each. */
const OBJECTS_MAX = 50_000;

/** The key of an object: the name of the stream that it would have for itself. */
export const keyOfObject = ({ name, id }: Pick<Look, 'name' | 'id'>): string => `${name}-${id}`;

/** What a stream is, by all of its events. */
export function knownBy(events: readonly RecordedEvent[]): KnownStream {
  const objects = new Set<string>();
  for (const event of events) {
    const object = objectIn(event);
    if (object !== null) objects.add(keyOfObject(object));
  }
  return { revision: events.at(-1)?.revision ?? -1n, objects };
}

/**
 * Streams of several objects, as this process left them. An object that none of their events is about needs no reading: what is news is
 * appended at exactly this revision, and the store refuses it when others have appended since.
 */
export class KnownStreams {
  readonly #streams = new LRUCache<string, KnownStream>({
    maxSize: OBJECTS_MAX,
    sizeCalculation: ({ objects }) => objects.size + 1,
  });

  get(stream: string): KnownStream | undefined {
    return this.#streams.get(stream);
  }

  /** A stream of one object that it is named by is looked for once, and not kept. */
  put(stream: string, known: KnownStream): void {
    if (known.objects.size === 1 && known.objects.has(stream)) this.#streams.delete(stream);
    else this.#streams.set(stream, known);
  }

  forget(stream: string): void {
    this.#streams.delete(stream);
  }
}
