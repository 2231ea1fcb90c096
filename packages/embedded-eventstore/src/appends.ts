/** Decides and writes appends: applies the rules of `append-decision` to the log. */
import { decideAppend, decideDelete, type Expected, type StreamFacts } from './append-decision.js';
import { isVisible } from './cursors.js';
import type { EventLog, Stream } from './event-log.js';
import { RecentIds } from './recent-ids.js';
import { contentOf, systemEvent, type ProposedEvent } from './record.js';
import { DamagedRecordError } from './storage-errors.js';
import {
  isMetastream,
  KEEP_ALL,
  METADATA_TYPE,
  metastreamOf,
  originalStreamOf,
  parseRetention,
  REVISION_MAX,
  TOMBSTONE_TYPE,
  withTruncateBefore,
} from './stream-metadata.js';

export type Append = Readonly<{ kind: 'append'; stream: string; expected: Expected; events: readonly ProposedEvent[] }>;
export type Delete = Readonly<{ kind: 'delete' | 'tombstone'; stream: string; expected: Expected }>;
export type Write = Append | Delete;

export type WriteOutcome =
  /**
   * Written now or earlier. `revision` is that of its last event, -1 for an empty append to no stream. `position` is
   * undefined when it was written earlier and is now hidden. `repeats`: it repeats an event that is not on disk yet.
   */
  | Readonly<{ kind: 'written'; revision: bigint; position: bigint | undefined; repeats?: boolean }>
  | Readonly<{ kind: 'wrongExpectedRevision'; expected: Expected; current: bigint }>
  | Readonly<{ kind: 'streamDeleted' }>
  /** The records that decide about it are damaged. Nothing is written. */
  | Readonly<{ kind: 'damaged'; error: DamagedRecordError }>;

/** Applies writes within a transaction of the log and collects the names of the streams that grew. */
export class Writer {
  readonly #recent = new RecentIds();
  /** The position at which the transaction began: later events are not on disk yet. */
  #begun = 0n;

  constructor(private readonly log: EventLog) {}

  /** Begins a transaction. */
  begin(): void {
    this.#begun = this.log.nextPosition;
  }

  /**
   * Decides and writes; adds the names of streams that grew to `touched`. Damage fails only this write, because it
   * reads before it writes.
   */
  apply(write: Write, touched: Set<string>): WriteOutcome {
    try {
      return this.#apply(write, touched);
    } catch (error) {
      if (error instanceof DamagedRecordError) return { kind: 'damaged', error };
      throw error;
    }
  }

  #apply(write: Write, touched: Set<string>): WriteOutcome {
    const stream = this.#streamToWrite(write.stream);
    const facts = this.#factsOf(stream);
    const events =
      write.kind === 'append' ? write.events : [systemEvent(write.kind === 'delete' ? METADATA_TYPE : TOMBSTONE_TYPE)];
    const ids = events.map(({ id }) => id);
    const decision =
      write.kind === 'delete'
        ? decideDelete(write.expected, ids[0] as string, facts)
        : decideAppend(write.expected, ids, facts);
    switch (decision.kind) {
      case 'streamDeleted':
        return decision;
      case 'wrongExpectedRevision':
        return { ...decision, expected: write.expected, current: stream.last };
      case 'idempotent':
        return this.#writtenBefore(stream, decision.revision);
      case 'write':
        if (write.kind === 'delete') return this.#softDelete(stream, touched);
        if (write.kind === 'tombstone') return this.#tombstone(stream, events, touched);
        if (facts.softDeleted && events.length > 0) this.#truncate(stream, stream.last + 1n, touched);
        return this.#write(stream, events, touched);
    }
  }

  #factsOf(stream: Stream): StreamFacts {
    return {
      last: stream.last,
      tombstoned: stream.tombstoned,
      softDeleted: stream.retention.truncateBefore === REVISION_MAX,
      hasMetadata: () => this.log.stream(metastreamOf(stream.name)).last >= 0n,
      recentRevision: (id) => this.#recent.revisionOf(stream.name, id),
      idAt: (revision) => this.log.eventAt(stream, revision)?.id,
    };
  }

  /** A tombstone of a stream also covers its metadata stream. */
  #streamToWrite(name: string): Stream {
    const stream = this.log.stream(name);
    const buried = isMetastream(name) && this.log.stream(originalStreamOf(name)).tombstoned;
    return buried ? { ...stream, tombstoned: true } : stream;
  }

  #write(stream: Stream, events: readonly ProposedEvent[], touched: Set<string>): WriteOutcome {
    if (events.length === 0) return { kind: 'written', revision: stream.last, position: this.log.lastPosition };
    const registered = this.log.register(stream);
    let revision = stream.last;
    let position: bigint | undefined;
    for (const event of events) {
      revision += 1n;
      position = this.log.insert(registered, revision, event);
      this.#recent.remember(stream.name, event.id, revision);
    }
    touched.add(stream.name);
    if (isMetastream(stream.name)) this.#applyMetadata(stream.name, events, touched);
    return { kind: 'written', revision, position };
  }

  /** Omits the position of an event that the stream's metadata hides, as the real server does. */
  #writtenBefore(stream: Stream, revision: bigint): WriteOutcome {
    const event = this.log.eventAt(stream, revision);
    if (!event) throw new Error(`Stream "${stream.name}" has no revision ${revision}, which was written before.`);
    const position = isVisible(event, stream) ? event.position : undefined;
    return { kind: 'written', revision, position, repeats: event.position >= this.#begun };
  }

  /**
   * Metadata without a start of reading, set on a soft-deleted stream, restores the stream, but not its old events.
   */
  #applyMetadata(metastream: string, events: readonly ProposedEvent[], touched: Set<string>): void {
    const original = this.log.stream(originalStreamOf(metastream));
    const content = events.at(-1) as ProposedEvent;
    const retention = parseRetention(content);
    const wasDeleted = original.retention.truncateBefore === REVISION_MAX && original.last >= 0n;
    this.log.setRetention(this.log.register(original), retention ?? KEEP_ALL);
    if (!wasDeleted || retention?.truncateBefore !== 0n) return;
    this.#writeMetadata(original.name, withTruncateBefore(content, original.last + 1n), touched);
  }

  #softDelete(stream: Stream, touched: Set<string>): WriteOutcome {
    return this.#writeMetadata(stream.name, Buffer.from(`{"$tb":${REVISION_MAX}}`), touched);
  }

  #truncate(stream: Stream, before: bigint, touched: Set<string>): void {
    const last = this.log.lastEventOf(this.log.stream(metastreamOf(stream.name)));
    const content = last ? contentOf(last.frame) : systemEvent(METADATA_TYPE);
    this.#writeMetadata(stream.name, withTruncateBefore(content, before), touched);
  }

  #writeMetadata(stream: string, data: Buffer, touched: Set<string>): WriteOutcome {
    return this.#write(this.log.stream(metastreamOf(stream)), [systemEvent(METADATA_TYPE, data)], touched);
  }

  #tombstone(stream: Stream, [event]: readonly ProposedEvent[], touched: Set<string>): WriteOutcome {
    if (!event) throw new Error('A tombstone is an event.');
    const registered = this.log.register(stream);
    const position = this.log.insert(registered, REVISION_MAX, event);
    this.log.setTombstone(registered);
    touched.add(stream.name);
    return { kind: 'written', revision: REVISION_MAX, position };
  }
}
