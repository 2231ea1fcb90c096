import { Logger, type OnModuleDestroy } from '@nestjs/common';
import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { AccessChange } from '../../access-changes/change.js';
import { followChanges, readChanges } from '../../access-changes/change-log.js';
import { withTimeout, type EventStore } from '../../eventstore/event-store.js';
import { lastRecordOf } from '../../eventstore/raw-event.js';
import { InvalidPosition } from '../../eventstore/store-errors.js';
import type { Asker } from '../../http/asker.js';
import { ProblemError } from '../../http/problem.js';
import { LIMITS } from '../limits.js';
import { LIVE_HEADERS } from '../live/live-reader.js';
import { Places } from '../places.js';
import { badQuery } from '../query.js';
import { sent } from '../sent.js';

const BEAT_MS = 10_000;
const STORE_ANSWERS_WITHIN_MS = 5_000;

/** A page of the feed; `nextAfter` is what to ask after next, null for a log that is empty. */
export type FeedPage = Readonly<{ data: AccessChange[]; nextAfter: string | null }>;

/** Changes of access to whoever reads or follows them, in the order of the log. */
export class AccessFeed implements OnModuleDestroy {
  readonly #logger = new Logger('access');
  readonly #stopping = new AbortController();
  readonly #places = new Places({
    ...LIMITS.accessReaders,
    what: 'connections follow changes of access',
    full: () => new ProblemError('too_many_live'),
  });

  constructor(private readonly store: EventStore) {
    // All who wait or follow listen to it, up to their limit.
    setMaxListeners(0, this.#stopping.signal);
  }

  onModuleDestroy(): void {
    this.#stopping.abort();
  }

  /** Changes after a position; waits for one when there is none. @throws ProblemError */
  async page(
    { after, limit: max, waitMs }: { after: bigint | null; limit: number; waitMs: number },
    asker: Asker,
  ): Promise<FeedPage> {
    const page = await this.#read(after, max);
    if (page.data.length > 0 || waitMs === 0) return page;
    const giveBack = this.#places.take(asker.token);
    const waiting = new AbortController();
    const stop = (): void => waiting.abort();
    const timer = setTimeout(stop, waitMs);
    const signals = [asker.signal, this.#stopping.signal];
    for (const signal of signals) signal.addEventListener('abort', stop);
    try {
      if (signals.some(({ aborted }) => aborted)) stop();
      const from = page.nextAfter === null ? null : BigInt(page.nextAfter);
      for await (const change of followChanges(this.store, { after: from, signal: waiting.signal }))
        return { data: [change], nextAfter: change.position };
      return page;
    } finally {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', stop);
      stop();
      giveBack();
    }
  }

  async #read(after: bigint | null, max: number): Promise<FeedPage> {
    try {
      const { changes, scannedTo } = await readChanges(this.store, { after, max });
      return { data: changes, nextAfter: scannedTo === null ? null : String(scannedTo) };
    } catch (error) {
      if (error instanceof InvalidPosition)
        throw badQuery('after: must be the nextAfter of a page, or the position of a change');
      throw error;
    }
  }

  /**
   * Finds where to begin, so that a problem can still be answered, and returns what begins the stream on a response.
   * @throws ProblemError
   */
  async follow(lastEventId: string | undefined, asker: Asker): Promise<(response: ServerResponse) => void> {
    const giveBack = this.#places.take(asker.token);
    try {
      const after = await withTimeout(this.#beginning(lastEventId), STORE_ANSWERS_WITHIN_MS, 'The event store');
      if (this.#stopping.signal.aborted) throw new ProblemError('too_many_live');
      const signal = AbortSignal.any([asker.signal, this.#stopping.signal]);
      return (response) => void this.#tell(response, after, signal).finally(giveBack);
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  async #beginning(lastEventId: string | undefined): Promise<bigint | null> {
    if (lastEventId === undefined || lastEventId === '') return (await lastRecordOf(this.store))?.position ?? null;
    if (!/^\d{1,18}$/.test(lastEventId)) throw badQuery('Last-Event-ID: must be the position of a change');
    // A position that is none of this log is answered before the stream begins.
    await this.#read(BigInt(lastEventId), 1);
    return BigInt(lastEventId);
  }

  /** Ends when the client leaves, the service stops, or the store does: the client goes on where it was. */
  async #tell(response: ServerResponse, after: bigint | null, signal: AbortSignal): Promise<void> {
    response.on('error', () => response.destroy());
    response.writeHead(200, LIVE_HEADERS);
    response.write('retry: 1000\n\n');
    const beating = setInterval(() => {
      if (!response.writableNeedDrain) response.write(': still here\n\n');
    }, BEAT_MS);
    try {
      for await (const change of followChanges(this.store, { after, signal }))
        await sent(
          response,
          `event: ${change.type}\nid: ${change.position}\ndata: ${JSON.stringify(change)}\n\n`,
          signal,
        );
    } catch (error) {
      if (!signal.aborted)
        this.#logger.warn(`A stream of changes ends: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      clearInterval(beating);
      response.end();
    }
  }
}
