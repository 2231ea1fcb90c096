import assert from 'node:assert/strict';
import type { ReadEvent } from '../../src/folding/facts.js';

/** An event before it is appended. */
export type NewEvent = Pick<ReadEvent, 'eventId' | 'type' | 'content' | 'metadata'>;

type Stream = { events: ReadEvent[]; next: bigint; from: bigint; isTombstoned: boolean };

/** The distance between consecutive positions, since positions are not indexes. */
const STEP = 10n;
const RECORDED_AT = new Date(Date.UTC(2027, 0, 1));
/** The limit of a soft-deleted stream, which hides all of its events. */
const ALL_OF_IT = 2n ** 63n - 1n;

/** A log in memory with stream limits as in EventStoreDB: hidden events stay in the log until a scavenge. */
export class SimulatedLog {
  readonly events: ReadEvent[] = [];
  /** By id, the position of its first event ever appended to the log. */
  readonly firsts = new Map<string, bigint>();
  readonly #streams = new Map<string, Stream>();
  readonly #scavenged = new Set<string>();
  #end = -1n;

  /**
   * Appends to a stream; a soft-deleted one reappears at its next revision. Returns false when the stream is
   * tombstoned, or when the id was scavenged: whether that event would count again depends on who had read it.
   */
  append(name: string, event: NewEvent): boolean {
    const stream = this.#streamOf(name);
    if (stream.isTombstoned || this.#scavenged.has(event.eventId)) return false;
    if (stream.from === ALL_OF_IT) stream.from = stream.next;
    const recorded = this.#record(name, stream.next, event);
    stream.events.push(recorded);
    stream.next += 1n;
    if (!this.firsts.has(recorded.eventId)) this.firsts.set(recorded.eventId, recorded.position);
    return true;
  }

  /** Soft-deletes a stream through its metadata. */
  delete(name: string): void {
    this.#limit(name, ALL_OF_IT);
  }

  /** Hides a stream's events before a revision through its metadata. */
  truncate(name: string, before: bigint): void {
    this.#limit(name, before);
  }

  tombstone(name: string): void {
    const stream = this.#streamOf(name);
    if (stream.isTombstoned) return;
    stream.isTombstoned = true;
    this.#record(name, ALL_OF_IT, ofStore('$streamDeleted', name));
  }

  /**
   * Removes hidden events from the log, except those whose id also occurs elsewhere, since it would be unknown whether
   * they had been read first.
   */
  scavenge(): number {
    const counts = new Map<string, number>();
    for (const { eventId } of this.events) counts.set(eventId, (counts.get(eventId) ?? 0) + 1);
    const before = [...this.events];
    const left = this.events.filter(
      (event) => event.metadata === null || this.isThere(event) || (counts.get(event.eventId) ?? 0) > 1,
    );
    this.events.splice(0, before.length, ...left);
    const there = new Set(left);
    for (const event of before) if (!there.has(event)) this.#scavenged.add(event.eventId);
    return before.length - left.length;
  }

  /** Whether the stream still shows an event. Scavenged events stay gone, whatever the limits say later. */
  isThere({ stream: name, revision, eventId }: Pick<ReadEvent, 'stream' | 'revision' | 'eventId'>): boolean {
    const stream = this.#streamOf(name);
    return !stream.isTombstoned && revision >= stream.from && !this.#scavenged.has(eventId);
  }

  /** A stream's visible events from a revision on. */
  eventsOf(name: string, from = 0n): ReadEvent[] {
    const stream = this.#streamOf(name);
    return stream.isTombstoned ? [] : stream.events.filter((event) => event.revision >= from && this.isThere(event));
  }

  /** All events ever appended to a stream. */
  everyEventOf(name: string): readonly ReadEvent[] {
    return this.#streamOf(name).events;
  }

  /** The events after a position. */
  after(position: bigint): readonly ReadEvent[] {
    let [low, high] = [0, this.events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.events[middle] as ReadEvent).position > position) high = middle;
      else low = middle + 1;
    }
    return this.events.slice(low);
  }

  /** The position of the last event; -1n before the first. */
  get end(): bigint {
    return this.#end;
  }

  get streams(): readonly string[] {
    return [...this.#streams.keys()];
  }

  #limit(name: string, from: bigint): void {
    const stream = this.#streamOf(name);
    if (stream.isTombstoned) return;
    stream.from = from;
    this.#record(`$$${name}`, 0n, ofStore('$metadata', name));
  }

  #streamOf(name: string): Stream {
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    const stream = { events: [], next: 0n, from: 0n, isTombstoned: false };
    this.#streams.set(name, stream);
    return stream;
  }

  #record(stream: string, revision: bigint, event: NewEvent): ReadEvent {
    const position = this.#end < 0n ? STEP : this.#end + STEP;
    assert(position > this.#end);
    this.#end = position;
    const recorded = {
      ...event,
      eventId: event.eventId === '' ? `of the store ${position}` : event.eventId,
      stream,
      revision,
      position,
      recordedAt: RECORDED_AT,
      bytes: 500,
    };
    this.events.push(recorded);
    return recorded;
  }
}

/** An event written by the store itself. */
const ofStore = (type: string, stream: string): NewEvent => ({
  eventId: '',
  type,
  metadata: null,
  content: { kind: 'shortened', stream },
});
