import { setTimeout as pause } from 'node:timers/promises';
import { HttpConnection } from './http-connection.js';
import { Latencies } from './latencies.js';

const WAIT_MS = 30_000;
const REST_MS = 20;

/** Concurrent samples. With too few, one long sample would keep others from being taken. */
const SAMPLERS = 16;

/**
 * Time from the answer to a delivery until its event is in the rows, measured during a storm. Each sample takes the
 * latest acknowledged event, and waits until the read API reports that its position is reached.
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

  /** Resolves when the running samples are done. */
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

  /**
   * False when the service did not answer, as when the storm kills it: that is not lag. A position not reached within
   * the wait counts as the full wait.
   */
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
