import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { AnyProjection } from '../../projections/projection.js';
import type { EventStore } from '../eventstore/event-store.js';
import { nameOfLog } from '../eventstore/log-name.js';
import { readEventAtPosition, subscribeToAll } from '../eventstore/read.js';
import { recordedEventOf, type RecordedEvent } from '../eventstore/recorded-event.js';
import { acquire, createCheckpoint, release, renew, restart, type Checkpoint } from '../read-models/checkpoint.js';
import type { Database } from '../read-models/database.js';
import { dropOtherVersions, ensureSchema, signatureOf } from '../read-models/schema.js';
import { Projector, type BatchResult, type Ownership } from './projector.js';

/** What the catch-up is doing, as health and logs tell it. */
export type CatchUpState =
  | { readonly kind: 'starting' }
  /** Another process projects; this one stands by. */
  | { readonly kind: 'standing_by' }
  | { readonly kind: 'projecting' }
  /** Store or database do not answer; it goes on by itself. */
  | { readonly kind: 'waiting'; readonly cause: string }
  /** The checkpoint speaks of another log: nothing is projected until somebody decides. */
  | { readonly kind: 'refused'; readonly cause: string }
  | { readonly kind: 'stopped' };

export type CatchUpObserver = {
  stateChanged(state: CatchUpState): void;
  batchApplied(events: number, result: Extract<BatchResult, { kind: 'applied' }>, seconds: number): void;
};

const BATCH_EVENTS_MAX = 500;
/** While deliveries wait, intake goes first: a rest follows each batch, several times as long as the batch took, within these limits. */
const REST_MS_MIN = 50;
const REST_MS_MAX = 1_000;
const REST_PER_WORK = 3;
const RENEW_EVERY_MS = 3_000;
const STAND_BY_MS = 1_000;
const RETRY_AFTER_MS_MAX = 5_000;

/** Keeps the read models up with the log, over restarts and outages of store and database, until it is stopped. */
export class CatchUp {
  readonly #owner = randomUUID();
  readonly #stopping = new AbortController();
  readonly #projector: Projector;
  #state: CatchUpState = { kind: 'starting' };
  #logVerified = false;
  #running: Promise<void> | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly database: Database,
    private readonly options: { projections: readonly AnyProjection[]; observer: CatchUpObserver; intakeIsBusy: () => boolean },
  ) {
    this.#projector = new Projector(store, database, options.projections);
  }

  get state(): CatchUpState {
    return this.#state;
  }

  /** True once this process has seen that the read models speak of the log it is connected to. */
  get logVerified(): boolean {
    return this.#logVerified;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Finishes the batch under way and hands the work over. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#become({ kind: 'stopped' });
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted; ) {
      try {
        await this.#projectWhileOwner(() => { failures = 0; });
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        failures += 1;
        this.#become(error instanceof OtherLog ? { kind: 'refused', cause: error.message } : { kind: 'waiting', cause: error instanceof Error ? error.message : String(error) });
        await this.#pause(Math.min(100 * 2 ** failures, RETRY_AFTER_MS_MAX) * (0.5 + Math.random() / 2));
      }
    }
  }

  async #projectWhileOwner(progressed: () => void): Promise<void> {
    const { projections } = this.options;
    await ensureSchema(this.database, projections);
    const logName = await nameOfLog(this.store, RETRY_AFTER_MS_MAX);
    await createCheckpoint(this.database, logName, signatureOf(projections));
    while (!this.#stopping.signal.aborted) {
      const owned = await acquire(this.database, this.#owner);
      if (owned === null) {
        this.#become({ kind: 'standing_by' });
        await this.#pause(STAND_BY_MS);
        continue;
      }
      try {
        await this.#verifyLog(owned.checkpoint, logName);
        const position = await this.#startingPosition(owned.checkpoint);
        this.#become({ kind: 'projecting' });
        await this.#follow({ epoch: owned.epoch, position }, progressed);
      } finally {
        // When Postgres is away the lease runs out by itself; the error that ended the work is the one to tell.
        await release(this.database, owned.epoch).catch(() => undefined);
      }
    }
  }

  /** The log's name and the event at the checkpoint must be what the checkpoint remembers (design, section 3). */
  async #verifyLog(checkpoint: Checkpoint, logName: string): Promise<void> {
    this.#logVerified = false;
    const remedy = 'Either EVENTSTORE_URL names the wrong server, or the log was restored or exchanged. If the log is right, drop the schema "ledger" in Postgres and start again: the read models are rebuilt.';
    if (checkpoint.logName !== logName) throw new OtherLog(`The read models were made from the log ${checkpoint.logName}, this one is ${logName}. ${remedy}`);
    if (checkpoint.position !== null) {
      const event = await readEventAtPosition(this.store, checkpoint.position);
      if (event?.eventId !== checkpoint.eventId) throw new OtherLog(`The log has no event ${checkpoint.eventId} at position ${checkpoint.position}, where the read models stand. ${remedy}`);
    }
    this.#logVerified = true;
  }

  /** The checkpoint, or the start of the log when this build has other projections: states keep what is folded already. */
  async #startingPosition(checkpoint: Checkpoint): Promise<bigint | null> {
    const { projections } = this.options;
    if (checkpoint.projections === signatureOf(projections)) return checkpoint.position;
    await this.database.transaction(async (connection) => {
      await dropOtherVersions(connection, projections);
      await restart(connection, signatureOf(projections));
    });
    return null;
  }

  /** Applies batch after batch; a batch is what has arrived while the one before was written. Ends when ownership is lost or the process stops. */
  async #follow(owned: Ownership, progressed: () => void): Promise<void> {
    // A stop that came while ownership was taken has no listener yet that would end the subscription.
    if (this.#stopping.signal.aborted) return;
    let ownership = owned;
    let batch: RecordedEvent[] = [];
    const subscription = subscribeToAll(this.store, owned.position, BATCH_EVENTS_MAX);
    const end = (reason?: Error) => void subscription.unsubscribe().finally(() => subscription.destroy(reason));
    const stop = () => end();
    this.#stopping.signal.addEventListener('abort', stop);
    const renewing = setInterval(() => {
      renew(this.database, owned.epoch).then((kept) => { if (!kept) end(new Error('Another process has taken over.')); }, end);
    }, RENEW_EVERY_MS);
    try {
      for await (const resolved of subscription) {
        const event = recordedEventOf(resolved);
        if (event !== null) batch.push(event);
        if (batch.length === 0 || (batch.length < BATCH_EVENTS_MAX && subscription.readableLength > 0)) continue;
        const started = performance.now();
        const result = await this.#projector.apply(batch, ownership);
        if (result.kind === 'lost') return;
        const tookMs = performance.now() - started;
        this.options.observer.batchApplied(batch.length, result, tookMs / 1000);
        ownership = { ...ownership, position: batch.at(-1)?.position ?? ownership.position };
        batch = [];
        progressed();
        if (this.options.intakeIsBusy()) await this.#pause(Math.min(Math.max(REST_PER_WORK * tookMs, REST_MS_MIN), REST_MS_MAX));
        if (this.#stopping.signal.aborted) return;
      }
      if (!this.#stopping.signal.aborted) throw new Error('The store ended the subscription.');
    } finally {
      clearInterval(renewing);
      this.#stopping.signal.removeEventListener('abort', stop);
      await subscription.unsubscribe();
    }
  }

  #become(state: CatchUpState): void {
    const changed = JSON.stringify(state) !== JSON.stringify(this.#state);
    this.#state = state;
    if (changed) this.options.observer.stateChanged(state);
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

class OtherLog extends Error {
  readonly code = 'OTHER_LOG';
}
