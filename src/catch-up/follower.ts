import type { Checkpoint, LogPosition } from '../read-models/checkpoints.js';
import type { ReadEvent } from '../folding/facts.js';
import { groupBy } from '../folding/group-by.js';
import type { LogReading, ReadLog, Room } from './log-reading.js';
import { movedTo, placeOf, positionOf, type Group } from '../projector/group.js';
import type { Applied, Projector } from '../projector/projector.js';

export type FollowOptions = Readonly<{
  /**
   * Stop exactly there; without it, follow until `signal` aborts. `eventId`: that of the event at the position, if
   * known.
   */
  until?: Readonly<{ position: bigint; eventId?: string }>;
  /** Stop after about this many events. */
  eventsMax?: number;
  /** The limits of one transaction, and of the events that wait for the next. */
  batchMax: Room;
  /** Stops after the current batch. */
  signal: AbortSignal;
  /** Called after each batch; the next one is written when it resolves. */
  applied(batch: AppliedBatch): void | Promise<void>;
}>;

export type AppliedBatch = Readonly<{
  events: number;
  result: Applied;
  tookMs: number;
  position: bigint;
  /** When the store recorded the last event; null when none was read. */
  recordedAt: Date | null;
  /** The checkpoints after the batch. */
  group: Group;
}>;
/** The options that all steps of following the log share. */
export type FollowSettings = Omit<FollowOptions, 'until' | 'eventsMax'>;

export type Followed = Readonly<{ kind: 'reached' | 'exhausted' | 'stopped' | 'lost'; group: Group }>;

/** The events of one transaction, which moves the checkpoints to `to`. */
type Batch = Readonly<{ events: readonly ReadEvent[]; to: NonNullable<LogPosition>; isLast: boolean }>;
type Way = Readonly<{ reached: { group: Group; events: number }; options: FollowOptions }>;

/** Moves a group along the log, with one or several workers. */
export type Follow = (start: Group, options: FollowOptions) => Promise<Followed>;

/**
 * Moves a group along the log in batches. A batch contains the events that arrived while the previous one was applied.
 */
export class Follower {
  constructor(
    private readonly readLog: ReadLog,
    private readonly projector: Pick<Projector, 'apply'>,
  ) {}

  readonly follow: Follow = async (start, options) => {
    const { until, signal } = options;
    // An earlier abort has no listener that would end the subscription.
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

  /** Applies a batch; null to continue. */
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
 * Brings checkpoints at different positions to one position: the furthest behind first, each step to the position of
 * the next. Checkpoints that are behind by more than `eventsMax` stay, as `far`.
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
    if (until == null) throw new Error('Only the lowest checkpoint may be before the first event.');
    const followed = await follow(group, { ...options, until });
    if (followed.kind === 'stopped' || followed.kind === 'lost') return { ...followed, far };
    if (followed.kind === 'exhausted') far.push(...followed.group.checkpoints);
    groups = [followed.kind === 'exhausted' ? next : [...followed.group.checkpoints, ...next], ...groups.slice(2)];
  }
}

/** A batch ends after this many events of other workers, so that progress is reported. */
const SKIPS_MAX = 20_000;

/** Yields batches: full ones when the end is known, else the events that arrived during the previous batch. */
async function* batchesOf(reading: LogReading, { until, batchMax, signal }: FollowOptions): AsyncGenerator<Batch> {
  let events: ReadEvent[] = [];
  let bytes = 0;
  let skipped: LogPosition = null;
  let skips = 0;
  for await (const arrival of reading) {
    const last = arrival.events.at(-1);
    for (const event of arrival.events) {
      const isLast = until !== undefined && event.position >= until.position;
      // The event at the end may be deleted: then a later event shows that the end was passed.
      if (event.content.kind === 'skipped') {
        skips += event.content.events;
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
      // No event is left before the end, and the event at the end is deleted.
      if (to === null) return;
      yield { events, to, isLast };
      [events, bytes, skips] = [[], 0, 0];
    }
  }
  if (!signal.aborted) throw new Error('The store ended the subscription.');
}

/**
 * Returns the position after a run: the last event, or exactly the requested end even if its event is deleted; null
 * when unknown.
 */
function endOf(last: LogPosition, until: FollowOptions['until']): LogPosition {
  if (until?.eventId !== undefined) return { position: until.position, eventId: until.eventId };
  return last === null ? null : { position: last.position, eventId: last.eventId };
}

const later = (event: ReadEvent | undefined, skipped: LogPosition): LogPosition =>
  event === undefined || (skipped !== null && skipped.position > event.position) ? skipped : event;

/** Groups checkpoints by position, lowest first. */
function groupsOf(checkpoints: readonly Checkpoint[]): Checkpoint[][] {
  const byPosition = groupBy(checkpoints, ({ at }) => at?.position ?? -1n);
  return [...byPosition].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
