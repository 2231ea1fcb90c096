import { Logger } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { AccessPolicy } from '../access/policy.js';
import { startThread } from '../start-thread.js';
import type { Because, Brake } from './change.js';
import type { OutboxConfig } from './outbox-config.js';

/** What the thread is started with. */
export type AccessThreadData = Readonly<{
  eventstoreUrl: string;
  databaseUrl: string;
  policy: AccessPolicy;
  referenceKey: string | null;
  brake: Brake;
  outbox: OutboxConfig;
}>;

/** What the thread tells. */
export type AccessThreadMessage =
  | Readonly<{ kind: 'decided'; because: Because['kind'] }>
  | Readonly<{ kind: 'held'; customers: number }>
  | Readonly<{ kind: 'lag'; endpoint: string; seconds: number }>
  | Readonly<{ kind: 'not_delivered'; endpoint: string }>
  | Readonly<{ kind: 'warned'; text: string }>;

const START_AGAIN_AFTER_MS = 1_000;

/** Decides and tells of changes of access, in a thread of its own; one that ends by itself is started again. */
export class AccessChanges {
  readonly #logger = new Logger('access');
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  readonly #decided: Counter;
  readonly #held: Gauge;
  readonly #lag: Gauge;
  readonly #failures: Counter;

  constructor(
    private readonly data: AccessThreadData,
    registry: Registry,
  ) {
    const registers = [registry];
    this.#decided = new Counter({
      name: 'ledger_access_changes_total',
      help: 'Changes of access that were recorded, by why.',
      labelNames: ['because'],
      registers,
    });
    this.#held = new Gauge({
      name: 'ledger_access_held',
      help: 'Customers whose change of access is held until somebody approves it.',
      registers,
    });
    this.#lag = new Gauge({
      name: 'ledger_outbox_lag_seconds',
      help: 'Age of the oldest change of access that an endpoint was not told yet.',
      labelNames: ['endpoint'],
      registers,
    });
    this.#failures = new Counter({
      name: 'ledger_outbox_failures_total',
      help: 'Deliveries of changes of access that failed.',
      labelNames: ['endpoint'],
      registers,
    });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Finishes the round under way and lets another process go on. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#runOnce();
      if (!signal.aborted) await pause(START_AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #runOnce(): Promise<void> {
    const thread = startThread('access-changes-thread.js', { name: 'access', workerData: this.data });
    thread.on('message', (message: AccessThreadMessage) => this.#hear(message));
    thread.on('error', (error) => this.#logger.warn(`The thread of access changes failed: ${error.message}`));
    const stop = (): void => thread.postMessage('stop');
    this.#stopping.signal.addEventListener('abort', stop);
    await new Promise((resolve) => thread.once('exit', resolve));
    this.#stopping.signal.removeEventListener('abort', stop);
  }

  #hear(message: AccessThreadMessage): void {
    switch (message.kind) {
      case 'decided':
        return this.#decided.inc({ because: message.because });
      case 'held':
        return this.#held.set(message.customers);
      case 'lag':
        return this.#lag.set({ endpoint: message.endpoint }, message.seconds);
      case 'not_delivered':
        return this.#failures.inc({ endpoint: message.endpoint });
      case 'warned':
        return this.#logger.warn(message.text);
    }
  }
}
