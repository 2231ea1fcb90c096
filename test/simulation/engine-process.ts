import { joinCheckpoints, Follower, type AppliedBatch, type FollowSettings } from '../../src/catch-up/follower.js';
import { Projector } from '../../src/projector/projector.js';
import type { Group } from '../../src/projector/group.js';
import type { Checkpoint } from '../../src/read-models/checkpoints.js';
import type { Plan } from './plan.js';
import { isSimulated, portsOf, type Ports, type World } from './ports.js';
import { Life } from './scheduler.js';
import { followInShards, partOf } from './shards.js';

export type ProcessOptions = Readonly<{
  plan: Plan;
  owner: string;
  /** The generations that this life wants to hold. */
  wants: () => Iterable<string>;
  /** Whether nothing more will happen, so that every process must take free generations. */
  isEnding: () => boolean;
  /** Parts of the engine that are broken on purpose. */
  broken?: Breakage;
  failed: (error: unknown) => void;
}>;

/** Wraps the engine's ports. */
export type Breakage = (ports: Ports, world: World) => Ports;

const LOG_NAME = 'a simulated log';
const BYTES_MAX = 1e9;
const EVENTS_MAX = 5_000;

/** One life of a process that keeps the read models up to date with the log, like CatchUp but without timers. */
export class EngineProcess {
  readonly life = new Life();
  readonly #ports: Ports;
  readonly #projector: Projector;
  readonly #follower: Follower;

  constructor(
    private readonly world: World,
    private readonly options: ProcessOptions,
  ) {
    const ports = portsOf(world, this.life);
    this.#ports = options.broken?.(ports, world) ?? ports;
    const { reader, models, readLog } = this.#ports;
    const { projections, limits } = options.plan;
    this.#projector = new Projector({ reader, models, projections, limits });
    this.#follower = new Follower(readLog, this.#projector);
  }

  start(): void {
    this.#run().catch(this.options.failed);
  }

  async #run(): Promise<never> {
    const { scheduler, models, tally } = this.world;
    for (;;) {
      await scheduler.until(this.life, () => [...this.options.wants()].some((name) => this.#mayTake(name)));
      const held = models.acquire(this.options.owner, this.options.wants());
      if (held.length === 0) continue;
      if (held.some(({ epoch }) => epoch > 1n)) tally.count('takeovers');
      try {
        await this.#follow(held);
      } catch (error) {
        if (!isSimulated(error)) throw error;
        tally.count('outages');
      } finally {
        await scheduler.turn(this.life);
        models.release(this.options.owner);
      }
    }
  }

  #mayTake(name: string): boolean {
    const checkpoint = this.world.models.checkpoints.get(name);
    return checkpoint !== undefined && (checkpoint.isFree || checkpoint.owner === this.options.owner);
  }

  async #follow(acquired: readonly Checkpoint[]): Promise<void> {
    let held = acquired;
    const otherwise = new AbortController();
    const { signal } = otherwise;
    const { batchEventsMax } = this.options.plan;
    const applied = ({ result, group }: AppliedBatch): void => {
      now = group;
      this.#count(result);
    };
    const settings = { batchMax: { events: batchEventsMax, bytes: BYTES_MAX }, signal, applied };
    let now: Group = { checkpoints: held, logName: LOG_NAME };
    if (this.options.plan.workers > 1) {
      const built = await this.#build(held, settings);
      if (built === null) return;
      held = built;
    }
    const together = await joinCheckpoints(this.#follower.follow, held, {
      ...settings,
      eventsMax: EVENTS_MAX,
      logName: LOG_NAME,
    });
    if (together.kind !== 'reached') return;
    now = together.group;
    const working = this.#workOff(() => now, otherwise);
    void this.#lookAround(otherwise);
    try {
      const { kind } = await this.#follower.follow(together.group, settings);
      if (kind === 'lost') this.world.tally.count('lost');
    } finally {
      otherwise.abort();
      await working;
    }
  }

  /** Brings generations at one position to the end of the log with several workers; null when it must not continue. */
  async #build(held: readonly Checkpoint[], settings: FollowSettings): Promise<readonly Checkpoint[] | null> {
    const { random, log, tally } = this.world;
    const end = log.events.at(-1);
    const isApart = new Set(held.map(({ at }) => at?.position)).size > 1;
    if (end === undefined || isApart || random.chance(0.3)) return held;
    tally.count('builds');
    const {
      plan: { projections, limits, workers: count },
    } = this.options;
    const { reader, models, readLog } = this.#ports;
    const follow = followInShards({
      count,
      commit: (write) => models.commit(write),
      isMoved: () => random.chance(0.3),
      follow: (shard) =>
        new Follower(partOf(readLog, shard), new Projector({ reader, models, projections, limits, isShard: true }))
          .follow,
    });
    const { kind, group } = await follow(
      { checkpoints: held, logName: LOG_NAME },
      { ...settings, until: { position: end.position } },
    );
    return kind === 'reached' ? group.checkpoints : null;
  }

  async #workOff(groupNow: () => Group, otherwise: AbortController): Promise<void> {
    const { scheduler, models, tally } = this.world;
    const { signal } = otherwise;
    const names = groupNow().checkpoints.map(({ name }) => name);
    while (!signal.aborted) {
      await scheduler.until(this.life, () => signal.aborted || models.isWaiting(names));
      if (signal.aborted) return;
      try {
        const kind = await this.#projector.workOff(groupNow, signal, (result) => {
          this.#count(result);
          tally.count('worked off');
        });
        if (kind === 'lost') otherwise.abort();
      } catch (error) {
        if (!isSimulated(error)) this.options.failed(error);
      }
    }
  }

  /** At the end, takes the generations that nobody holds. */
  async #lookAround(otherwise: AbortController): Promise<void> {
    const { scheduler, models } = this.world;
    const isOver = (): boolean => otherwise.signal.aborted;
    await scheduler.until(
      this.life,
      () =>
        isOver() ||
        (this.options.isEnding() &&
          [...models.checkpoints.values()].some(({ isFree, owner }) => isFree && owner !== this.options.owner)),
    );
    otherwise.abort();
  }

  #count(result: AppliedBatch['result']): void {
    const { tally } = this.world;
    tally.count('batches');
    tally.count('repeats', result.repeats);
    tally.count('refolds', result.refolds);
    tally.count('ambiguous', result.ambiguous);
    tally.count('gone', result.gone.length);
    tally.count('parked', result.parked.length);
    tally.count('deferred', result.waiting);
    tally.count('claims lost', result.parked.filter(({ cause }) => cause.startsWith('Two streams')).length);
  }
}
