import type { TimelineEntry } from './answers.js';

/** Which of the events of a timeline count: those that had come by some moment, and had happened by another. */
export type Moments = Readonly<{
  /** In the order in which they came. */
  arrivals: readonly TimelineEntry[];
  /** How many had come; all of them when it is their number. */
  known: number;
  /** How many had happened, in logical order. */
  happened: number;
  isPast: boolean;
}>;

/** The moments that a query asks for; what is none of the timeline is the present. */
export function momentsOf(entries: readonly TimelineEntry[], query: Readonly<Record<string, string>>): Moments {
  const arrivals = [...entries].sort((a, b) => (BigInt(a.position) < BigInt(b.position) ? -1 : 1));
  const among = (text: string | undefined): number => {
    const count = /^\d{1,4}$/.test(text ?? '') ? Number(text) : entries.length;
    return Math.min(Math.max(count, Math.min(1, entries.length)), entries.length);
  };
  const [known, happened] = [among(query['known']), among(query['true'])];
  return { arrivals, known, happened, isPast: known < entries.length || happened < entries.length };
}

/** What the API is asked for these moments. */
export const questionOf = (entries: readonly TimelineEntry[], { arrivals, known, happened }: Moments) => ({
  knownAt: known < entries.length ? arrivals[known - 1]?.position : undefined,
  trueAt: happened < entries.length ? entries[happened - 1]?.created : undefined,
});

/** Whether an event counts at these moments: `trueAt` has seconds, so that all of a second count together. */
export function isCounted(entry: TimelineEntry, entries: readonly TimelineEntry[], moments: Moments): boolean {
  const { knownAt, trueAt } = questionOf(entries, moments);
  return (
    (knownAt === undefined || BigInt(entry.position) <= BigInt(knownAt)) &&
    (trueAt === undefined || entry.created <= trueAt)
  );
}
