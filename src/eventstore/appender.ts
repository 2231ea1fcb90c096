import type { IndexAnswer } from './append-decision.js';
import { appendSizeOf, ClockSkew, type NewEvent, type WriteOutcome } from './append.js';
import { failureOf, type EventStore } from './event-store.js';
import { LogNow } from './log-now.js';
import { Lanes, type LaneLimits, type Waiting } from './lanes.js';
import { SharedAppend, type Settled } from './shared-append.js';
import { leanOnIndex, StreamHeads } from './stream-heads.js';

export type AppendOutcome =
  | {
      readonly kind: 'appended';
      readonly stream: string;
      readonly revision: bigint;
      readonly position: bigint;
      /** The log already had the event, rendered in another API version. */
      readonly isRendering: boolean;
    }
  /**
   * The log already has the event in this API version, or had it in any before an operator hid it. `position`: null
   * when its stream hides it and the index does not know it.
   */
  | { readonly kind: 'duplicate'; readonly stream: string; readonly revision: bigint; readonly position: bigint | null }
  /** The log has the id with different content in the same API version. */
  | { readonly kind: 'conflict'; readonly stream: string; readonly revision: bigint }
  /** The stream is tombstoned and accepts no more events. */
  | { readonly kind: 'stream_deleted'; readonly stream: string }
  /** The event was to be appended at a given revision, but the stream ends elsewhere. Nothing was appended. */
  | { readonly kind: 'moved'; readonly stream: string }
  /** `limitBytes`: the limit of one append; null when the store did not report one. */
  | { readonly kind: 'too_large'; readonly limitBytes: number | null }
  | { readonly kind: 'overloaded' }
  | { readonly kind: 'unavailable'; readonly cause: unknown };

/**
 * The index of event ids, as the appender uses it. It speeds up appends, and remembers events that an operator has
 * hidden. What it finds is checked against the log before it counts; where it is behind, the stream itself is read.
 */
export type EventIdIndex = {
  /** Returns the places of this id and, unless `stream` is null, the last indexed event of that stream. */
  find(eventId: string, stream: string | null): Promise<IndexAnswer>;
};

/** For a process without an index: every stream is read. */
export const noIndex: EventIdIndex = { find: async () => ({ kind: 'unavailable' }) };

export type AppenderLimits = LaneLimits &
  Readonly<{
    /** The store's limit for one append, in bytes. */
    appendBytesMax: number;
    /** Ids in cached heads, about 100 bytes each. */
    cachedIdsMax: number;
    timeoutMs: number;
  }>;

/** Why the last append failed, and further ones will: the store's clock, its access rights, or it accepts none now. */
export type Trouble = Readonly<{ kind: 'clock_skew' | 'refused' | 'not_writable'; cause: string }>;

/**
 * A trouble expires without new failures: a process that is not ready gets no deliveries, so no append could clear it.
 */
const TROUBLE_LASTS_MS = 10_000;

/** The most streams tried for one event. */
const STREAMS_MAX = 3;

/** Appends each event to its stream once. */
export class Appender {
  #heads: StreamHeads;
  readonly #lanes: Lanes<Settled>;
  #logNow: LogNow;
  #callsEnded = 0;
  #trouble: Readonly<{ trouble: Trouble; at: number }> | null = null;

  /** `now` is a clock in milliseconds. */
  constructor(
    private readonly store: EventStore,
    private readonly index: EventIdIndex,
    private readonly limits: AppenderLimits,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#heads = new StreamHeads(limits.cachedIdsMax);
    this.#logNow = new LogNow(store);
    this.#lanes = new Lanes(limits, (stream, share) => this.#appendAll(stream, share), now);
  }

  /** Events waiting or in flight. */
  get waiting(): number {
    return this.#lanes.events;
  }

  /** Why appends fail; null after a successful one, and when none failed for 10 s. */
  get trouble(): Trouble | null {
    if (this.#trouble !== null && this.now() - this.#trouble.at > TROUBLE_LASTS_MS) this.#trouble = null;
    return this.#trouble?.trouble ?? null;
  }

  /** Resolves when the event is durable in the log, or with the reason why it is not. Never rejects. */
  append(event: NewEvent): Promise<AppendOutcome> {
    const { appendBytesMax } = this.limits;
    if (appendSizeOf(event) > appendBytesMax) return Promise.resolve({ kind: 'too_large', limitBytes: appendBytesMax });
    return this.#enter(event);
  }

  /** If another stream has the event in another API version, it is appended there, whatever its own route. */
  async #enter(event: NewEvent, streamsLeft = STREAMS_MAX): Promise<AppendOutcome> {
    const outcome = await this.#lanes.enter(event);
    if (outcome.kind !== 'elsewhere') return outcome;
    if (streamsLeft > 1) return this.#enter({ ...event, stream: outcome.stream }, streamsLeft - 1);
    return { kind: 'unavailable', cause: new Error(`${event.stream} and ${outcome.stream} have one event in turn.`) };
  }

  async #appendAll(stream: string, share: readonly Waiting<Settled>[]): Promise<void> {
    const { store, index } = this;
    const { timeoutMs, cachedIdsMax: idsMax } = this.limits;
    const callsEnded = this.#forgetOtherLog();
    const shared = new SharedAppend(
      { store, index, log: this.#logNow, timeoutMs, idsMax, onWrite: (outcome) => this.#note(outcome) },
      stream,
      share,
    );
    try {
      const head = await shared.run(this.#heads.take(stream));
      leanOnIndex(head, shared.answer);
      if (callsEnded === store.appends.appendCallsEnded) this.#heads.put(stream, head);
    } catch (cause) {
      this.#note({ kind: 'unavailable', cause });
      shared.fail(cause);
    }
  }

  /**
   * Discards the cached heads when an append call has ended: a store that was unavailable may have been restored from a
   * backup, without events that this process appended. Returns the number of calls that have ended.
   */
  #forgetOtherLog(): number {
    const { appendCallsEnded } = this.store.appends;
    if (appendCallsEnded !== this.#callsEnded) {
      this.#heads = new StreamHeads(this.limits.cachedIdsMax);
      this.#logNow = new LogNow(this.store);
      this.#callsEnded = appendCallsEnded;
    }
    return appendCallsEnded;
  }

  #note(outcome: WriteOutcome): void {
    if (outcome.kind === 'unavailable') this.#trouble = { trouble: troubleOf(outcome.cause), at: this.now() };
    else this.#trouble = null;
  }
}

function troubleOf(error: unknown): Trouble {
  const cause = error instanceof Error ? error.message : String(error);
  if (error instanceof ClockSkew) return { kind: 'clock_skew', cause };
  const failure = failureOf(error);
  return failure === 'access_denied' || failure === 'refused'
    ? { kind: 'refused', cause: `The event store refuses appends: ${cause}` }
    : { kind: 'not_writable', cause: `The event store does not accept appends: ${cause}` };
}
