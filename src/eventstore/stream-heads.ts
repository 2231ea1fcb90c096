import type { EventStore } from './event-store.js';
import { readStream } from './read.js';
import type { RecordedEvent } from './recorded-event.js';

/** What the head knows of an event of its stream; enough to tell a duplicate from a conflict. */
export type KnownEvent = Readonly<{ revision: bigint; position: bigint; contentHash: string | null; apiVersion: string | null }>;

export const knownEventOf = ({ revision, position, metadata }: RecordedEvent): KnownEvent =>
  ({ revision, position, contentHash: metadata?.contentHash ?? null, apiVersion: metadata?.apiVersion ?? null });

/**
 * The end of a stream as this process knows it. `events` holds every event above `indexedTo`; those up to
 * it are in the index of event ids, completely. Together they are all ids of the stream: less is not a head.
 */
export type StreamHead = {
  /** Revision of the last event; -1n for a stream that does not exist. */
  revision: bigint;
  /** -1n when `events` is complete by itself. */
  readonly indexedTo: bigint;
  readonly events: Map<string, KnownEvent>;
};

/** Reads the head: the events above `indexedTo`, which the caller found complete in the index. */
export async function readHead(store: EventStore, stream: string, indexedTo: bigint): Promise<StreamHead> {
  const head: StreamHead = { revision: indexedTo, indexedTo, events: new Map() };
  await readOn(store, stream, head);
  return head;
}

/** Takes what the stream has beyond the head into it; false if there is nothing. */
export async function readOn(store: EventStore, stream: string, head: StreamHead): Promise<boolean> {
  const before = head.revision;
  for await (const event of readStream(store, stream, { from: before + 1n })) extend(head, event.eventId, knownEventOf(event));
  return head.revision > before;
}

/** Adds the next event; of an id that stands twice in a stream the first counts. */
export function extend(head: StreamHead, eventId: string, event: KnownEvent): void {
  head.revision = event.revision;
  if (!head.events.has(eventId)) head.events.set(eventId, event);
}

/** The heads used last, bounded by the number of events in them. A missing or stale head costs a read, never a duplicate. */
export class StreamHeads {
  readonly #heads = new Map<string, StreamHead>();
  readonly #eventsMax: number;
  #events = 0;

  constructor(eventsMax: number) {
    this.#eventsMax = eventsMax;
  }

  /** Takes the head out; whoever works on a stream owns its head until it puts it back. */
  take(stream: string): StreamHead | undefined {
    const head = this.#heads.get(stream);
    if (head === undefined) return undefined;
    this.#heads.delete(stream);
    this.#events -= weightOf(head);
    return head;
  }

  put(stream: string, head: StreamHead): void {
    this.#heads.set(stream, head);
    this.#events += weightOf(head);
    for (const oldest of this.#heads.keys()) {
      if (this.#events <= this.#eventsMax) return;
      this.take(oldest);
    }
  }
}

const weightOf = (head: StreamHead): number => head.events.size + 1;
