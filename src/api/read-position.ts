import { setTimeout as pause } from 'node:timers/promises';
import { ProblemError } from '../http/problem.js';
import { isNotYetMade, type Database } from '../read-models/database.js';
import { linesOf, readLines, type Line } from '../read-models/lines.js';
import type { AnyProjection } from '../../projections/projection.js';

const POLL_MS = 20;
const WAITING_MAX = 1_000;

/**
 * Reading your own writes: waits until the read models have reached a position of the log. All who wait
 * share one poll of the checkpoints, and no more than a bounded number may wait.
 */
export class ReadPosition {
  #waiting = 0;
  #poll: Promise<bigint> | undefined;

  constructor(
    private readonly database: Database,
    private readonly projections: readonly AnyProjection[],
  ) {}

  /**
   * Up to where the rows that this build reads are complete, -1n before the first event; and which of them
   * have not been at the end of the log yet.
   */
  async read(): Promise<{ position: bigint; building: readonly string[] }> {
    const shown = (await this.#lines()).filter((line) => line.shown);
    const building = shown.filter(({ state }) => state === 'building').map(({ line }) => line);
    // The index is a line too, so there is one more of them when all are made.
    return { position: shown.length > this.projections.length ? lowestOf(shown) : -1n, building };
  }

  async #lines(): Promise<readonly Line[]> {
    return readLines(this.database).then((lines) => linesOf(lines, this.projections), (error: unknown) => {
      if (isNotYetMade(error)) return [];
      throw error;
    });
  }

  /** Waits as a request's `minPosition` and `waitMs` ask for. @throws ProblemError 503 when it is not reached. */
  async satisfy({ minPosition, waitMs }: { readonly minPosition?: bigint | undefined; readonly waitMs: number }): Promise<void> {
    if (minPosition !== undefined) await this.#reach(minPosition, waitMs);
  }

  async #reach(position: bigint, waitMs: number): Promise<void> {
    const deadline = performance.now() + waitMs;
    if (this.#waiting >= WAITING_MAX) throw new ProblemError({ status: 503, code: 'too_many_waiting', title: 'Too many waiting', detail: `${WAITING_MAX} requests wait for a position already.`, retryAfterS: 1 });
    this.#waiting += 1;
    try {
      for (;;) {
        const reached = await this.#polled();
        if (reached >= position) return;
        if (performance.now() >= deadline) {
          throw new ProblemError({ status: 503, code: 'position_not_reached', title: 'Not that far yet', detail: `The read models are at position ${reached}; ${position} was not reached within ${waitMs} ms.`, retryAfterS: 1 });
        }
        await pause(POLL_MS);
      }
    } finally {
      this.#waiting -= 1;
    }
  }

  #polled(): Promise<bigint> {
    this.#poll ??= this.read().then(({ position }) => position).finally(() => { this.#poll = undefined; });
    return this.#poll;
  }
}

const lowestOf = (lines: readonly Line[]): bigint =>
  lines.map(({ at }) => at?.position ?? -1n).reduce((lowest, position) => (position < lowest ? position : lowest));
