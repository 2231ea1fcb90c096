import type { FollowOptions } from './follower.js';
import type { EventStore } from '../eventstore/event-store.js';
import { subscribeToLog, type LogEvent } from '../eventstore/log-subscription.js';
import { StoreUnavailable } from '../eventstore/store-errors.js';
import { Patience } from '../projector/away.js';
import { shardOf } from '../projector/shard.js';
import type { LogPosition } from '../read-models/checkpoints.js';

/** One worker's share of a piece of the log: the bytes of its own events, and the end of the piece. */
export type Deal = Readonly<{
  /** Concatenated responses of the store; `ends` holds the end of each. */
  bytes: ArrayBuffer;
  ends: readonly number[];
  /** The last event of the piece, of any worker. */
  last: NonNullable<LogPosition>;
  /** How many events of the piece belong to other workers. */
  others: number;
}>;

/** The maximum size of a piece in events and bytes; its last event may exceed it. */
const PIECE_MAX = { events: 256, bytes: 1024 * 1024 };
/** The most bytes that may wait for one worker; one more piece may be in transit. */
const WAITING_BYTES_MAX = 2 * 1024 * 1024;

/** The share of one worker. */
export class Hand {
  #responses: Buffer[] = [];
  #waiting = 0;
  #changed = (): void => undefined;

  constructor(private readonly give: (deal: Deal) => void) {}

  add(response: Buffer): void {
    this.#responses.push(response);
  }

  /** Sends the worker its part of a piece with this many events. */
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

  /** Records that the worker has read this many bytes. */
  taken(bytes: number): void {
    this.#waiting -= bytes;
    this.#changed();
  }

  /** Resolves when the worker can receive more, or the signal aborts. */
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
 * Reads the log once, up to a position, and distributes its events to workers by stream. Decodes only the envelopes.
 * Retries while the store is unavailable. Ends when the signal aborts.
 * @throws other errors of the store
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

/** Collects events into pieces. */
class Dealer {
  #events = 0;
  #bytes = 0;
  /** The position of the last added event. */
  last: bigint | null = null;
  isDone = false;

  constructor(
    private readonly hands: readonly Hand[],
    private readonly until: bigint,
  ) {}

  /** Adds an event; true when that completed a piece, which was sent. */
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
