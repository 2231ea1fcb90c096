import { setTimeout as pause } from 'node:timers/promises';
import { appendSizeOf, ClockSkew, write, type NewEvent, type WriteOutcome } from './append.js';
import type { EventStore } from './event-store.js';
import { readEventAt } from './read.js';
import { extend, knownEventOf, readHead, readOn, StreamHeads, type KnownEvent, type StreamHead } from './stream-heads.js';

export type AppendOutcome =
  | { readonly kind: 'appended'; readonly stream: string; readonly revision: bigint; readonly position: bigint }
  /** The id is in the log already, maybe rendered in another API version. */
  | { readonly kind: 'duplicate'; readonly stream: string; readonly revision: bigint; readonly position: bigint }
  /** The id is in the log with another content in the same API version: two different bodies claim it. */
  | { readonly kind: 'conflict'; readonly stream: string; readonly revision: bigint }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'overloaded' }
  | { readonly kind: 'unavailable'; readonly cause: unknown };

/**
 * The index of event ids, as far as the appender needs it. It only speeds up: what it finds is read back
 * from the log before it counts, and when it is away the stream itself is read.
 */
export type EventIdIndex = {
  /** Where this id was indexed. */
  find(eventId: string): Promise<{ kind: 'found'; stream: string; revision: bigint } | { kind: 'not_indexed' } | { kind: 'unavailable' }>;
  /** The revision up to which the stream is indexed without a gap; -1n when it is not, or the index is away. */
  indexedTo(stream: string): Promise<bigint>;
};

/** For a process that has no index: every stream is read. */
export const noIndex: EventIdIndex = { find: async () => ({ kind: 'unavailable' }), indexedTo: async () => -1n };

export type AppenderLimits = Readonly<{
  /** Events, and their bytes, that may wait or be under way at one time. */
  waitingMax: number;
  waitingBytesMax: number;
  /** Streams worked on at one time; below the 100 calls that one connection carries. */
  streamsMax: number;
  /** Bytes of waiting events of one stream that share an append. */
  sharedBytesMax: number;
  /** The store's limit for one append, in bytes. */
  appendBytesMax: number;
  /** Events in the cached heads. */
  cachedEventsMax: number;
  timeoutMs: number;
}>;

type Waiting = Readonly<{ event: NewEvent; settle: (outcome: AppendOutcome) => void }>;
const RACES_MAX = 10;

/**
 * Appends events to their streams: read, check, append at exactly the head's revision, and on a lost race
 * again (design, section 3). Events of one stream queue behind each other and may share an append.
 */
export class Appender {
  readonly #heads: StreamHeads;
  readonly #lanes = new Map<string, Waiting[]>();
  readonly #ready: string[] = [];
  #working = 0;
  #waiting = 0;
  #waitingBytes = 0;
  #trouble: string | null = null;

  constructor(
    private readonly store: EventStore,
    private readonly index: EventIdIndex,
    private readonly limits: AppenderLimits,
  ) {
    this.#heads = new StreamHeads(limits.cachedEventsMax);
  }

  /** Events that wait or are under way. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Why the store refused the last append though it answers, where an operator can mend it. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Resolves when the event is durable in the log, or with the reason why it is not. Never rejects. */
  append(event: NewEvent): Promise<AppendOutcome> {
    const { waitingMax, waitingBytesMax, appendBytesMax } = this.limits;
    const bytes = appendSizeOf(event);
    if (bytes > appendBytesMax) return Promise.resolve({ kind: 'too_large' });
    if (this.#waiting >= waitingMax || this.#waitingBytes + bytes > waitingBytesMax) return Promise.resolve({ kind: 'overloaded' });
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    return new Promise<AppendOutcome>((settle) => this.#enqueue({ event, settle })).finally(() => {
      this.#waiting -= 1;
      this.#waitingBytes -= bytes;
    });
  }

