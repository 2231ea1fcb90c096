import type { Worker } from 'node:worker_threads';
import type { AppliedBatch, Follow, Followed, FollowOptions } from '../catch-up/follower.js';
import { dealLog, Hand, type Deal } from '../catch-up/dealing.js';
import type { EventStore } from '../eventstore/event-store.js';
import { startThread } from '../start-thread.js';
import { movedTo, placeOf, positionOf, type Group } from '../projector/group.js';
import type { Database } from '../read-models/database.js';
import { lock, move, type LogPosition } from '../read-models/checkpoints.js';

/** A worker's start data: it projects its share of the streams, from the group's position to `until`. */
export type ShardThreadData = Readonly<{
  eventstoreUrl: string;
  databaseUrl: string;
  group: Group;
  until: NonNullable<FollowOptions['until']>;
  batchMax: FollowOptions['batchMax'];
}>;

/** A message to a worker. */
export type ForShard = Readonly<{ kind: 'dealt'; deal: Deal }> | Readonly<{ kind: 'stop' }>;

/** A message of a worker: how much of its share it has read; the position up to which it has written; how it ended. */
export type ShardMessage =
  | Readonly<{ kind: 'taken'; bytes: number }>
  | Readonly<{ kind: 'applied'; batch: Omit<AppliedBatch, 'group'>; at: NonNullable<LogPosition> }>
  | Readonly<{ kind: 'ended'; how: Followed['kind'] }>
  | Readonly<{ kind: 'failed'; cause: string }>;

/** How often the checkpoint follows the workers. After a crash, events beyond it are read again. */
const MOVE_EVERY_MS = 1_000;

type Parts = Readonly<{ store: EventStore; database: Database }>;

/**
 * Moves a group along the log with several workers, each of which projects its share of the streams; the log is read
 * once. The checkpoints follow the slowest worker. Events beyond them are not folded twice, because states have
 * revisions.
 */
export function followInShards({ store, database }: Parts, count: number): Follow {
  return async (start, { until, batchMax, signal, applied }) => {
    if (until === undefined) throw new Error('Workers go to a place in the log.');
    if (signal.aborted) return { kind: 'stopped', group: start };
    if (positionOf(start) >= until.position) return { kind: 'reached', group: start };
    const progress = new Progress(database, start, count);
    const room = { events: Math.ceil(batchMax.events / count), bytes: Math.ceil(batchMax.bytes / count) };
    const ending = new AbortController();
    const stopped = AbortSignal.any([signal, ending.signal]);
    // When one worker ends, the others would wait for it.
    const together = <T>(work: Promise<T>, continues: (result: T) => boolean): Promise<T> =>
      work.then(
        (result) => {
          if (!continues(result)) ending.abort();
          return result;
        },
        (error: unknown) => {
          ending.abort();
          throw error;
        },
      );
    const data: ShardThreadData = {
      eventstoreUrl: store.url,
      databaseUrl: database.url,
      group: start,
      until,
      batchMax: room,
    };
    const shards = Array.from({ length: count }, (_, index) => {
      const thread = startThread('shard-thread.js', { name: `shard ${index}`, workerData: data });
      return {
        index,
        thread,
        hand: new Hand((deal) => thread.postMessage({ kind: 'dealt', deal } satisfies ForShard, [deal.bytes])),
      };
    });
    const running = shards.map((shard) =>
      together(
        runShard(shard, stopped, async ({ batch, at }) => {
          if (!(await progress.reach(shard.index, at))) ending.abort();
          await applied({ ...batch, position: progress.lowest, group: progress.group });
        }),
        (how) => how === 'reached',
      ),
    );
    const dealing = together(
      dealLog(store, {
        after: placeOf(start)?.position ?? null,
        until,
        hands: shards.map(({ hand }) => hand),
        signal: stopped,
      }),
      () => true,
    );
    const [dealt, ...ended] = await Promise.allSettled([dealing, ...running] as const);
    const failed = [dealt, ...ended].find((one) => one.status === 'rejected');
    if (failed !== undefined && !signal.aborted) throw failed.reason;
    const hows = ended.map((one) => (one.status === 'fulfilled' ? one.value : 'stopped'));
    if (hows.includes('lost') || !(await progress.moveNow())) return { kind: 'lost', group: progress.group };
    return { kind: hows.every((how) => how === 'reached') ? 'reached' : 'stopped', group: progress.group };
  };
}

/** The positions of the workers, and the checkpoint that follows them. */
class Progress {
  readonly #reached: LogPosition[];
  #movedAt = performance.now();
  #moving: Promise<boolean> = Promise.resolve(true);

  constructor(
    private readonly database: Database,
    public group: Group,
    count: number,
  ) {
    this.#reached = Array.from({ length: count }, () => placeOf(group));
  }

  /** Records a worker's position; false when another owner has the checkpoints. */
  async reach(index: number, at: NonNullable<LogPosition>): Promise<boolean> {
    this.#reached[index] = at;
    if (performance.now() - this.#movedAt < MOVE_EVERY_MS) return true;
    this.#movedAt = performance.now();
    return this.moveNow();
  }

  /** The position of the slowest worker; -1n before its first event. */
  get lowest(): bigint {
    return this.#slowest()?.position ?? -1n;
  }

  #slowest(): LogPosition {
    return this.#reached.reduce((low, one) => ((one?.position ?? -1n) < (low?.position ?? -1n) ? one : low));
  }

  /** Moves the checkpoint to the slowest worker; false when another owner has the checkpoints. */
  moveNow(): Promise<boolean> {
    this.#moving = this.#moving.then((isHeld) => isHeld && this.#move());
    return this.#moving;
  }

  async #move(): Promise<boolean> {
    const to = this.#slowest();
    const { checkpoints, logName } = this.group;
    if (to === null || to.position === placeOf(this.group)?.position) return true;
    const isHeld = await this.database.transaction(async (connection) => {
      if (!(await lock(connection, checkpoints))) return false;
      await move(connection, checkpoints, { logName, to });
      return true;
    });
    if (isHeld) this.group = movedTo(this.group, to);
    return isHeld;
  }
}

type Shard = Readonly<{ thread: Worker; hand: Hand }>;

/** Follows one worker until it ends; resolves with its outcome. */
async function runShard(
  { thread, hand }: Shard,
  signal: AbortSignal,
  applied: (message: Extract<ShardMessage, { kind: 'applied' }>) => Promise<void>,
): Promise<Followed['kind']> {
  const stop = () => thread.postMessage({ kind: 'stop' } satisfies ForShard);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  const ended = new Promise((resolve) => thread.once('exit', resolve));
  let telling: Promise<void> = Promise.resolve();
  try {
    return await new Promise<Followed['kind']>((resolve, reject) => {
      let how: Followed['kind'] | undefined;
      thread.on('message', (message: ShardMessage) => {
        if (message.kind === 'taken') hand.taken(message.bytes);
        else if (message.kind === 'applied') {
          telling = telling.then(() => applied(message));
          telling.catch(reject);
        } else if (message.kind === 'ended') how = message.how;
        else reject(new Error(message.cause));
      });
      thread.on('error', reject);
      thread.on('exit', () => (how === undefined ? reject(new Error('A worker ended unexpectedly.')) : resolve(how)));
    });
  } finally {
    signal.removeEventListener('abort', stop);
    // A worker whose message cannot be processed must stop.
    stop();
    await ended;
    await telling.catch(() => undefined);
  }
}
