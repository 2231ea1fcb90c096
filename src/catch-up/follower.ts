import type { EventStore } from '../eventstore/event-store.js';
import { subscribeToAll } from '../eventstore/read.js';
import { recordedEventOf, type RecordedEvent } from '../eventstore/recorded-event.js';
import type { Line, LogPosition } from '../read-models/lines.js';
import type { BatchResult, Group, Projector } from './projector.js';

export type Applied = Extract<BatchResult, { kind: 'applied' }>;

export type FollowOptions = Readonly<{
  /** Stop exactly there; without it, follow until told otherwise. `eventId` is that of the event there, where it is known. */
  until?: Readonly<{ position: bigint; eventId?: string }>;
  /** Stop after about so many events. */
  eventsMax?: number;
  /** Events that one transaction takes, and that wait in memory for the next. */
  batchEventsMax: number;
  /** Stops after the batch under way. */
  signal: AbortSignal;
  /** Told after each batch; what follows waits for it. */
  applied(batch: AppliedBatch): void | Promise<void>;
}>;

export type AppliedBatch = Readonly<{ events: number; result: Applied; tookMs: number; position: bigint }>;
/** What all steps of one pursuit of the log share. */
export type Pursuit = Omit<FollowOptions, 'until' | 'eventsMax'>;

export type Followed = Readonly<{ kind: 'reached' | 'exhausted' | 'stopped' | 'lost'; group: Group }>;

/** Moves a group along the log, batch after batch; a batch is what has arrived while the one before was written. */
export class Follower {
  constructor(
    private readonly store: EventStore,
    private readonly projector: Projector,
  ) {}

  async follow(start: Group, options: FollowOptions): Promise<Followed> {
    const { until, signal } = options;
    const from = positionOf(start);
    // A stop that came before has no listener yet that would end the subscription.
    if (signal.aborted) return { kind: 'stopped', group: start };
    if (until !== undefined && (from ?? -1n) >= until.position) return { kind: 'reached', group: start };
    const subscription = subscribeToAll(this.store, from, options.batchEventsMax);
    const stop = () => void subscription.unsubscribe().finally(() => subscription.destroy());
    signal.addEventListener('abort', stop);
    const reached = { group: start };
    try {
      return { kind: await this.#applyAll(subscription, { reached, options }), group: reached.group };
    } catch (error) {
      if (!signal.aborted) throw error;
      return { kind: 'stopped', group: reached.group };
    } finally {
      signal.removeEventListener('abort', stop);
      await subscription.unsubscribe();
    }
  }

  async #applyAll(subscription: ReturnType<typeof subscribeToAll>, { reached, options }: { reached: { group: Group }; options: FollowOptions }): Promise<Followed['kind']> {
    const { until, batchEventsMax, eventsMax = Infinity, signal } = options;
    let batch: RecordedEvent[] = [];
    let events = 0;
    for await (const resolved of subscription) {
      const event = recordedEventOf(resolved);
      const isAtEnd = until !== undefined && event !== null && event.position >= until.position;
      if (event !== null && !(isAtEnd && event.position > until.position)) batch.push(event);
      if (!isAtEnd && (batch.length === 0 || (batch.length < batchEventsMax && subscription.readableLength > 0))) continue;
      const to = endOf(batch, isAtEnd ? until : undefined);
      if (to === null) return 'reached';
      const startedAt = performance.now();
      const result = await this.projector.apply(batch, { group: reached.group, to });
      if (result.kind === 'lost') return 'lost';
      reached.group = { ...reached.group, lines: reached.group.lines.map((line) => ({ ...line, at: to })) };
      events += batch.length;
      await options.applied({ events: batch.length, result, tookMs: performance.now() - startedAt, position: to.position });
      batch = [];
      if (isAtEnd) return 'reached';
      if (events >= eventsMax) return 'exhausted';
      if (signal.aborted) return 'stopped';
    }
    if (signal.aborted) return 'stopped';
    throw new Error('The store ended the subscription.');
  }

  /**
   * Brings lines that stand apart to one position, the furthest behind first, each step to where the next stands.
   * What stays behind by more than `eventsMax` is left where it is, as `far`.
   */
  async bringTogether(lines: readonly Line[], { logName, ...options }: Omit<FollowOptions, 'until'> & { logName: string }): Promise<Followed & { far: readonly Line[] }> {
    const far: Line[] = [];
    let groups = groupsOf(lines);
    for (;;) {
      const [lowest = [], next] = groups;
      const group = { lines: lowest, logName };
      if (next === undefined) return { kind: 'reached', group, far };
      const until = next[0]?.at;
      if (until == null) throw new Error('Only the lowest line may stand before the first event.');
      const followed = await this.follow(group, { ...options, until });
      if (followed.kind === 'stopped' || followed.kind === 'lost') return { ...followed, far };
      if (followed.kind === 'exhausted') far.push(...followed.group.lines);
      groups = [followed.kind === 'exhausted' ? next : [...followed.group.lines, ...next], ...groups.slice(2)];
    }
  }
}

/** Where a batch ends: at its last event, or exactly where it was to end, though the event there be gone. */
function endOf(batch: readonly RecordedEvent[], until: FollowOptions['until']): LogPosition {
  if (until?.eventId !== undefined) return { position: until.position, eventId: until.eventId };
  const last = batch.at(-1);
  return last === undefined ? null : { position: last.position, eventId: last.eventId };
}

const positionOf = ({ lines }: Group): bigint | null => lines[0]?.at?.position ?? null;

/** Lines by position, the lowest first. */
function groupsOf(lines: readonly Line[]): Line[][] {
  const byPosition = new Map<bigint, Line[]>();
  for (const line of lines) byPosition.set(line.at?.position ?? -1n, [...(byPosition.get(line.at?.position ?? -1n) ?? []), line]);
  return [...byPosition].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
