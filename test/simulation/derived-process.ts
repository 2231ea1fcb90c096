import { createHash } from 'node:crypto';
import type { AnyDerivation, Policy } from '../../derivations/derivation.js';
import type { ReadModel } from '../../projections/projection.js';
import { joinCheckpoints, Follower, type AppliedBatch } from '../../src/catch-up/follower.js';
import type { LogReading, ReadLog } from '../../src/catch-up/log-reading.js';
import { bringUp } from '../../src/deriving/derived-build.js';
import { Deriver } from '../../src/deriving/deriver.js';
import type { ReadEvent } from '../../src/folding/facts.js';
import type { Group } from '../../src/projector/group.js';
import type { EventReader } from '../../src/projector/ports.js';
import { readModelsIn } from '../../src/projector/postgres-read-models.js';
import { Projector } from '../../src/projector/projector.js';
import { acquire, become, checkpointsOf, readCheckpoints, type Checkpoint } from '../../src/read-models/checkpoints.js';
import {
  isDatabaseAway,
  isNotYetMade,
  isUnavailable,
  type Database,
  type Queryable,
} from '../../src/read-models/database.js';
import { bringHeldLevel, showAll } from '../../src/rebuild/bring-level.js';
import { beginReturn, beginTargets } from '../../src/rebuild/targets.js';
import type { Plan } from './plan.js';
import { called, databaseAway, hits, isSimulated, reading, readerOf, type Surroundings } from './ports.js';
import { Life } from './scheduler.js';
import { notes, tallies } from './test-projections.js';

/** Replaces a query to Postgres or changes its result; `ask` runs a query. */
export type SqlBreakage = (
  text: string,
  values: unknown[] | undefined,
  ask: Queryable['query'],
  who: Who,
) => Promise<unknown> | null;
type Who = 'process' | 'command';

export type DerivedWorld = Surroundings &
  Readonly<{
    database: Database;
    /** Transactions in progress in Postgres. */
    underWay: Set<Promise<unknown>>;
    /** The number of transactions committed by any process. */
    commits: () => number;
    committed: () => Promise<void>;
    /** Releases the locks and leases of an owner. */
    released: (owner: string) => Promise<void>;
    /** Whether deliveries are waiting. */
    isPressed: () => boolean;
    isEnding: () => boolean;
    failed: (error: unknown) => void;
    broken: ReadonlySet<string>;
    breakage: SqlBreakage | null;
  }>;

const LOG_NAME = '5f0b7c2e-0000-4000-8000-000000000000';
const ROOM = { bytes: 1e9 };

/** Postgres requires UUIDs. */
const uuidOf = (eventId: string): string =>
  createHash('md5')
    .update(eventId)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
const renamed = (event: ReadEvent): ReadEvent => ({ ...event, eventId: uuidOf(event.eventId) });

/** Leases expire when the seed says so, not by Postgres's clock. */
const [LEASE, NO_END] = [`interval '10 seconds'`, `interval '1 day'`];

/** Whether a life is within a transaction, whose queries all happen at one moment. */
type Moment = { isNow: boolean };

/**
 * The database as one life sees it. Each transaction, and each query outside of one, happens at one moment and may fail
 * as the seed decides.
 */
export function databaseOf(world: DerivedWorld, life: Life, { moment, who }: { moment: Moment; who: Who }): Database {
  const broken = (connection: Queryable): Queryable => ({
    query: ((asked: string, values?: unknown[]) => {
      const text = asked.replaceAll(LEASE, NO_END);
      world.trace(() => `${who}: ${text.trim().slice(0, 100)}`);
      return (
        world.breakage?.(text, values, (...some) => connection.query(...some), who) ?? connection.query(text, values)
      );
    }) as Queryable['query'],
  });
  const inTurn = async <T>(asked: () => Promise<T>, kind: 'read' | 'write'): Promise<T> => {
    const effect = (): Promise<T> =>
      asked().catch((error: unknown) => {
        // It held its locks for too long while another waited for them.
        if (isUnavailable(error) && !isSimulated(error) && !isNotYetMade(error)) world.failed(error);
        throw error;
      });
    if (moment.isNow) {
      if (hits(world, 'away')) throw databaseAway();
      const result = await effect();
      if (kind === 'write') await world.committed();
      return result;
    }
    return called(world, life, {
      kind,
      away: databaseAway,
      effect: async () => {
        const working = effect();
        const ended = working.catch(() => undefined);
        world.underWay.add(ended);
        try {
          const result = await working;
          if (kind === 'write') await world.committed();
          return result;
        } finally {
          world.underWay.delete(ended);
        }
      },
    });
  };
  const within = async <T>(work: () => Promise<T>): Promise<T> => {
    const before = moment.isNow;
    moment.isNow = true;
    return work().finally(() => {
      moment.isNow = before;
    });
  };
  const own: Pick<Database, 'query' | 'transaction' | 'transactionUnflushed' | 'snapshot'> = {
    query: ((text: string, values?: unknown[]) =>
      inTurn(() => broken(world.database).query(text, values), 'read')) as Database['query'],
    transaction: (work) => inTurn(() => world.database.transaction((one) => within(() => work(broken(one)))), 'write'),
    transactionUnflushed: (work) =>
      inTurn(() => world.database.transactionUnflushed((one) => work(broken(one))), 'write'),
    snapshot: (work) => inTurn(() => world.database.snapshot((one) => work(broken(one))), 'read'),
  };
  return own as Database;
}

