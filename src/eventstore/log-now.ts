import { setImmediate as othersTurn } from 'node:timers/promises';
import type { IndexAnswer } from './append-decision.js';
import type { EventStore } from './event-store.js';
import { readNameOfLog } from './log-name.js';
import { lastRecordOf, recordAt, type Record } from './raw-event.js';

/**
 * What an append may rely on without reading its stream: that the index describes this log, and where the log ended.
 */
export class LogNow {
  #next: Promise<Record | null> | null = null;
  #reading: Promise<unknown> = Promise.resolve();
  #name: Promise<string | null> | null = null;
  #confirmed: Readonly<{ at: Record; isThere: Promise<boolean> }> | null = null;

  constructor(private readonly store: EventStore) {}

  /** Returns the last record, read after this call; null when unreadable. Calls during a read share the next. */
  end(): Promise<Record | null> {
    // Calls until the end of this turn share the read.
    this.#next ??= this.#reading
      .then(() => othersTurn())
      .then(() => {
        this.#next = null;
        const end = lastRecordOf(this.store).catch(() => null);
        this.#reading = end;
        return end;
      });
    return this.#next;
  }

  /** The name of the log; null while it has none. @throws when it cannot be read */
  name(): Promise<string | null> {
    this.#name ??= readNameOfLog(this.store).then(
      (name) => {
        if (name === null) this.#name = null;
        return name;
      },
      (error: unknown) => {
        this.#name = null;
        throw error;
      },
    );
    return this.#name;
  }

  /**
   * Whether an answer comes from an index of this log: its name matches, and so does the event at the index's position.
   * That event is read once, unless it is the end of the log.
   */
  async isOf({ log, position, eventId }: Extract<IndexAnswer, { kind: 'answered' }>, end: Record): Promise<boolean> {
    if (position > end.position || log !== (await this.name())) return false;
    if (position === end.position) return eventId === end.eventId;
    const { at } = this.#confirmed ?? {};
    if (at?.position !== position || at.eventId !== eventId) {
      const isThere = recordAt(this.store, position).then(
        (record) => record?.eventId === eventId,
        // EventStoreDB reports a position inside an event as an error; after any other error, false is safe too.
        () => false,
      );
      this.#confirmed = { at: { position, eventId }, isThere };
    }
    return this.#confirmed?.isThere ?? false;
  }
}
