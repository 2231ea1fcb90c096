import { setImmediate as othersTurn } from 'node:timers/promises';
import type { IndexAnswer } from './append-decision.js';
import type { EventStore } from './event-store.js';
import { lastPositionOf } from './raw-event.js';
import { speaksOfLog } from './stream-reading.js';

/** What an append may rely on without a look at its stream: an index that speaks of this log, and where the log ended before. */
export class LogNow {
  #next: Promise<bigint | null> | null = null;
  #reading: Promise<unknown> = Promise.resolve();
  #confirmed: Readonly<{ answer: string; isTrue: Promise<boolean> }> | null = null;

  constructor(private readonly store: EventStore) {}

  /**
   * The position of the last record of the log, read after this call; null when the log does not tell. Who asks while it is read
   * shares the next reading.
   */
  end(): Promise<bigint | null> {
    // What else asks by the end of this turn shares the reading.
    this.#next ??= this.#reading
      .then(() => othersTurn())
      .then(() => {
        this.#next = null;
        const end = lastPositionOf(this.store).catch(() => null);
        this.#reading = end;
        return end;
      });
    return this.#next;
  }

  /** Whether an answer is one of an index of this log. The event at which the index stands is looked at once. */
  isOf(answer: Extract<IndexAnswer, { kind: 'answered' }>): Promise<boolean> {
    const name = `${answer.log} ${answer.position} ${answer.eventId}`;
    if (this.#confirmed?.answer !== name)
      this.#confirmed = { answer: name, isTrue: speaksOfLog(this.store, answer).catch(() => false) };
    return this.#confirmed.isTrue;
  }
}
