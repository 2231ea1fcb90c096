import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../packages/embedded-postgres/src/free-port.js';
import type { BenchmarkProcesses } from './benchmark-processes.js';
import { HttpConnection } from './http-connection.js';
import { ServiceUsage } from './process-usage.js';
import type { RenewalResult } from './renewal-client.js';

const START_MS = 60_000;
const COMPLETE_MS = 120_000;
const READERS = 8;

/** The whole service as `npm start` runs it, on a data directory of its own, with both embedded servers. */
export class BenchmarkService {
  private constructor(
    readonly url: string,
    readonly secret: string,
    readonly token: string,
    readonly usage: ServiceUsage,
  ) {}

  static async start(processes: BenchmarkProcesses, dataDir: string): Promise<BenchmarkService> {
    const secret = `whsec_${randomBytes(24).toString('hex')}`;
    const token = randomBytes(24).toString('hex');
    const port = await freePort();
    const { pid } = processes.service({
      DATA_DIR: dataDir,
      PORT: String(port),
      LOG_LEVEL: 'warn',
      STRIPE_WEBHOOK_SECRETS: `benchmark=${secret}`,
      API_TOKENS: `read=${token}`,
    });
    if (pid === undefined) throw new Error('The service did not start.');
    const url = `http://127.0.0.1:${port}`;
    const deadlineMs = performance.now() + START_MS;
    while (!(await isReady(url))) {
      if (performance.now() > deadlineMs) throw new Error(`The service is not ready after ${START_MS / 1000} s.`);
      await pause(200);
    }
    return new BenchmarkService(url, secret, token, new ServiceUsage(pid, postmasterOf(dataDir)));
  }

  /** Waits until the read models include the event at a position. */
  async complete(position: string): Promise<void> {
    const deadlineMs = performance.now() + COMPLETE_MS;
    while (performance.now() < deadlineMs) {
      const answer = await this.#get(`/v1/subscriptions/none?minPosition=${position}&waitMs=10000`);
      if (answer.status === 404) return;
    }
    throw new Error(`The read models are not complete after ${COMPLETE_MS / 1000} s.`);
  }

  /** The number of a round's objects that have a row. */
  async rowsOf({ subscriptions, invoices }: RenewalResult): Promise<number> {
    const paths = [
      ...subscriptions.map((id) => `/v1/subscriptions/${id}`),
      ...invoices.map((id) => `/v1/invoices/${id}`),
    ];
    let found = 0;
    await Promise.all(
      Array.from({ length: READERS }, async () => {
        const connection = this.#connection();
        for (let path = paths.pop(); path !== undefined; path = paths.pop())
          if ((await this.#get(path, connection)).status === 200) found += 1;
        connection.close();
      }),
    );
    return found;
  }

  #connection = (): HttpConnection => new HttpConnection(new URL(this.url), COMPLETE_MS);

  async #get(path: string, connection?: HttpConnection) {
    const own = connection ?? this.#connection();
    const answer = await own.request({ method: 'GET', path, headers: { authorization: `Bearer ${this.token}` } });
    if (connection === undefined) own.close();
    return answer;
  }
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
  return answer?.ok === true;
}

/** The pid of the embedded Postgres's main process. */
function postmasterOf(dataDir: string): number | null {
  const file = join(dataDir, 'postgres', 'data', 'postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : null;
}
