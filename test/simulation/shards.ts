import type { Follow } from '../../src/catch-up/follower.js';
import type { Arrival, ReadLog } from '../../src/catch-up/log-reading.js';
import { skippedEvent } from '../../src/folding/facts.js';
import type { ReadModels } from '../../src/projector/ports.js';
import type { Group } from '../../src/projector/group.js';
import { shardOf, type Shard } from '../../src/projector/shard.js';
import type { LogPosition } from '../../src/read-models/checkpoints.js';

/** One shard of a log: for events of other shards only the position is passed on. */
export const partOf =
  (readLog: ReadLog, shard: Shard): ReadLog =>
  (after, room) => {
    const reading = readLog(after, room);
    async function* arrivals(): AsyncGenerator<Arrival> {
      for await (const { events, isFollowed } of reading) {
        yield {
          events: events.map((event) =>
            shardOf(event.content.kind === 'shortened' ? event.content.stream : event.stream, shard.count) ===
            shard.index
              ? event
              : skippedEvent(event, 1),
          ),
          isFollowed,
        };
      }
    }
    return { [Symbol.asyncIterator]: arrivals, stop: () => reading.stop() };
  };

export type ShardsOptions = Readonly<{
  count: number;
  follow: (shard: Shard) => Follow;
  commit: ReadModels['commit'];
  /** Whether the checkpoint moves now, or at a later time. */
  isMoved: () => boolean;
}>;

/** Concurrent workers, as `followInShards` runs them in threads. */
export function followInShards({ count, follow, commit, isMoved }: ShardsOptions): Follow {
  return async (start, options) => {
    const { until, signal, applied } = options;
    if (signal.aborted) return { kind: 'stopped', group: start };
    if (until === undefined || (start.checkpoints[0]?.at?.position ?? -1n) >= until.position)
      return { kind: 'reached', group: start };
    const reached: LogPosition[] = Array.from({ length: count }, () => start.checkpoints[0]?.at ?? null);
    let group: Group = start;
    const move = async (): Promise<boolean> => {
      const to = reached.reduce((low, one) => ((one?.position ?? -1n) < (low?.position ?? -1n) ? one : low));
      if (to === null || to.position === group.checkpoints[0]?.at?.position) return true;
      const { kind } = await commit({
        checkpoints: group.checkpoints,
        move: { logName: group.logName, to },
        isShared: false,
        index: [],
        streams: [],
      });
      if (kind === 'committed')
        group = { ...group, checkpoints: group.checkpoints.map((checkpoint) => ({ ...checkpoint, at: to })) };
      return kind === 'committed';
    };
    let moving = Promise.resolve(true);
    const moveNow = (): Promise<boolean> => (moving = moving.then(async (isHeld) => isHeld && move()));
    const ending = new AbortController();
    const stopped = AbortSignal.any([signal, ending.signal]);
    const ended = await Promise.allSettled(
      Array.from({ length: count }, async (_, index) => {
        try {
          return await follow({ index, count })(start, {
            ...options,
            signal: stopped,
            applied: async (batch) => {
              reached[index] = batch.group.checkpoints[0]?.at ?? null;
              if (isMoved() && !(await moveNow())) ending.abort();
              await applied({ ...batch, group });
            },
          });
        } catch (error) {
          ending.abort();
          throw error;
        }
      }),
    );
    const failed = ended.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const hows = ended.map((one) => (one.status === 'fulfilled' ? one.value.kind : 'stopped'));
    if (hows.includes('lost') || !(await moveNow())) return { kind: 'lost', group };
    return { kind: hows.every((how) => how === 'reached') ? 'reached' : 'stopped', group };
  };
}
