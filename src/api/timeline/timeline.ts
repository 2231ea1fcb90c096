import type { Past } from '../../as-of/past.js';
import type { Snapshots } from '../../read-models/database.js';
import { orProblem, orTooLarge } from '../past/as-of.js';
import { linkedStreams } from './linked-streams.js';
import { timelineEntries } from './timeline-entries.js';
import type { KeptTimeline, KeptTimelines } from './kept-timelines.js';

/** The requested part of a timeline; a page ends early when its entries exceed `bytesMax` bytes. */
export type TimelineQuestion = Readonly<{
  subscription: string;
  withLinked: boolean;
  after: number;
  limit: number;
  bytesMax: number;
}>;

/** Timelines: a subscription's events in logical order, read from the log; read models locate linked streams. */
export class Timeline {
  constructor(private readonly parts: Readonly<{ past: Past; database: Snapshots; kept: KeptTimelines }>) {}

  /**
   * Returns a page of a subscription's events as JSON, from after a number; null when its stream is empty. @throws
   * ProblemError 422 when there are too many, or one cannot be read
   */
  async page({ subscription, withLinked, after, limit, bytesMax }: TimelineQuestion): Promise<string | null> {
    const own = `subscription-${subscription}`;
    const linked = withLinked
      ? await this.parts.database.snapshot((connection) => linkedStreams(connection, subscription))
      : [];
    const timeline = await this.#whole(subscription, own, linked);
    return timeline.isOfNothing ? null : pageOf(timeline.entries, { after, limit, bytesMax });
  }

  /** Uses the cache: reading and ordering a long stream takes seconds, and its pages are requested in sequence. */
  async #whole(subscription: string, own: string, linked: readonly string[]): Promise<KeptTimeline> {
    const { past, kept } = this.parts;
    const names = [own, ...linked];
    const known = kept.get(names);
    if (known !== undefined && (await isStillWhole(past, known))) return known;
    const { streams, ends } = orTooLarge(await past.readLog(names), past.limits);
    const entries = orProblem(() => timelineEntries(streams.values(), subscription)).map((entry) =>
      JSON.stringify(entry),
    );
    return kept.keep(names, { entries, ends, isOfNothing: streams.get(own)?.length === 0 });
  }
}

async function isStillWhole(past: Past, { ends }: KeptTimeline): Promise<boolean> {
  for (const [stream, end] of ends) if (await past.hasMore(stream, end)) return false;
  return true;
}

/** Returns at least one entry, so that every page makes progress. */
function pageOf(
  entries: readonly string[],
  { after, limit, bytesMax }: Pick<TimelineQuestion, 'after' | 'limit' | 'bytesMax'>,
): string {
  let end = after;
  for (let bytes = 0; end < entries.length && end - after < limit; end += 1) {
    bytes += entries[end]?.length ?? 0;
    if (bytes > bytesMax && end > after) break;
  }
  return `{"data":[${entries.slice(after, end).join(',')}],"nextAfter":${end < entries.length && end > after ? end : 'null'}}`;
}
