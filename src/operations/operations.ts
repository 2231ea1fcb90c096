import type { Policy } from '../../derivations/derivation.js';
import { Rounds, Silences } from '../catch-up/rounds.js';
import type { EventStore } from '../eventstore/event-store.js';
import type { Database } from '../read-models/database.js';
import { identityOf } from '../read-models/schema.js';
import { startThread } from '../start-thread.js';
import { LEASE_MS } from './claim.js';
import { interrupt, listOperations } from './operation-log.js';
import { hasEnded, type Operation, type OperationRequest } from './operation.js';

/** The start data of an operation's thread. */
export type OperationThreadData = Readonly<{
  eventstoreUrl: string;
  databaseUrl: string;
  policy: Policy;
  operation: Pick<Operation, 'id' | 'revision'>;
}>;

type Options = Readonly<{
  store: EventStore;
  database: Database;
  eventstoreUrl: string;
  databaseUrl: string;
  /** The policy of derived rows. */
  policy: Policy;
  warned: (text: string) => void;
}>;

const LOOK_EVERY_MS = 2_000;
/** After this silence, the read models of another database count as gone, with their processes. */
const OTHERS_GONE_AFTER_MS = 300_000;
/** How many operations a look covers; older ones have ended or are obsolete. */
const LOOK_BACK = 100;

/** Operations that fill tables use all cores through their own threads, so only one of them runs at a time. */
const laneOf = ({ kind }: OperationRequest): 'tables' | 'rows' =>
  kind === 'verify' || kind === 'replay' ? 'rows' : 'tables';

/** Runs unclaimed operations in a process that projects: each in its own thread, one per lane at a time. */
export class Operations {
  readonly #rounds = new Rounds(LOOK_EVERY_MS, () =>
    this.#look().then(
      () => void (this.#isAway = false),
      (error: unknown) => this.#failed(error),
    ),
  );
  readonly #ended = new Set<string>();
  readonly #silences = new Silences();
  readonly #working = new Map<'tables' | 'rows', Promise<void>>();
  #isAway = false;

  constructor(private readonly options: Options) {}

  start(): void {
    this.#rounds.start();
  }

  /** Looks for work at once, after a request in this process. */
  look(): void {
    this.#rounds.hurry();
  }

  /** Releases the current work for another process. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
    await Promise.all(this.#working.values());
  }

  #failed(error: unknown): void {
    if (!this.#isAway) this.options.warned(`Operations cannot be read: ${String(error)}`);
    this.#isAway = true;
  }

  async #look(): Promise<void> {
    const { operations } = await listOperations(this.options.store, { max: LOOK_BACK, without: this.#ended });
    if (operations.length === 0) return;
    const own = await identityOf(this.options.database);
    for (const operation of operations.reverse()) {
      const { id, state, readModels } = operation;
      if (hasEnded(state)) {
        this.#ended.add(id);
        this.#silences.forget(id);
      } else if (readModels === own) {
        if (state === 'queued' || this.#silences.msOf(operation) > LEASE_MS) this.#take(operation);
      } else if (state !== 'queued' && this.#silences.msOf(operation) > OTHERS_GONE_AFTER_MS) {
        await interrupt(
          this.options.store,
          operation,
          'The read models that it worked on no longer exist.',
          new Date(),
        );
      }
    }
  }

  #take({ id, revision, request }: Operation): void {
    const lane = laneOf(request);
    if (this.#working.has(lane) || this.#rounds.stopping.aborted) return;
    const working = this.#workInThread({ id, revision }).finally(() => {
      this.#working.delete(lane);
      this.look();
    });
    this.#working.set(lane, working);
  }

  async #workInThread(operation: OperationThreadData['operation']): Promise<void> {
    const { eventstoreUrl, databaseUrl, policy, warned } = this.options;
    const workerData: OperationThreadData = { eventstoreUrl, databaseUrl, policy, operation };
    const thread = startThread('operation-thread.js', { name: 'operation', workerData });
    thread.on('error', (error) => warned(`The thread of operation ${operation.id} failed: ${error.message}`));
    const stop = (): void => thread.postMessage('stop');
    const signal = this.#rounds.stopping;
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    await new Promise((resolve) => thread.once('exit', resolve));
    signal.removeEventListener('abort', stop);
  }
}
