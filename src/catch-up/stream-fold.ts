import type { AnyProjection, Fact } from '../../projections/projection.js';
import { order } from '../events/order.js';
import type { ParkedStream } from '../read-models/parked-streams.js';
import type { StoredState, StreamRows } from '../read-models/rows.js';
import { factOf, type ReadEvent } from './facts.js';
import { advance, foldAll, unfolded, type Folded, type FoldState } from './fold.js';

export type StreamFold =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'folded'; readonly written: StreamRows; readonly guesses: readonly Fact[] }
  /** An event came late, or cannot be read: the stream must be folded again from the log, which also names a cause. */
  | { readonly kind: 'again' };

/** Folds what a batch brings of one stream onto its stored state. */
export function foldOn(projection: AnyProjection, stored: StoredState | undefined, events: readonly ReadEvent[]): StreamFold {
  const fresh = events.filter(({ revision }) => stored === undefined || revision > stored.revision);
  const last = fresh.at(-1);
  if (last === undefined) return { kind: 'unchanged' };
  try {
    const facts = fresh.flatMap((event) => factOf(projection, event));
    if (facts.length === 0) return { kind: 'unchanged' };
    const folded = advance(projection, stored === undefined ? unfolded(projection) : (stored.state as FoldState), facts);
    if (folded.kind === 'late') return { kind: 'again' };
    return { kind: 'folded', written: writtenOf(projection, last, folded), guesses: folded.guesses };
  } catch {
    // Nothing is swallowed: the fold from the log meets the same event and parks the stream with the error.
    return { kind: 'again' };
  }
}

type Pages = AsyncIterable<readonly ReadEvent[]> | Iterable<readonly ReadEvent[]>;
export type WholeFold = Extract<StreamFold, { kind: 'folded' }> | Readonly<{
  kind: 'parked';
  parked: ParkedStream;
  /** Up to the event that cannot be folded; null when it is the first that says anything. */
  written: StreamRows | null;
}>;

/** What an event says, and which one it is. */
type Told = Readonly<{ fact: Fact; event: ReadEvent }>;
type Failure = Readonly<{ event: ReadEvent; error: unknown }>;

/** Folds the whole of a stream, page by page, or says at which event it cannot, and why. What was a guess before the events after revision `known` is no new one. */
export async function foldWhole(projection: AnyProjection, pages: Pages, known = -1n): Promise<WholeFold> {
  const told: Told[] = [];
  let last: ReadEvent | undefined;
  let unreadable: Failure | undefined;
  for await (const page of pages) {
    for (const event of page) {
      last = event;
      if (unreadable !== undefined) continue;
      try {
        told.push(...factOf(projection, event).map((fact) => ({ fact, event })));
      } catch (error) {
        unreadable = { event, error };
      }
    }
  }
  if (last === undefined) throw new Error('A stream that is folded again has at least one event.');
  const failure = unfoldable(projection, told) ?? unreadable;
  if (failure !== undefined) return { kind: 'parked', parked: parkedAt(failure), written: writtenBefore(projection, told, failure) };
  const folded = foldAll(projection, told.map(({ fact }) => fact));
  const old = new Set(folded.guesses.length === 0 ? [] : order(told.filter(({ event }) => event.revision <= known).map(({ fact }) => fact)).ambiguous);
  return { kind: 'folded', written: writtenOf(projection, last, folded), guesses: folded.guesses.filter((fact) => !old.has(fact)) };
}

/** The event with which a fold begins to throw. Found by halves: what cannot be folded cannot be with more behind it. */
function unfoldable(projection: AnyProjection, told: readonly Told[]): Failure | undefined {
  const errorOf = (count: number): { error: unknown } | undefined => {
    try {
      projection.rows(foldAll(projection, told.slice(0, count).map(({ fact }) => fact)).current);
      return undefined;
    } catch (error) {
      return { error };
    }
  };
  let failed = errorOf(told.length);
  if (failed === undefined) return undefined;
  let [good, bad] = [0, told.length];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    const half = errorOf(middle);
    if (half === undefined) good = middle;
    else [bad, failed] = [middle, half];
  }
  return { event: (told[bad - 1] as Told).event, error: failed.error };
}

/** The last good rows of a stream that is parked, which do not depend on what else its batch brought. */
function writtenBefore(projection: AnyProjection, told: readonly Told[], { event: { revision } }: Failure): StreamRows | null {
  const good = told.filter(({ event }) => event.revision < revision);
  const last = good.at(-1);
  return last === undefined ? null : writtenOf(projection, last.event, foldAll(projection, good.map(({ fact }) => fact)));
}

const writtenOf = (projection: AnyProjection, { stream, revision }: ReadEvent, { state, current }: Folded): StreamRows => ({ stream, revision, state, rows: projection.rows(current) });

const parkedAt = ({ event: { stream, revision }, error }: Failure): ParkedStream =>
  ({ stream, revision, cause: String(error), stack: error instanceof Error ? (error.stack ?? null) : null });
