import { setTimeout as pause } from 'node:timers/promises';
import type { Asker } from '../http/asker.js';
import type { Places } from './places.js';
import { clientLeft } from './refusals.js';

/** `poll` returns a test for which of the awaited things have happened. */
export type WaitsOptions<T> = Readonly<{
  places: Places;
  everyMs: number;
  poll: (waitedFor: readonly T[]) => Promise<(one: T) => boolean>;
}>;

type Waiting<T> = Readonly<{
  waitedFor: T;
  deadline: number;
  resolve: (came: boolean) => void;
  reject: (error: unknown) => void;
}>;

/**
 * Requests that wait for something, each for a limited time. All share one poll, and one whose client disconnects
 * releases its place at once.
 */
export class Waits<T> {
  readonly #waiting = new Set<Waiting<T>>();
  #polling = false;

  constructor(private readonly options: WaitsOptions<T>) {}

  /** Returns whether it happened in time. @throws ProblemError when no place is free, or the client disconnects */
  async until(waitedFor: T, { waitMs, asker: { token, signal } }: { waitMs: number; asker: Asker }): Promise<boolean> {
    if (signal.aborted) throw clientLeft();
    const giveBack = this.options.places.take(token);
    let stopWaiting = (): void => undefined;
    try {
      return await new Promise<boolean>((resolve, reject) => {
        const waiting: Waiting<T> = { waitedFor, deadline: performance.now() + waitMs, resolve, reject };
        const left = () => reject(clientLeft());
        signal.addEventListener('abort', left);
        this.#waiting.add(waiting);
        stopWaiting = () => {
          signal.removeEventListener('abort', left);
          this.#waiting.delete(waiting);
        };
        if (!this.#polling) void this.#poll();
      });
    } finally {
      stopWaiting();
      giveBack();
    }
  }

  /** Polls while there are waiting requests. */
  async #poll(): Promise<void> {
    this.#polling = true;
    while (this.#waiting.size > 0) {
      await this.#round([...this.#waiting]);
      if (this.#waiting.size > 0) await pause(this.options.everyMs);
    }
    this.#polling = false;
  }

  async #round(waiting: readonly Waiting<T>[]): Promise<void> {
    try {
      const came = await this.options.poll(waiting.map(({ waitedFor }) => waitedFor));
      const now = performance.now();
      for (const one of waiting) {
        if (came(one.waitedFor)) one.resolve(true);
        else if (now >= one.deadline) one.resolve(false);
      }
    } catch (error) {
      for (const one of waiting) one.reject(error);
    }
    // Requests that were answered leave in the next turn of the event loop.
    await pause(0);
  }
}
