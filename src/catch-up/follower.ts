import type { Checkpoint, LogPosition } from '../read-models/checkpoints.js';
import type { ReadEvent } from '../folding/facts.js';
import { groupBy } from '../folding/group-by.js';
import type { LogReading, ReadLog, Room } from './log-reading.js';
import { movedTo, placeOf, positionOf, type Group } from '../projector/group.js';
import type { Applied, Projector } from '../projector/projector.js';

export type FollowOptions = Readonly<{
  /** Stop exactly there; without it, follow until `signal` aborts. `eventId`: of the event at that position, if known. */
  until?: Readonly<{ position: bigint; eventId?: string }>;
  /** Stop after about this many events. */
  eventsMax?: number;
  /** What one transaction takes, and what waits in memory for the next. */
  batchMax: Room;
  /** Stops after the batch under way. */
  signal: AbortSignal;
  /** Called after each batch; the next batch is written when it resolves. */
  applied(batch: AppliedBatch): void | Promise<void>;
}>;

export type AppliedBatch = Readonly<{
  events: number;
  result: Applied;
  tookMs: number;
  position: bigint;
  /** When the store recorded the last event; null where none was read. */
  recordedAt: Date | null;
  /** The checkpoints, as they stand after the batch. */
  group: Group;
}>;
/** What all steps of following the log share. */
export type FollowSettings = Omit<FollowOptions, 'until' | 'eventsMax'>;

export type Followed = Readonly<{ kind: 'reached' | 'exhausted' | 'stopped' | 'lost'; group: Group }>;

/** Events that one transaction takes, after which the checkpoints stand at `to`. */
type Batch = Readonly<{ events: readonly ReadEvent[]; to: NonNullable<LogPosition>; isLast: boolean }>;
type Way = Readonly<{ reached: { group: Group; events: number }; options: FollowOptions }>;

/** Moves a group along the log, by one worker or by several. */
export type Follow = (start: Group, options: FollowOptions) => Promise<Followed>;

/** Moves a group along the log, batch after batch; a batch is what has arrived while the one before was applied. */
export class Follower {
  constructor(
    private readonly readLog: ReadLog,
    private readonly projector: Pick<Projector, 'apply'>,
  ) {}

  readonly follow: Follow = async (start, options) => {
    const { until, signal } = options;
    // A stop that came before has no listener yet that would end the subscription.
    if (signal.aborted) return { kind: 'stopped', group: start };
    if (until !== undefined && positionOf(start) >= until.position) return { kind: 'reached', group: start };
    const reading = this.readLog(placeOf(start)?.position ?? null, options.batchMax);
    const stop = () => void reading.stop();
    signal.addEventListener('abort', stop);
    const reached = { group: start, events: 0 };
    try {
      return { kind: await this.#applyAll(batchesOf(reading, options), { reached, options }), group: reached.group };
    } catch (error) {
      if (!signal.aborted) throw error;
      return { kind: 'stopped', group: reached.group };
    } finally {
      signal.removeEventListener('abort', stop);
      await reading.stop();
    }
  };

  async #applyAll(batches: AsyncIterable<Batch>, way: Way): Promise<Followed['kind']> {
    for await (const batch of batches) {
      const ended = await this.#apply(batch, way);
      if (ended !== null) return ended;
    }
    return way.options.signal.aborted ? 'stopped' : 'reached';
  }

  /** Null to continue. */
  async #apply({ events, to, isLast }: Batch, { reached, options }: Way): Promise<Followed['kind'] | null> {
    const startedAt = performance.now();
    const result = await this.projector.apply(events, { group: reached.group, to });
    if (result.kind === 'lost') return 'lost';
    reached.group = movedTo(reached.group, to);
    reached.events += events.length;
    const { length: count } = events;
    const recordedAt = events.at(-1)?.recordedAt ?? null;
    await options.applied({
      events: count,
      result,
      tookMs: performance.now() - startedAt,
      position: to.position,
      recordedAt,
      group: reached.group,
    });
    if (isLast) return 'reached';
    if (reached.events >= (options.eventsMax ?? Infinity)) return 'exhausted';
    return options.signal.aborted ? 'stopped' : null;
  }
}

