import type { TimelineEntry } from './answers.js';

/** Selects the events of a timeline that had arrived by one moment and had happened by another. */
export type Moments = Readonly<{
  /** In order of arrival. */
  arrivals: readonly TimelineEntry[];
  /** How many had arrived; the total count means all. */
  known: number;
  /** How many had happened, in logical order. */
  happened: number;
  isPast: boolean;
}>;

/** The moments that a query asks for; a value outside the timeline is clamped, and no number means the present. */
export function momentsOf(entries: readonly TimelineEntry[], query: Readonly<Record<string, string>>): Moments {
  const arrivals = [...entries].sort((a, b) => (BigInt(a.position) < BigInt(b.position) ? -1 : 1));
  const among = (text: string | undefined): number => {
    const count = /^\d{1,4}$/.test(text ?? '') ? Number(text) : entries.length;
    return Math.min(Math.max(count, Math.min(1, entries.length)), entries.length);
  };
  const [known, happened] = [among(query['known']), among(query['true'])];
  return { arrivals, known, happened, isPast: known < entries.length || happened < entries.length };
}

/** The API's query parameters for these moments. */
export const questionOf = (entries: readonly TimelineEntry[], { arrivals, known, happened }: Moments) => ({
  knownAt: known < entries.length ? arrivals[known - 1]?.position : undefined,
  trueAt: happened < entries.length ? entries[happened - 1]?.created : undefined,
});

/**
 * Whether an event counts at these moments. `trueAt` has a resolution of 1 s, so events of one second count together.
 */
export function isCounted(entry: TimelineEntry, entries: readonly TimelineEntry[], moments: Moments): boolean {
  const { knownAt, trueAt } = questionOf(entries, moments);
  return (
    (knownAt === undefined || BigInt(entry.position) <= BigInt(knownAt)) &&
    (trueAt === undefined || entry.created <= trueAt)
  );
}
