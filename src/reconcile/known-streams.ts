import { LRUCache } from 'lru-cache';
import type { RecordedEvent } from '../eventstore/recorded-event.js';
import { objectIn } from './judge.js';
import type { Look } from './look.js';

/** Where a stream ends (-1n: it does not exist), and the keys of the objects that its events are about. */
export type KnownStream = { revision: bigint; readonly objects: Set<string> };

/** The maximum over all streams together; about 200 bytes each. */
const OBJECTS_MAX = 50_000;

/** The key of an object: the name that a stream of its own would have. */
export const keyOfObject = ({ name, id }: Pick<Look, 'name' | 'id'>): string => `${name}-${id}`;

/** The known stream that all of its events describe. */
export function knownBy(events: readonly RecordedEvent[]): KnownStream {
  const objects = new Set<string>();
  for (const event of events) {
    const object = objectIn(event);
    if (object !== null) objects.add(keyOfObject(object));
  }
  return { revision: events.at(-1)?.revision ?? -1n, objects };
}

/**
 * Streams of several objects, as this process left them. An object without an event there needs no read: its look is
 * appended at exactly this revision, and the store refuses it if others have appended since.
 */
export class KnownStreams {
  readonly #streams = new LRUCache<string, KnownStream>({
    maxSize: OBJECTS_MAX,
    sizeCalculation: ({ objects }) => objects.size + 1,
  });

  get(stream: string): KnownStream | undefined {
    return this.#streams.get(stream);
  }

  /** Does not keep a stream with only the object that it is named after, since that is looked up once. */
  put(stream: string, known: KnownStream): void {
    if (known.objects.size === 1 && known.objects.has(stream)) this.#streams.delete(stream);
    else this.#streams.set(stream, known);
  }

  forget(stream: string): void {
    this.#streams.delete(stream);
  }
}
