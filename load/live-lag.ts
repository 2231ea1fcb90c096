import { setTimeout as pause } from 'node:timers/promises';
import { HttpConnection } from './http-connection.js';
import { Latencies } from './latencies.js';

const WAIT_MS = 30_000;
const REST_MS = 20;

/** Samples under way at one time: where they are few, a long one keeps the others from being taken. */
const SAMPLERS = 16;

/**
 * How long after the answer to its delivery an event shows in the rows, while a storm goes on. Each sample is the event that was
 * acknowledged last, until the read API says that its position is reached.
 */
export class LiveLag {
  readonly latencies = new Latencies();
  #latest: { readonly position: string; readonly atMs: number } | undefined;
  #stopped = false;
  readonly #sampling: Promise<unknown>;

  constructor(
    origin: URL,
    private readonly token: string,
  ) {
    this.#sampling = Promise.all(
      Array.from({ length: SAMPLERS }, () => this.#sample(new HttpConnection(origin, 2 * WAIT_MS))),
    );
  }

  acknowledged(position: string): void {
    this.#latest = { position, atMs: performance.now() };
  }

  /** Resolves when the samples under way are done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#sampling;
  }

  async #sample(connection: HttpConnection): Promise<void> {
    while (!this.#stopped) {
      const taken = this.#latest;
      this.#latest = undefined;
      if (taken === undefined) await pause(REST_MS);
      else if (await this.#reached(connection, taken.position)) this.latencies.add(performance.now() - taken.atMs);
    }
    connection.close();
  }

  /** False when the service did not answer, as when it is killed under the storm: that is no lag. What is not reached in time counts with the time it was given. */
  async #reached(connection: HttpConnection, position: string): Promise<boolean> {
    const request = {
      method: 'GET',
      path: `/subscriptions?limit=1&minPosition=${position}&waitMs=${WAIT_MS}`,
      headers: { authorization: `Bearer ${this.token}` },
    } as const;
    const answer = await connection.request(request).catch(() => null);
    if (answer === null) await pause(REST_MS);
    return answer?.status === 200 || answer?.body.includes('position_not_reached') === true;
  }
}
