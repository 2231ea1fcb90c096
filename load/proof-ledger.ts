import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endpointsOf } from '../test/support/endpoints.js';
import { freePort } from '../packages/embedded-postgres/src/free-port.js';
import type { SimulatedStripe } from '../simulator/stripe-api/server.js';
import { cpuUsOf, memoryMbOf } from './process-usage.js';

const TOKEN = 'backfill-proof-token';
export const SECRET = 'whsec_backfill_proof_0123456789abcdef';
const COME_UP_MS = 600_000;
const dist = (file: string): string => fileURLToPath(new URL(`../../dist/src/${file}`, import.meta.url));

/** A started command. `cpuUs` and `rssMb` are its maxima by the last sample. */
export type Running = Readonly<{
  child: ChildProcess;
  used: { cpuUs: number; rssMb: number };
  ended: Promise<Readonly<{ code: number | null; output: string; errors: string }>>;
}>;

/**
 * The service as `npm start` runs it, on its own folder and beside a simulated Stripe; also runs commands on that
 * folder.
 */
export class ProofLedger {
  #service: ChildProcess | null = null;
  #env: Record<string, string | undefined>;

  private constructor(
    readonly dataDir: string,
    readonly port: number,
    stripe: SimulatedStripe,
  ) {
    this.#env = {
      PATH: process.env['PATH'],
      DATA_DIR: dataDir,
      PORT: String(port),
      LOG_LEVEL: 'warn',
      ROLES: 'ingest,project,api',
      API_TOKENS: `admin=${TOKEN}`,
      STRIPE_WEBHOOK_SECRETS: `proof=${SECRET}`,
      STRIPE_API_URL: stripe.url,
      STRIPE_API_KEYS: `proof=${stripe.key}`,
      STRIPE_API_RATE: '100',
    };
  }

  static async start(dataDir: string, stripe: SimulatedStripe): Promise<ProofLedger> {
    const ledger = new ProofLedger(dataDir, await freePort(), stripe);
    await ledger.startService();
    return ledger;
  }

  /** A ledger on a new folder, restored from a backup. */
  static async restore(dataDir: string, file: string, stripe: SimulatedStripe): Promise<ProofLedger> {
    const ledger = new ProofLedger(dataDir, await freePort(), stripe);
    await ledger.run(['restore', '--from', file]);
    await ledger.startService();
    return ledger;
  }

  get webhookUrl(): string {
    return `http://127.0.0.1:${this.port}/webhooks/stripe`;
  }

  async startService(): Promise<void> {
    this.#service = spawn(process.execPath, [dist('main.js')], {
      env: this.#env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const failed = once(this.#service, 'close').then(([code]) => {
      throw new Error(`The service ended with ${String(code)}.`);
    });
    // It rejects in the end, when nothing awaits it any more.
    failed.catch(() => undefined);
    await Promise.race([failed, this.#projects(({ state }) => state === 'live')]);
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const service = this.#service;
    this.#service = null;
    if (service === null || service.exitCode !== null || service.signalCode !== null) return;
    service.kill(signal);
    await once(service, 'close');
  }

  /** Starts a ledger command. */
  start(args: readonly string[]): Running {
    const child = spawn(process.execPath, [dist('cli/main.js'), ...args], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const used = { cpuUs: 0, rssMb: 0 };
    const watching = setInterval(() => {
      const { pid } = child;
      if (pid === undefined) return;
      used.cpuUs = Math.max(used.cpuUs, cpuUsOf(pid, { children: false }));
      used.rssMb = Math.max(used.rssMb, Math.round(memoryMbOf(pid, 'Rss')));
    }, 100);
    let [output, errors] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4_000)));
    const ended = once(child, 'close').then(([code]) => {
      clearInterval(watching);
      return { code: code as number | null, output, errors };
    });
    return { child, used, ended };
  }

  /** Runs a command to its end. @throws when it exits with a code that is not among `codes` */
  async run(args: readonly string[], codes: readonly number[] = [0]): Promise<string> {
    const { code, output, errors } = await this.start(args).ended;
    if (code === null || !codes.includes(code))
      throw new Error(`"${args.join(' ')}" ended with ${String(code)}: ${output}${errors}`);
    return output;
  }

  /** Processor time of the service and its stores in microseconds. Linux only; 0 elsewhere. */
  cpuUs(): number {
    const pid = this.#service?.pid;
    if (pid === undefined) return 0;
    const postgres = postmasterOf(this.dataDir);
    return cpuUsOf(pid, { children: false }) + (postgres === null ? 0 : cpuUsOf(postgres, { children: true }));
  }

  async databaseUrl(): Promise<string> {
    return (await endpointsOf(this.dataDir)).databaseUrl;
  }

  /** Waits until the read models have caught up with the log. While webhooks arrive, that may never happen. */
  caughtUp(): Promise<void> {
    return this.#projects(({ behind, state }) => behind === '0' && state === 'live');
  }

  async #projects(is: (projection: { behind: string | null; state: string }) => boolean): Promise<void> {
    const deadline = performance.now() + COME_UP_MS;
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${this.port}/v1/projections`, {
        headers: { authorization: `Bearer ${TOKEN}` },
      }).catch(() => null);
      if (answer?.status === 200) {
        const { data } = (await answer.json()) as { data: { behind: string | null; state: string }[] };
        if (data.length > 0 && data.every(is)) return;
      } else await answer?.arrayBuffer();
      if (performance.now() > deadline) throw new Error('The read models did not come up with the log.');
      await pause(200);
    }
  }
}

function postmasterOf(dataDir: string): number | null {
  try {
    return Number(readFileSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return null;
  }
}