  #enqueue(waiting: Waiting): void {
    const { stream } = waiting.event;
    const lane = this.#lanes.get(stream);
    if (lane !== undefined) {
      lane.push(waiting);
      return;
    }
    this.#lanes.set(stream, [waiting]);
    this.#ready.push(stream);
    this.#workOnNext();
  }

  #workOnNext(): void {
    if (this.#working >= this.limits.streamsMax) return;
    const stream = this.#ready.shift();
    if (stream === undefined) return;
    this.#working += 1;
    void this.#work(stream).finally(() => {
      this.#working -= 1;
      this.#workOnNext();
    });
  }

  /** One share of a lane; what is left, or came meanwhile, queues again behind the other streams. */
  async #work(stream: string): Promise<void> {
    const lane = this.#lanes.get(stream) ?? [];
    const share = lane.splice(0, shareOf(lane, this.limits.sharedBytesMax));
    try {
      await this.#appendAll(stream, share);
    } catch (cause) {
      for (const { settle } of share) settle({ kind: 'unavailable', cause });
    }
    if (lane.length === 0) this.#lanes.delete(stream);
    else this.#ready.push(stream);
  }

  async #appendAll(stream: string, share: Waiting[]): Promise<void> {
    let head = this.#heads.take(stream) ?? (await readHead(this.store, stream, await this.index.indexedTo(stream)));
    let open = share;
    for (let race = 0; race < RACES_MAX && open.length > 0; race += 1) {
      ({ head, open } = await this.#settleKnown(stream, head, open));
      const fresh = distinct(open);
      if (fresh.length === 0) break;
      const outcome = await write(this.store, fresh, { revision: head.revision, timeoutMs: this.limits.timeoutMs });
      this.#trouble = outcome.kind === 'unavailable' && outcome.cause instanceof ClockSkew ? outcome.cause.message : null;
      if (outcome.kind === 'wrong_expected_revision') {
        await pause(Math.random() * 5 * race);
        // Nothing beyond the head, yet the head is wrong: it came from an index of another past. The log decides.
        if (!(await readOn(this.store, stream, head))) head = await readHead(this.store, stream, -1n);
        continue;
      }
      open = settleWritten(head, open, { fresh, outcome });
    }
    this.#heads.put(stream, head);
    for (const { settle } of open) settle({ kind: 'unavailable', cause: new Error(`${RACES_MAX} races lost on ${stream}.`) });
  }

  /** Answers those whose id is in the log; the rest stays open. The head may be read anew, when the index has gone away. */
  async #settleKnown(stream: string, given: StreamHead, open: Waiting[]): Promise<{ head: StreamHead; open: Waiting[] }> {
    let head = given;
    const unknown = open.filter((waiting) => !settleIfKnown(stream, head, waiting));
    const answers = await Promise.all(unknown.map(({ event }) => this.index.find(event.eventId)));
    if (head.indexedTo >= 0n && answers.some(({ kind }) => kind === 'unavailable')) {
      head = await readHead(this.store, stream, -1n);
    }
    const rest: Waiting[] = [];
    for (const [at, waiting] of unknown.entries()) {
      if (settleIfKnown(stream, head, waiting)) continue;
      const answer = answers[at];
      const known = answer?.kind === 'found' ? await this.#readBack(waiting.event.eventId, answer) : null;
      if (answer?.kind !== 'found' || known === null) rest.push(waiting);
      else waiting.settle(outcomeOf(answer.stream, known, waiting.event));
    }
    return { head, open: rest };
  }

  async #readBack(eventId: string, at: { stream: string; revision: bigint }): Promise<KnownEvent | null> {
    const event = await readEventAt(this.store, at.stream, at.revision);
    return event?.eventId === eventId ? knownEventOf(event) : null;
  }
}

/** How many of the lane's first events share an append. */
function shareOf(lane: readonly Waiting[], bytesMax: number): number {
  let bytes = 0;
  const end = lane.findIndex(({ event }) => (bytes += appendSizeOf(event)) > bytesMax);
  return end < 0 ? lane.length : Math.max(end, 1);
}

/** The first of each id, in order; the same event delivered twice at once is written once. */
function distinct(open: readonly Waiting[]): NewEvent[] {
  const byId = new Map<string, NewEvent>();
  for (const { event } of open) if (!byId.has(event.eventId)) byId.set(event.eventId, event);
  return [...byId.values()];
}

function settleIfKnown(stream: string, head: StreamHead, { event, settle }: Waiting): boolean {
  const known = head.events.get(event.eventId);
  if (known === undefined) return false;
  settle(outcomeOf(stream, known, event));
  return true;
}

function outcomeOf(stream: string, known: KnownEvent, event: NewEvent): AppendOutcome {
  const conflicts = known.contentHash !== null && known.contentHash !== event.contentHash && known.apiVersion === event.apiVersion;
  return conflicts
    ? { kind: 'conflict', stream, revision: known.revision }
    : { kind: 'duplicate', stream, revision: known.revision, position: known.position };
}

/** After a write: takes it into the head and answers; the second delivery of a written event stays open and is found known. */
function settleWritten(head: StreamHead, open: Waiting[], { fresh, outcome }: { fresh: NewEvent[]; outcome: Exclude<WriteOutcome, { kind: 'wrong_expected_revision' }> }): Waiting[] {
  if (outcome.kind !== 'written') {
    for (const { settle } of open) settle(outcome);
    return [];
  }
  const { revision: last, position } = outcome;
  const rest: Waiting[] = [];
  const revisions = new Map(fresh.map((event, at) => [event, last - BigInt(fresh.length - 1 - at)]));
  for (const waiting of open) {
    const { event, settle } = waiting;
    const revision = revisions.get(event);
    if (revision === undefined) {
      rest.push(waiting);
      continue;
    }
    extend(head, event.eventId, { revision, position, contentHash: event.contentHash, apiVersion: event.apiVersion });
    settle({ kind: 'appended', stream: event.stream, revision, position });
  }
  return rest;
}
