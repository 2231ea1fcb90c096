import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { kindsOf, type AnyProjection, type ReadModel } from '../../projections/projection.js';
import { bringUp } from '../deriving/derived-build.js';
import type { Deriver } from '../deriving/deriver.js';
import { verifyLive } from '../deriving/verify-keys.js';
import type { EventStore } from '../eventstore/event-store.js';
import { nameOfLog } from '../eventstore/log-name.js';
import { LogEndSearch } from '../eventstore/log-end.js';
import type { Database } from '../read-models/database.js';
import { sampleStreams } from '../read-models/event-index.js';
import { tidy } from '../read-models/generations.js';
import { acquire, become, readCheckpoints, release, use, type Checkpoint } from '../read-models/checkpoints.js';
import { ensureSchema } from '../read-models/schema.js';
import { readModelsIn } from '../projector/postgres-read-models.js';
import type { Group } from '../projector/group.js';
import { causeOf } from '../projector/away.js';
import { Projector, type Applied } from '../projector/projector.js';
import { eventReader } from '../projector/stream-reading.js';
import { joinCheckpoints, Follower, type AppliedBatch, type FollowSettings } from './follower.js';
import { keepLease } from './lease.js';
import { checkLog, OtherLog } from './log-check.js';
import { readHere } from './log-reading.js';
import { Pace, type Pause } from './pace.js';
import { planOf, type Plan } from './plan.js';
import { repeat } from './repeating.js';
import { isFault, verifyStreams, type Fault, type Finding } from './verify.js';

/**
 * The outcome of a build. `busy`: another process holds a generation. `stopped`, `failed`: progress is kept; the next
 * build resumes.
 */
export type BuildOutcome =
  Readonly<{ kind: 'built' | 'busy' | 'stopped' }> | Readonly<{ kind: 'failed'; cause: string }>;

/** The state of the catch-up, for health and logs. */
export type CatchUpState =
  | { readonly kind: 'starting' }
  /** Another process projects, and this one stands by. */
  | { readonly kind: 'standing_by' }
  | { readonly kind: 'projecting' }
  /** The generations are far behind and are being built first. */
  | { readonly kind: 'building' }
  /** The store or the database does not answer; it resumes when they do. */
  | { readonly kind: 'waiting'; readonly cause: string }
  /** The checkpoint belongs to another log: nothing is projected until an operator decides. */
  | { readonly kind: 'refused'; readonly cause: string }
  | { readonly kind: 'stopped' };

export type CatchUpObserver = {
  stateChanged(state: CatchUpState): void;
  batchApplied(events: number, result: Applied, seconds: number): void;
  buildEnded(names: readonly string[], outcome: BuildOutcome): void;
  /** Reports how many folds were compared with their rows, and the faults. */
  verified(folds: number, faults: Readonly<{ count: number; examples: readonly string[] }>): void;
  warned(text: string): void;
};

export type CatchUpOptions = Readonly<{
  projections: readonly AnyProjection[];
  /** Derives rows from the rows of the projections. */
  deriver: Deriver;
  observer: CatchUpObserver;
  /** Whether deliveries are waiting, so that intake goes first. */
  intakeIsBusy(): boolean;
  /** How often a few random streams are verified. */
  verifyEveryMs: number;
  /** The pauses between batches. */
  pace?: Pick<Pace, 'after'>;
  /** Builds generations that are far behind, in other threads. Never rejects. */
  build(names: readonly string[], signal: AbortSignal): Promise<BuildOutcome>;
}>;

/** The limits of a batch; the next one is read meanwhile. */
const BATCH_MAX = { events: 500, bytes: 32 * 1024 * 1024 };
/** A generation that is further behind is built in other threads, so that it does not hold up the others. */
const NEAR_EVENTS_MAX = 5_000;
/**
 * While deliveries wait, intake goes first, unless the read models are further behind than this target: otherwise they
 * would fall behind for ever under a load that never pauses.
 */
const LAG_TARGET_MS = 3_000;
const LOOK_EVERY_MS = 1_000;
const DERIVE_EVERY_MS = 500;
/**
 * While deliveries wait or rows are behind, one transaction per `DERIVE_EVERY_MS` derives some noted keys; after this
 * time, all.
 */