/** A reading of everything the log contains at this moment. */
const allAtOnce = (events: readonly ReadEvent[]): LogReading => ({
  stop: async () => undefined,
  [Symbol.asyncIterator]: async function* () {
    yield { events, isFollowed: false };
  },
});

export type DerivedProcessOptions = Readonly<{
  plan: Plan;
  owner: string;
  who: Who;
  policy: Policy;
  /** The derivations of its build; an older build has none. */
  derivations: readonly AnyDerivation[];
  /** Which checkpoints it takes while it does not hold all of them. */
  wants: (name: string) => boolean;
  /** Called when nothing is left to do, with the number of commits at that time. */
  isQuiet: (deriver: Deriver, commits: number) => Promise<void>;
  failed: (error: unknown) => void;
}>;

/**
 * One life of a process on a real Postgres, like CatchUp but without timers: it follows the log and derives alongside
 * the batches.
 */
export class DerivedProcess {
  readonly life = new Life();
  readonly #database: Database;
  readonly deriver: Deriver;
  readonly #projector: Projector;
  readonly #follower: Follower;
  readonly #moment: Moment = { isNow: false };

  constructor(
    private readonly world: DerivedWorld,
    private readonly options: DerivedProcessOptions,
  ) {
    const { policy, plan, derivations } = options;
    this.#database = databaseOf(world, this.life, { moment: this.#moment, who: options.who });
    const isPressed = world.isPressed;
    this.deriver = new Deriver({ projections: [notes, tallies], derivations, policy, isPressed });
    const reader: EventReader = readerOf(world, this.life);
    const moment = this.#moment;
    this.#projector = new Projector({
      reader: {
        readStream: async function* (stream, which) {
          const asked = moment.isNow
            ? world.log.eventsOf(stream, which.from).slice(0, which.max)
            : reader.readStream(stream, which);
          for await (const event of asked) yield renamed(event);
        },
      },
      models: readModelsIn(this.#database, this.deriver),
      projections: [notes, tallies],
      limits: plan.limits,
    });
    const readLog: ReadLog = (after, room) => {
      if (moment.isNow) return allAtOnce(world.log.after(after ?? -1n).map(renamed));
      const own = reading(world, this.life, { after, max: room.events });
      return {
        stop: () => own.stop(),
        [Symbol.asyncIterator]: async function* () {
          for await (const arrival of own) yield { ...arrival, events: arrival.events.map(renamed) };
        },
      };
    };
    this.#follower = new Follower(readLog, this.#projector);
  }

  start(): void {
    this.#run().catch(this.options.failed);
  }

  /**
   * Rebuilds a read model next to the live generation, or rolls back to the previous one, with its derivations, as a
   * command does. The command may be killed.
   */
  async rebuild(model: ReadModel, how: 'rebuild' | 'rollback', fresh: boolean): Promise<void> {
    const { owner } = this.options;
    const parts = { database: this.#database, deriver: this.deriver };
    const { follow } = this.#follower;
    const { batchEventsMax: events } = this.options.plan;
    const settings = { batchMax: { events, ...ROOM }, signal: new AbortController().signal, applied: () => undefined };
    try {
      const targets =
        how === 'rebuild'
          ? await beginTargets(parts, [model], { fresh, aside: false })
          : await beginReturn(parts, model);
      if (targets === null || targets.some(({ replaces }) => !replaces)) return;
      const names = targets.map(({ name }) => name);
      for (let tried = 0; tried < 20; tried += 1) {
        await this.world.scheduler.turn(this.life);
        const checkpoints = await acquire(this.#database, owner, { names, follows: this.deriver.models });
        const held = {
          ...{ checkpoints, far: follow, near: follow, projector: this.#projector },
          settings: { ...settings, logName: LOG_NAME },
        };
        const whenLevel = (connection: Queryable) => showAll(connection, targets, { acceptsParked: true });
        const isOurs = checkpoints.length === names.length;
        const brought = isOurs ? await bringHeldLevel(parts, held, { targets, whenLevel }) : null;
        if (brought?.kind === 'level') this.world.tally.count(model.reads === undefined ? 'rebuilt' : 'built');
        if (brought !== null && brought.kind !== 'busy') return;
      }
    } catch (error) {
      this.#expected(error);
    } finally {
      await this.world.released(owner);
    }
  }

  async #run(): Promise<never> {
    const { scheduler, tally } = this.world;
    const { owner } = this.options;
    for (let seen = -1; ;) {
      const since = seen;
      await scheduler.until(this.life, () => this.world.commits() !== since);
      seen = this.world.commits();
      let held: readonly Checkpoint[] = [];
      try {
        const follows = [notes, tallies, ...this.options.derivations];
        const free = checkpointsOf(await readCheckpoints(this.#database), follows).filter(
          (one) => (one.isFree || one.owner === owner) && one.shown,
        );
        const names = free.map(({ name }) => name).filter((name) => this.world.isEnding() || this.options.wants(name));
        if (names.length === 0) continue;
        held = await acquire(this.#database, owner, { names, follows });
        if (held.some(({ epoch }) => epoch > 1n)) tally.count('takeovers');
        if (held.length > 0) await this.#follow(held);
      } catch (error) {
        this.#expected(error);
        seen = -1;
      } finally {
        await scheduler.turn(this.life);
        if (held.length > 0) await this.world.released(owner);
      }
    }
  }

  #isDerived(checkpoint: Checkpoint): boolean {
    return this.deriver.isDerived(checkpoint);
  }

  /** Failures on tables that are being dropped are retried, too. */
  #expected(error: unknown): void {
    this.world.trace(() => `failed: ${String(error)}`);
    if (!isSimulated(error) && !isDatabaseAway(error)) throw error;
    this.world.tally.count('outages');
  }

  async #follow(held: readonly Checkpoint[]): Promise<void> {
    const otherwise = new AbortController();
    const { signal } = otherwise;
    const projected = held.filter((one) => !this.#isDerived(one));
    const beside = [this.#derive(signal), this.#lookAround(held, otherwise)];
    try {
      if (projected.length === 0) await this.world.scheduler.until(this.life, () => signal.aborted);
      else await this.#project(projected, otherwise);
    } finally {
      otherwise.abort();
      await Promise.all(beside);
    }
  }

  async #project(projected: readonly Checkpoint[], otherwise: AbortController): Promise<void> {
    const { signal } = otherwise;
    const { batchEventsMax: events } = this.options.plan;
    let now: Group = { checkpoints: projected, logName: LOG_NAME };
    const applied = ({ group, result }: AppliedBatch): void => {
      now = group;
      this.world.tally.count('batches');
      this.world.tally.count('parked', result.parked.length);
    };
    const settings = { batchMax: { events, ...ROOM }, signal, applied };
    const together = await joinCheckpoints(this.#follower.follow, projected, {
      ...settings,
      eventsMax: 5_000,
      logName: LOG_NAME,
    });
    if (together.kind !== 'reached') return;
    now = together.group;
    if (!(await become(this.#database, now.checkpoints, 'live'))) return;
    const working = this.#workOff(() => now, otherwise);
    try {
      const { kind } = await this.#follower.follow(now, settings);
      if (kind === 'lost') this.world.tally.count('lost');
    } finally {
      otherwise.abort();
      await working;
    }
  }

  /** Runs `work` after each commit by any process, until the signal. */
  async #afterCommits(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    for (let seen = -1; !signal.aborted;) {
      const since = seen;
      await this.world.scheduler.until(this.life, () => signal.aborted || this.world.commits() !== since);
      if (signal.aborted) return;
      seen = this.world.commits();
      try {
        await work();
      } catch (error) {
        try {
          this.#expected(error);
        } catch (unexpected) {
          this.options.failed(unexpected);
          return;
        }
        seen = -1;
      }
    }
  }

  #workOff(groupNow: () => Group, otherwise: AbortController): Promise<void> {
    return this.#afterCommits(otherwise.signal, async () => {
      if ((await this.#projector.workOff(groupNow, otherwise.signal)) === 'lost') otherwise.abort();
    });
  }

  #derive(signal: AbortSignal): Promise<void> {
    const rests = (): boolean => this.world.isPressed() && this.world.random.chance(0.5);
    return this.#afterCommits(signal, async () => {
      const commits = this.world.commits();
      if (!(await bringUp(this.#database, this.deriver, { signal, rests })) || this.world.commits() !== commits) return;
      await this.options.isQuiet(this.deriver, commits);
    });
  }

  /** Aborts when a lease was lost, another generation went live, or a checkpoint can be taken. */
  #lookAround(held: readonly Checkpoint[], otherwise: AbortController): Promise<void> {
    const names = new Set(held.map(({ name }) => name));
    return this.#afterCommits(otherwise.signal, async () => {
      const all = await readCheckpoints(this.#database);
      const isLost = all.some(({ name, owner, shown }) => names.has(name) && (owner !== this.options.owner || !shown));
      const follows = [notes, tallies, ...this.options.derivations];
      const isMore = checkpointsOf(all, follows).some(
        ({ name, isFree, shown }) =>
          shown && isFree && !names.has(name) && (this.world.isEnding() || this.options.wants(name)),
      );
      if (isLost || isMore) otherwise.abort();
    });
  }
}
