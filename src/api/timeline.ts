import type { Past } from '../as-of/past.js';
import type { Database } from '../read-models/database.js';
import { orProblem, streamsOf } from './as-of.js';
import { linkedStreams } from './linked-streams.js';
import { inSnapshot } from './lists.js';
import { timelineEntries, type TimelineEntry } from './timeline-entries.js';

export type TimelinePage = Readonly<{ data: readonly TimelineEntry[]; nextAfter: number | null }>;

/** The events of subscriptions in logical order, read from the log itself; what is linked is found in the read models. */
export class Timeline {
  constructor(
    private readonly past: Past,
    private readonly database: Database,
  ) {}

  /** A page of a subscription's events, from after a number; null when its stream does not exist. @throws ProblemError 422 when there are too many, or one cannot be read */
  async page(subscription: string, { after, limit, withLinked }: { after: number; limit: number; withLinked: boolean }): Promise<TimelinePage | null> {
    const own = `subscription-${subscription}`;
    const linked = withLinked ? await inSnapshot(this.database, (connection) => linkedStreams(connection, subscription)) : [];
    const streams = streamsOf(await this.past.readLog([own, ...linked]), this.past.limits);
    if (streams.get(own)?.length === 0) return null;
    const { entries, total } = orProblem(() => timelineEntries(streams.values(), { subscription, after, limit }));
    return { data: entries, nextAfter: after + limit < total ? after + limit : null };
  }
}
