import type { EventStore } from '../eventstore/event-store.js';
import { FOLLOWED } from '../eventstore/log-subscription.js';
import { readBytesOfTypes } from '../eventstore/own-streams.js';
import type { ReadBytes } from '../eventstore/read-response.js';

/** An event of a stream of Stripe's objects; `from` is the position before it, -1n at the start of the log. */
export type SeenEvent = Readonly<{
  stream: string;
  from: bigint;
  position: bigint;
  stripeEventId: string | null;
  atMs: number;
}>;

/** At most this many events are taken per round; PAGE is the number of events per read. */
const TAKEN_MAX = 20_000;
const PAGE = 250;
const METADATA = /^\$\$(.+)$/;

/**
 * Reads the log up to the position of the rows, page by page: a subscription would wake store and reader for each
 * event.
 */
export class SeenEvents {
  /** Events that were read but are beyond the rows. */
  #waiting: SeenEvent[] = [];
  /** The position up to which the log was read; null when it is not followed. */
  #last: bigint | null = null;
  #reached: bigint | null = null;
  #isShortened = false;

  constructor(
    private readonly store: EventStore,
    private readonly now: () => Date,
  ) {}

  /** The position up to which all events were taken; null when the log is not followed. */
  get reached(): bigint | null {
    return this.#reached;
  }

  /** Follows the log from after a position (-1n: from its start), unless it is followed already. */
  follow(after: bigint | null): void {
    if (this.#last !== null || after === null) return;
    this.#last = after;
    this.#reached = after;
  }

  stop(): void {
    this.#last = null;
    this.#waiting = [];
    this.#reached = null;
  }

  /**
   * Takes the events up to a position. `isShortened`: a stream was truncated or deleted, so rows of any customer may be
   * gone. @throws the errors of the store
   */
  async take(upTo: bigint): Promise<{ events: SeenEvent[]; isShortened: boolean }> {
    await this.#readTo(upTo);
    const count = this.#waiting.findIndex(({ position }) => position > upTo);
    const events = this.#waiting.splice(0, count < 0 ? this.#waiting.length : count);
    const isShortened = this.#isShortened;
    this.#isShortened = false;
    // The position also passes events that are not about an object.
    if (this.#waiting[0] !== undefined) this.#reached = this.#waiting[0].from;
    else if (this.#last !== null && this.#last <= upTo) this.#reached = this.#last;
    return { events, isShortened };
  }

  async #readTo(upTo: bigint): Promise<void> {
    while (this.#last !== null && this.#last < upTo && this.#waiting.length < TAKEN_MAX) {
      const after = this.#last < 0n ? null : this.#last;
      const page = await readBytesOfTypes(this.store, { types: FOLLOWED, after, max: PAGE });
      for (const event of page) {
        this.#see(event, this.#last);
        this.#last = event.position;
      }
      if (page.length < PAGE) return;
    }
  }

  #see({ stream, position, type, metadata }: ReadBytes, from: bigint): void {
    const cut = type === '$streamDeleted' ? stream : METADATA.exec(stream)?.[1];
    // The metadata of outbox streams limits their length and affects no rows.
    if (cut !== undefined && !/^(\$|outbox-)/.test(cut)) this.#isShortened = true;
    const stripeEventId = type.startsWith('$') ? undefined : stripeEventIdIn(metadata);
    if (stripeEventId !== undefined)
      this.#waiting.push({ stream, from, position, stripeEventId, atMs: this.now().getTime() });
  }
}

/** Returns undefined for an event that is not from Stripe, null for one without a Stripe event id. */
function stripeEventIdIn(metadata: Buffer): string | null | undefined {
  try {
    const { format, stripeEventId } = JSON.parse(metadata.toString()) as { format?: unknown; stripeEventId?: unknown };
    if (typeof format !== 'number') return undefined;
    return typeof stripeEventId === 'string' ? stripeEventId : null;
  } catch {
    return undefined;
  }
}
