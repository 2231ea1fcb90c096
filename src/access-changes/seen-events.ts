import type { EventStore } from '../eventstore/event-store.js';
import { subscribeToLog } from '../eventstore/log-subscription.js';

/** An event of a stream of Stripe's objects; `from` is the position before it, -1n at the start of the log. */
export type SeenEvent = Readonly<{
  stream: string;
  from: bigint;
  position: bigint;
  stripeEventId: string | null;
  atMs: number;
}>;

/** Beyond it the log is not read further until some are taken. */
const WAITING_MAX = 20_000;
/** A subscription that the store ended is begun again by the next round. */
const METADATA = /^\$\$(.+)$/;

/** What comes in the log, kept until the rows are as far. */
export class SeenEvents {
  #waiting: SeenEvent[] = [];
  #stopping: AbortController | null = null;
  #reading: Promise<void> = Promise.resolve();
  #drained = (): void => undefined;
  #last = -1n;
  #reached: bigint | null = null;
  #isShortened = false;

  constructor(
    private readonly store: EventStore,
    private readonly now: () => Date,
  ) {}

  /** Up to where all was taken; null when nothing was. */
  get reached(): bigint | null {
    return this.#reached;
  }

  /** Reads on after a position, -1n for the start of the log, unless it does already. */
  follow(after: bigint | null): void {
    if (this.#stopping !== null || after === null) return;
    const stopping = new AbortController();
    this.#stopping = stopping;
    this.#last = after;
    this.#reached = after;
    this.#reading = this.#read(after, stopping.signal)
      .catch(() => undefined)
      .finally(() => {
        if (this.#stopping === stopping) this.#clear();
      });
  }

  /** Events up to a position; and whether a stream was cut or deleted, so that anybody's rows may have gone. */
  take(upTo: bigint): { events: SeenEvent[]; isShortened: boolean } {
    const count = this.#waiting.findIndex(({ position }) => position > upTo);
    const events = this.#waiting.splice(0, count < 0 ? this.#waiting.length : count);
    const isShortened = this.#isShortened;
    this.#isShortened = false;
    // What was no event of an object is passed, too.
    this.#reached = this.#waiting.length > 0 ? (this.#waiting[0]?.from ?? this.#reached) : this.#reachedBy(upTo);
    this.#drained();
    return { events: events.filter(({ stream }) => stream !== ''), isShortened };
  }

  #reachedBy(upTo: bigint): bigint | null {
    return this.#stopping === null ? this.#reached : this.#last <= upTo ? this.#last : this.#reached;
  }

  async stop(): Promise<void> {
    this.#stopping?.abort();
    this.#clear();
    await this.#reading;
  }

  #clear(): void {
    this.#stopping = null;
    this.#waiting = [];
    this.#reached = null;
    this.#drained();
  }

  async #read(after: bigint, signal: AbortSignal): Promise<void> {
    const place = after < 0n ? null : after;
    for await (const batch of subscribeToLog(this.store, { after: place, signal })) {
      for (const { event } of batch) {
        if (signal.aborted) return;
        const { stream, position, type, metadata } = event;
        const cut = type === '$streamDeleted' ? stream : METADATA.exec(stream)?.[1];
        // What limits a place of an outbox cuts nobody's rows.
        if (cut !== undefined && !/^(\$|outbox-)/.test(cut)) this.#isShortened = true;
        const stripeEventId = type.startsWith('$') ? undefined : stripeEventIdIn(metadata);
        if (stripeEventId !== undefined)
          this.#waiting.push({ stream, from: this.#last, position, stripeEventId, atMs: this.now().getTime() });
        this.#last = position;
      }
      while (this.#waiting.length > WAITING_MAX && !signal.aborted)
        await new Promise<void>((resolve) => {
          this.#drained = resolve;
        });
    }
  }
}

/** Undefined for an event that the ledger did not take from Stripe. */
function stripeEventIdIn(metadata: Buffer): string | null | undefined {
  try {
    const { format, stripeEventId } = JSON.parse(metadata.toString()) as { format?: unknown; stripeEventId?: unknown };
    if (typeof format !== 'number') return undefined;
    return typeof stripeEventId === 'string' ? stripeEventId : null;
  } catch {
    return undefined;
  }
}