/**
 * Brings checkpoints at different positions to one position: the furthest behind first, each step to the position of the
 * next. Checkpoints that stay behind by more than `eventsMax` are left where they are, as `far`.
 */
export async function joinCheckpoints(
  follow: Follow,
  checkpoints: readonly Checkpoint[],
  { logName, ...options }: Omit<FollowOptions, 'until'> & { logName: string },
): Promise<Followed & { far: readonly Checkpoint[] }> {
  const far: Checkpoint[] = [];
  let groups = groupsOf(checkpoints);
  for (;;) {
    const [lowest = [], next] = groups;
    const group = { checkpoints: lowest, logName };
    if (next === undefined) return { kind: 'reached', group, far };
    const until = next[0]?.at;
    if (until == null) throw new Error('Only the lowest checkpoint may stand before the first event.');
    const followed = await follow(group, { ...options, until });
    if (followed.kind === 'stopped' || followed.kind === 'lost') return { ...followed, far };
    if (followed.kind === 'exhausted') far.push(...followed.group.checkpoints);
    groups = [followed.kind === 'exhausted' ? next : [...followed.group.checkpoints, ...next], ...groups.slice(2)];
  }
}

/** After this many events of other workers a batch ends, so that progress is reported. */
const SKIPS_MAX = 20_000;

/** Batches are full where the end is known, and else what has arrived while the one before was written. */
async function* batchesOf(reading: LogReading, { until, batchMax, signal }: FollowOptions): AsyncGenerator<Batch> {
  let events: ReadEvent[] = [];
  let bytes = 0;
  let skipped: LogPosition = null;
  let skips = 0;
  for await (const arrival of reading) {
    const last = arrival.events.at(-1);
    for (const event of arrival.events) {
      const isLast = until !== undefined && event.position >= until.position;
      // The event at the end may be gone: then a later event shows that the end was passed.
      if (event.says.kind === 'skipped') {
        skips += event.says.events;
        if (!(isLast && event.position > until.position))
          skipped = { position: event.position, eventId: event.eventId };
      } else if (!(isLast && event.position > until.position)) {
        events.push(event);
        bytes += event.bytes;
      }
      const isFollowed = !isLast && (event !== last || arrival.isFollowed);
      const isFull =
        events.length >= batchMax.events ||
        skips >= SKIPS_MAX ||
        bytes >= batchMax.bytes ||
        (until === undefined && !isFollowed);
      if (!isLast && ((events.length === 0 && skips < SKIPS_MAX) || !isFull)) continue;
      const to = endOf(later(events.at(-1), skipped), isLast ? until : undefined);
      // Nothing was left before the end, and the end itself is gone.
      if (to === null) return;
      yield { events, to, isLast };
      [events, bytes, skips] = [[], 0, 0];
    }
  }
  if (!signal.aborted) throw new Error('The store ended the subscription.');
}

/** At the last event, or exactly where it was to end, though the event there be gone; null when nothing is known to stand there. */
function endOf(last: LogPosition, until: FollowOptions['until']): LogPosition {
  if (until?.eventId !== undefined) return { position: until.position, eventId: until.eventId };
  return last === null ? null : { position: last.position, eventId: last.eventId };
}

const later = (event: ReadEvent | undefined, skipped: LogPosition): LogPosition =>
  event === undefined || (skipped !== null && skipped.position > event.position) ? skipped : event;

/** Checkpoints by position, the lowest first. */
function groupsOf(checkpoints: readonly Checkpoint[]): Checkpoint[][] {
  const byPosition = groupBy(checkpoints, ({ at }) => at?.position ?? -1n);
  return [...byPosition].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
