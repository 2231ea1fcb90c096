import { Logger } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { AccessPolicy } from '../access/policy.js';
import { startThread } from '../start-thread.js';
import type { Because, Brake } from './change.js';
import type { OutboxConfig } from './outbox-config.js';
import type { EndpointState } from './states.js';

/** The thread's start data. */
export type AccessThreadData = Readonly<{
  eventstoreUrl: string;
  databaseUrl: string;
  policy: AccessPolicy;
  referenceKey: string | null;
  brake: Brake;
  outbox: OutboxConfig;
}>;

/** The thread's messages. */
export type AccessThreadMessage =
  | Readonly<{ kind: 'decided'; because: Because['kind'] }>
  | Readonly<{ kind: 'held'; customers: number }>
  | Readonly<{ kind: 'customers'; granted: number; denied: number }>
  | Readonly<{ kind: 'endpoint'; state: EndpointState }>
  | Readonly<{ kind: 'not_delivered' | 'given_up'; endpoint: string }>
  /** Another process decides, so this process's state is stale. */
  | Readonly<{ kind: 'standing_by' }>
  | Readonly<{ kind: 'warned'; text: string }>;

const KINDS: readonly Because['kind'][] = ['event', 'time', 'policy', 'repair'];
const START_AGAIN_AFTER_MS = 1_000;

/** Decides and delivers access changes in a worker thread, which is restarted when it fails. */
export class AccessChanges {
  readonly #logger = new Logger('access');
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  readonly #metrics: ReturnType<typeof metricsIn>;
  readonly #endpoints = new Map<string, EndpointState>();

  constructor(
    private readonly data: AccessThreadData,
    registry: Registry,
  ) {
    this.#metrics = metricsIn(registry, this.#endpoints);
    // From the start, so that the first increase is visible.
    for (const because of KINDS) this.#metrics.decided.inc({ because }, 0);
    for (const { name: endpoint } of data.outbox.endpoints)
      for (const counter of [this.#metrics.failures, this.#metrics.givenUp]) counter.inc({ endpoint }, 0);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Finishes the current round and hands over to another process. */
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
    this.#standBy();
    this.#stopping.signal.removeEventListener('abort', stop);
  }

  #hear(message: AccessThreadMessage): void {
    const { decided, held, customers, failures, givenUp } = this.#metrics;
    switch (message.kind) {
      case 'decided':
        return decided.inc({ because: message.because });
      case 'held':
        return held.set(message.customers);
      case 'customers':
        customers.set({ state: 'granted' }, message.granted);
        return customers.set({ state: 'denied' }, message.denied);
      case 'endpoint':
        return void this.#endpoints.set(message.state.name, message.state);
      case 'not_delivered':
        return failures.inc({ endpoint: message.endpoint });
      case 'given_up':
        return givenUp.inc({ endpoint: message.endpoint });
      case 'standing_by':
        return this.#standBy();
      case 'warned':
        return this.#logger.warn(message.text);
    }
  }

  #standBy(): void {
    this.#metrics.held.set(0);
    this.#metrics.customers.reset();
    this.#endpoints.clear();
  }
}

/** The metrics of the deciding process. The gauges of others are 0 or absent, so a sum over all processes is right. */
function metricsIn(registry: Registry, endpoints: ReadonlyMap<string, EndpointState>) {
  const registers = [registry];
  type Shown = Readonly<{ name: string; help: string; of: (state: EndpointState) => number }>;
  const ofEndpoints = ({ name, help, of }: Shown): void =>
    void new Gauge({
      name,
      help,
      labelNames: ['endpoint'],
      registers,
      collect() {
        this.reset();
        for (const state of endpoints.values()) this.set({ endpoint: state.name }, of(state));
      },
    });
  ofEndpoints({
    name: 'ledger_outbox_lag_seconds',
    help: 'Age of the oldest access change not yet delivered to an endpoint.',
    of: ({ oldestAt }) => (oldestAt === null ? 0 : Math.max(0, (Date.now() - oldestAt.getTime()) / 1_000)),
  });
  ofEndpoints({
    name: 'ledger_outbox_waiting',
    help: 'Customers with an access change not yet delivered to an endpoint.',
    of: ({ waiting }) => waiting,
  });
  ofEndpoints({
    name: 'ledger_outbox_stopped',
    help: '1 for an endpoint that answered 410 and gets no more deliveries.',
    of: ({ isStopped }) => Number(isStopped),
  });
  return {
    decided: new Counter({
      name: 'ledger_access_changes_total',
      help: 'Recorded access changes, by cause.',
      labelNames: ['because'],
      registers,
    }),
    failures: new Counter({
      name: 'ledger_outbox_failures_total',
      help: 'Failed deliveries of access changes.',
      labelNames: ['endpoint'],
      registers,
    }),
    givenUp: new Counter({
      name: 'ledger_outbox_given_up_total',
      help: 'Access changes given up because an endpoint never accepted them.',
      labelNames: ['endpoint'],
      registers,
    }),
    held: new Gauge({
      name: 'ledger_access_held',
      help: 'Customers with an access change that waits for approval.',
      registers,
    }),
    customers: new Gauge({
      name: 'ledger_access_customers',
      help: 'Customers by whether they have access, among those decided.',
      labelNames: ['state'],
      registers,
    }),
  };
}
