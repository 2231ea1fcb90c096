import type { OnModuleDestroy } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { AccessChange } from '../../access-changes/change.js';
import { followChanges, readChanges } from '../../access-changes/change-log.js';
import type { EventStore } from '../../eventstore/event-store.js';
import { lastRecordOf } from '../../eventstore/raw-event.js';
import { InvalidPosition } from '../../eventstore/store-errors.js';
import type { Asker } from '../../http/asker.js';
import { LIMITS } from '../limits.js';
import { LogStreams, type Message } from '../live/log-streams.js';
import { badQuery } from '../query.js';

/** A page of the feed; `nextAfter` is the `after` of the next request, null for an empty log. */
export type FeedPage = Readonly<{ data: AccessChange[]; nextAfter: string | null }>;

/** Changes of access in log order, for polling and for streams. */
export class AccessFeed implements OnModuleDestroy {
  readonly #streams = new LogStreams({ ...LIMITS.accessReaders, what: 'connections follow changes of access' });

  constructor(private readonly store: EventStore) {}

  onModuleDestroy(): void {
    this.#streams.stop();
  }

  /** Returns the changes after a position; waits for one when there is none. @throws ProblemError */
  async page(
    { after, limit: max, waitMs }: { after: bigint | null; limit: number; waitMs: number },
    asker: Asker,
  ): Promise<FeedPage> {
    const page = await this.#read(after, max);
    if (page.data.length > 0 || waitMs === 0) return page;
    const giveBack = this.#streams.take(asker);
    const waiting = new AbortController();
    const stop = (): void => waiting.abort();
    const timer = setTimeout(stop, waitMs);
    const signals = [asker.signal, this.#streams.stopping];
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

  /** Returns a function that starts the stream on a response. @throws ProblemError */
  follow(lastEventId: string | undefined, asker: Asker): Promise<(response: ServerResponse) => void> {
    return this.#streams.follow(
      asker,
      () => this.#beginning(lastEventId),
      (after, signal) => this.#messages(after, signal),
    );
  }

  async #beginning(lastEventId: string | undefined): Promise<bigint | null> {
    if (lastEventId === undefined || lastEventId === '') return (await lastRecordOf(this.store))?.position ?? null;
    if (!/^\d{1,18}$/.test(lastEventId)) throw badQuery('Last-Event-ID: must be the position of a change');
    // Answers a position of another log with an error before the stream starts.
    await this.#read(BigInt(lastEventId), 1);
    return BigInt(lastEventId);
  }

  async *#messages(after: bigint | null, signal: AbortSignal): AsyncGenerator<Message> {
    for await (const change of followChanges(this.store, { after, signal }))
      yield { event: change.type, id: change.position, data: change };
  }
}