const DERIVED_TARGET_MS = 30_000;
/** Rows count as behind until no batch was behind for this long. */
const BEHIND_MS = 2_000;
const TIDY_EVERY_MS = 600_000;
const VERIFIED_STREAMS = 5;
/** The most faults of a check that are logged; all are counted. */
const FAULT_EXAMPLES_MAX = 20;
const RETRY_AFTER_MS_MAX = 5_000;

/** Keeps the read models up to date with the log, through restarts and outages, until it is stopped. */
export class CatchUp {
  readonly #owner = randomUUID();
  readonly #stopping = new AbortController();
  readonly #projector: Projector;
  readonly #follower: Follower;
  readonly #logEnd: LogEndSearch;
  readonly #models: readonly ReadModel[];
  readonly #pace: Pick<Pace, 'after'>;
  /** Ends the pause that gathers more events; null outside a pause. */
  #endGathering: (() => void) | null = null;
  /** Generations that are being built in other threads, with the end of their build. */
  readonly #building = new Map<string, Promise<void>>();
  #reported = '';
  #logVerified = false;
  #running: Promise<void> | undefined;
  #tidiedAt = -Infinity;
  /** The last time when no noted key was left. */
  #derivedAt = -Infinity;
  /** The last time when a batch was further behind than the target. */
  #behindAt = -Infinity;

