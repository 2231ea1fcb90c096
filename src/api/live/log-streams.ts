import { Logger } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { withTimeout } from '../../eventstore/event-store.js';
import type { Asker } from '../../http/asker.js';
import { ProblemError } from '../../http/problem.js';
import { Places, type PlacesOptions } from '../places.js';
import { sent } from '../sent.js';
import { LIVE_HEADERS } from './live-reader.js';

const BEAT_MS = 10_000;
const STORE_ANSWERS_WITHIN_MS = 5_000;

/** One Server-Sent Event; `id` is the position of its event in the log. */
export type Message = Readonly<{ event: string; id: string; data: unknown }>;

/**
 * Streams of log events for many readers: each message once, in log order. Each reader has its own subscription, which
 * is not read while its connection is full, so that little memory is held for it.
 */
export class LogStreams {
  readonly #logger = new Logger('live');
  readonly #stopping = new AbortController();
  readonly #places: Places;

  constructor(places: Omit<PlacesOptions, 'full'>) {
    this.#places = new Places({ ...places, full: () => new ProblemError('too_many_live') });
    // Every reader adds a listener.
    setMaxListeners(0, this.#stopping.signal);
  }

  /** Aborts when the service stops. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Takes a place for the caller, and returns the function that releases it. @throws ProblemError when none is free */
  take(asker: Asker): () => void {
    return this.#places.take(asker.token);
  }

  /** Ends all streams. */
  stop(): void {
    this.#stopping.abort();
  }

  /**
   * Finds the start position, while an error can still be answered, and returns a function that starts the stream on a
   * response.
   * @throws ProblemError
   */
  async follow(
    asker: Asker,
    beginning: () => Promise<bigint | null>,
    messages: (after: bigint | null, signal: AbortSignal) => AsyncIterable<Message>,
  ): Promise<(response: ServerResponse) => void> {
    const giveBack = this.take(asker);
    try {
      const after = await withTimeout(beginning(), STORE_ANSWERS_WITHIN_MS, 'The event store');
      if (this.stopping.aborted) throw new ProblemError('too_many_live');
      const signal = AbortSignal.any([asker.signal, this.stopping]);
      return (response) => void this.#send(response, messages(after, signal), signal).finally(giveBack);
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  /** Ends when the client disconnects, the service stops, or the store fails; the client then resumes. */
  async #send(response: ServerResponse, messages: AsyncIterable<Message>, signal: AbortSignal): Promise<void> {
    response.on('error', () => response.destroy());
    response.writeHead(200, LIVE_HEADERS);
    response.write('retry: 1000\n\n');
    const beating = setInterval(() => {
      if (!response.writableNeedDrain) response.write(': still here\n\n');
    }, BEAT_MS);
    try {
      for await (const { event, id, data } of messages)
        await sent(response, `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`, signal);
    } catch (error) {
      if (!signal.aborted)
        this.#logger.warn(`A live stream ends: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      clearInterval(beating);
      response.end();
    }
  }
}
