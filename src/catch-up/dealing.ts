import type { FollowOptions } from './follower.js';
import type { EventStore } from '../eventstore/event-store.js';
import { subscribeToLog, type LogEvent } from '../eventstore/log-subscription.js';
import { StoreUnavailable } from '../eventstore/store-errors.js';
import { Patience } from '../projector/away.js';
import { shardOf } from '../projector/shard.js';
import type { LogPosition } from '../read-models/checkpoints.js';

/** A piece of the log as one worker gets it: its own events byte by byte, and where the piece ends. */
export type Deal = Readonly<{
  /** Responses of the store, one after the other; `ends` says where each of them ends. */
  bytes: ArrayBuffer;
  ends: readonly number[];
  /** The last event of the piece, whichever worker it falls to. */
  last: NonNullable<LogPosition>;
  /** How many events of the piece fall to others. */
  others: number;
}>;

/** What a piece of the log is at most, in events and in bytes, unless its last event is larger. */
const PIECE_MAX = { events: 256, bytes: 1024 * 1024 };
/** What one worker may have been dealt and not taken, in bytes; one piece more may be on the way. */
const WAITING_BYTES_MAX = 2 * 1024 * 1024;

/** One worker's place at the table. */
export class Hand {
  #responses: Buffer[] = [];
  #waiting = 0;
  #changed = (): void => undefined;

  constructor(private readonly give: (deal: Deal) => void) {}

  add(response: Buffer): void {
    this.#responses.push(response);
  }

  /** Gives the worker what was added, as its part of a piece of so many events. */
  deal(events: number, last: Deal['last']): void {
    const responses = this.#responses;
    this.#responses = [];
    const bytes = new Uint8Array(responses.reduce((sum, { length }) => sum + length, 0));
    const ends: number[] = [];
    let at = 0;
    for (const response of responses) {
      bytes.set(response, at);
      ends.push((at += response.length));
    }
    this.#waiting += at;
    this.give({
      bytes: bytes.buffer,
      ends,
      last: { position: last.position, eventId: last.eventId },
      others: events - ends.length,
    });
  }

  /** The worker has taken so many bytes of what it was dealt. */
  taken(bytes: number): void {
    this.#waiting -= bytes;
    this.#changed();
  }

  /** Resolves when the worker can be dealt more, or the signal aborts. */
  async hasRoom(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#changed();
    signal.addEventListener('abort', stop);
    while (this.#waiting > WAITING_BYTES_MAX && !signal.aborted)
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    signal.removeEventListener('abort', stop);
  }
}

type Dealing = Readonly<{
  after: bigint | null;
  until: NonNullable<FollowOptions['until']>;
  hands: readonly Hand[];
  signal: AbortSignal;
}>;

/**
 * Reads the log once, up to a place, and deals its events out by their streams. Who reads decodes no more of an event than its
 * envelope. Where the store is away, it reads on later. Ends when the signal aborts.
 * @throws what the store fails with
 */
export async function dealLog(store: EventStore, { after, until, hands, signal }: Dealing): Promise<void> {
  const patience = new Patience(signal);
  const dealer = new Dealer(hands, until.position);
  while (!signal.aborted && !dealer.isDone) {
    try {
      for await (const come of subscribeToLog(store, { after: dealer.last ?? after, signal })) {
        patience.succeeded();
        for (const one of come)
          if (!dealer.isDone && dealer.add(one)) for (const hand of hands) await hand.hasRoom(signal);
        if (dealer.isDone || signal.aborted) return;
      }
      if (!signal.aborted) throw new StoreUnavailable('The store ended the subscription.');
    } catch (error) {
      if (signal.aborted) return;
      await patience.wait(error);
    }
  }
}

/** Gathers events into pieces. */
class Dealer {
  #events = 0;
  #bytes = 0;
  /** Where the last event stands that was added. */
  last: bigint | null = null;
  isDone = false;

  constructor(
    private readonly hands: readonly Hand[],
    private readonly until: bigint,
  ) {}

  /** True when a piece was full, and was dealt. */
  add({ event, response }: LogEvent): boolean {
    this.hands[shardOf(event.stream, this.hands.length)]?.add(response);
    [this.#events, this.#bytes, this.last] = [this.#events + 1, this.#bytes + response.length, event.position];
    this.isDone = event.position >= this.until;
    if (!this.isDone && this.#events < PIECE_MAX.events && this.#bytes < PIECE_MAX.bytes) return false;
    for (const hand of this.hands) hand.deal(this.#events, event);
    [this.#events, this.#bytes] = [0, 0];
    return true;
  }
}