  constructor(
    private readonly store: EventStore,
    private readonly database: Database,
    private readonly options: CatchUpOptions,
  ) {
    this.#logEnd = new LogEndSearch(store);
    this.#models = [...options.projections, ...options.deriver.derivations];
    this.#projector = new Projector({
      reader: eventReader(store, options.projections),
      models: readModelsIn(database, options.deriver),
      projections: options.projections,
    });
    this.#pace = options.pace ?? new Pace();
    this.#follower = new Follower(readHere(store, kindsOf(options.projections)), this.#projector);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the pause, because a reader waits for rows. A reader that keeps waiting calls it again. */
  hurry(): void {
    this.#endGathering?.();
  }

  /** Finishes the current batch and hands over to another process. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.hurry();
    await this.#running;
    await Promise.all(this.#building.values());
    this.#become({ kind: 'stopped' });
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted;) {
      try {
        await this.#projectWhileOwner(() => {
          failures = 0;
        });
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        failures += 1;
        this.#become(
          error instanceof OtherLog
            ? { kind: 'refused', cause: error.message }
            : { kind: 'waiting', cause: causeOf(error) },
        );
        await this.#pause(Math.min(100 * 2 ** failures, RETRY_AFTER_MS_MAX) * (0.5 + Math.random() / 2));
      }
    }
  }

  /** Leases the checkpoints of this process, follows the log with them, and plans again when the plan changes. */
  async #projectWhileOwner(progressed: () => void): Promise<void> {
    await ensureSchema(this.database, this.#models);
    const logName = await nameOfLog(this.store, RETRY_AFTER_MS_MAX);
    try {
      while (!this.#stopping.signal.aborted) {
        const { take, leave, standBy } = await this.#look();
        if (!this.#logVerified) await this.#check(logName, standBy);
        if (leave.length > 0)
          await release(
            this.database,
            this.#owner,
            leave.map(({ name }) => name),
          );
        const held =
          take.length === 0
            ? []
            : await acquire(this.database, this.#owner, {
                names: take.map(({ name }) => name),
                follows: this.#models,
              });
        if (held.length === 0) {
          this.#become({ kind: this.#building.size > 0 ? 'building' : 'standing_by' });
          await this.#pause(LOOK_EVERY_MS);
          continue;
        }
        const projects = this.#projected(held).length > 0;
        if (projects) await this.#check(logName, this.#projected(held));
        this.#become({ kind: projects ? 'projecting' : this.#building.size > 0 ? 'building' : 'standing_by' });
        await this.#follow(held, { logName, progressed });
      }
    } finally {
      // Without Postgres the leases simply expire. The error that ended the work matters more.
      await release(this.database, this.#owner).catch(() => undefined);
    }
  }

  async #check(logName: string, checkpoints: readonly Checkpoint[]): Promise<void> {
    this.#logVerified = false;
    await checkLog({ store: this.store, database: this.database }, logName, checkpoints);
    this.#logVerified = true;
  }

  /** Plans this process's checkpoints, without generations that are being built in other threads. */
  async #look(): Promise<Plan> {
    const plan = planOf(await readCheckpoints(this.database), {
      owner: this.#owner,
      models: this.#models,
    });
    await use(this.database, plan.standBy);
    return { ...plan, take: plan.take.filter(({ name }) => !this.#building.has(name)) };
  }

  async #follow(
    held: readonly Checkpoint[],
    { logName, progressed }: { logName: string; progressed: () => void },
  ): Promise<void> {
    const lease = keepLease(this.database, held);
    const settings = {
      batchMax: BATCH_MAX,
      signal: AbortSignal.any([this.#stopping.signal, lease.lost]),
      applied: (batch: AppliedBatch) => {
        progressed();
        return this.#applied(batch);
      },
    };
    try {
      const projected = this.#projected(held);
      const group = projected.length === 0 ? null : await this.#gather(projected, { ...settings, logName });
      // Builds and the search for the end of the log are checked again.
      if (group !== null || projected.length === 0) await this.#followLive(group, { ...settings, held });
      lease.lost.throwIfAborted();
    } finally {
      void lease.end();
    }
  }

  /**
   * Brings all checkpoints to one position, and new ones to the end of the log; null when there is nothing to follow
   * yet.
   */
  async #gather(held: readonly Checkpoint[], settings: FollowSettings & { logName: string }): Promise<Group | null> {
    const near = { ...settings, eventsMax: NEAR_EVENTS_MAX };
    const together = await joinCheckpoints(this.#follower.follow, held, near);
    await this.#buildElsewhere(together.far);
    if (together.kind !== 'reached' || together.group.checkpoints.every(({ state }) => state === 'live'))
      return together.kind === 'reached' ? together.group : null;
    const end = await this.#logEnd.find();
    // The next round searches further back.
    if (end.kind === 'unknown') return null;
    const brought =
      end.kind === 'empty'
        ? together
        : await this.#follower.follow(together.group, { ...near, until: { position: end.position } });
    if (brought.kind === 'exhausted') await this.#buildElsewhere(brought.group.checkpoints);
    if (brought.kind !== 'reached') return null;
    return (await become(this.database, brought.group.checkpoints, 'live')) ? brought.group : null;
  }

  /** The checkpoints of read models from the log, without derived ones. */
  #projected(held: readonly Checkpoint[]): readonly Checkpoint[] {
    return held.filter((one) => !this.options.deriver.isDerived(one));
  }

  async #buildElsewhere(far: readonly Checkpoint[]): Promise<void> {
    if (far.length === 0) return;
    const names = far.map(({ name }) => name);
    await become(this.database, far, 'building');
    await release(this.database, this.#owner, names);
    const built = this.options.build(names, this.#stopping.signal).then((outcome) => {
      for (const name of names) this.#building.delete(name);
      this.options.observer.buildEnded(names, outcome);
    });
    for (const name of names) this.#building.set(name, built);
  }

  /** Follows until the plan changes or the stop; without a group it only derives. */
  async #followLive(
    group: Group | null,
    { held, ...settings }: FollowSettings & { held: readonly Checkpoint[] },
  ): Promise<void> {
    const names = new Set(held.map(({ name }) => name));
    const otherwise = new AbortController();
    const changed = () => otherwise.abort();
    const signal = AbortSignal.any([settings.signal, otherwise.signal]);
    this.#tidiedAt = -Infinity;
    const looking = repeat(LOOK_EVERY_MS, {
      work: async () => {
        if (await this.#lookAround(names)) changed();
      },
      failed: changed,
    });
    const deriving = repeat(DERIVE_EVERY_MS, {
      work: () => this.#derive(signal),
      failed: (error) => this.options.observer.warned(`Deriving rows failed: ${String(error)}`),
    });
    try {
      if (group === null) await aborted(signal);
      else await this.#followGroup(group, { ...settings, signal, lost: changed });
    } finally {
      otherwise.abort();
      void looking.end();
      await deriving.end();
    }
  }

  /** Follows the log, and does deferred folds between the batches. */
  async #followGroup(group: Group, { lost, ...settings }: FollowSettings & { lost: () => void }): Promise<void> {
    const { signal } = settings;
    let now = group;
    const applied = (batch: AppliedBatch) => {
      now = batch.group;
      return settings.applied(batch);
    };
    const refolding = repeat(LOOK_EVERY_MS, {
      work: async () => {
        if ((await this.#workOff(() => now, signal)) === 'lost') lost();
      },
      failed: (error) => this.options.observer.warned(`Folding streams again failed: ${String(error)}`),
    });
    const verifying = repeat(this.options.verifyEveryMs, {
      work: () => this.#verify(group),
      failed: (error) => this.options.observer.warned(`Verifying failed: ${String(error)}`),
    });
    try {
      await this.#follower.follow(group, { ...settings, applied });
    } finally {
      lost();
      await refolding.end();
      void verifying.end();
    }
  }

  /** Verifies rows against the log, slowly and continuously. */
  async #verify({ checkpoints }: Group): Promise<void> {
    const { projections, observer } = this.options;
    const streams = await sampleStreams(this.database, VERIFIED_STREAMS);
    for (const checkpoint of checkpoints) {
      const projection = projections.find(
        ({ name, version }) => name === checkpoint.projection && version === checkpoint.version,
      );
      if (projection === undefined) continue;
      const faults = { count: 0, examples: [] as string[] };
      const found = (finding: Finding): void => {
        if (!isFault(finding)) return;
        faults.count += 1;
        if (faults.count <= FAULT_EXAMPLES_MAX) faults.examples.push(faultOf(finding));
      };
      await verifyStreams(
        { store: this.store, database: this.database },
        { projection, checkpoint },
        { streams, found },
      );
      observer.verified(streams.length, faults);
    }
    const faults = { count: 0, examples: [] as string[] };
    const keys = await verifyLive(this.database, this.options.deriver, {
      streams,
      found: (fault) => {
        faults.count += 1;
        if (faults.count <= FAULT_EXAMPLES_MAX) faults.examples.push(faultOf(fault));
      },
    });
    if (keys > 0) observer.verified(keys, faults);
  }

  async #lookAround(names: ReadonlySet<string>): Promise<boolean> {
    if (performance.now() - this.#tidiedAt > TIDY_EVERY_MS) {
      this.#tidiedAt = performance.now();
      await tidy(this.database, this.#models);
    }
    const { take, leave } = await this.#look();
    return leave.length > 0 || take.some(({ name }) => !names.has(name));
  }

  /** Folds long streams and requested replays between the batches. */
  #workOff(groupNow: () => Group, signal: AbortSignal): ReturnType<Projector['workOff']> {
    let startedAt = performance.now();
    return this.#projector.workOff(groupNow, signal, (result) => {
      this.options.observer.batchApplied(0, result, (performance.now() - startedAt) / 1000);
      startedAt = performance.now();
    });
  }

  /** Derives noted keys, and all keys when a derivation starts. */
  async #derive(signal: AbortSignal): Promise<void> {
    const isPressed = () => this.options.intakeIsBusy() || performance.now() - this.#behindAt < BEHIND_MS;
    const rests = () => isPressed() && performance.now() - this.#derivedAt < DERIVED_TARGET_MS;
    if (await bringUp(this.database, this.options.deriver, { signal, rests })) this.#derivedAt = performance.now();
  }

  async #applied({ events, result, tookMs, recordedAt }: AppliedBatch): Promise<void> {
    this.options.observer.batchApplied(events, result, tookMs / 1000);
    const lagMs = recordedAt === null ? 0 : Date.now() - recordedAt.getTime();
    if (lagMs >= LAG_TARGET_MS) {
      this.#behindAt = performance.now();
      return;
    }
    await this.#rest(this.#pace.after({ events, tookMs, isBusy: this.options.intakeIsBusy() }));
  }

  async #rest({ kind, ms }: Pause): Promise<void> {
    if (ms === 0 || this.#stopping.signal.aborted) return;
    if (kind === 'rest') return this.#pause(ms);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endGathering = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endGathering = null;
  }

  #become(state: CatchUpState): void {
    const reported = JSON.stringify(state);
    if (reported === this.#reported) return;
    this.#reported = reported;
    this.options.observer.stateChanged(state);
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const faultOf = (fault: Fault): string =>
  fault.kind === 'difference'
    ? `a row of ${fault.table}, ${JSON.stringify(fault.key)}, differs from the fold of ${fault.stream}`
    : `${fault.stream} cannot be folded for ${fault.projection}: ${fault.cause}`;
