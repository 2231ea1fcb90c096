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
export type WholeFold = Extract<StreamFold, { kind: 'folded' }> | { readonly kind: 'parked'; readonly parked: ParkedStream };

/** Folds the whole of a stream, page by page, or says why it cannot, and at which event. What was a guess before the events after revision `known` is no new one. */
export async function foldWhole(projection: AnyProjection, pages: Pages, known = -1n): Promise<WholeFold> {
  const facts: Fact[] = [];
  let before = 0;
  let last: ReadEvent | undefined;
  let parked: ParkedStream | undefined;
  for await (const page of pages) {
    for (const event of page) {
      last = event;
      try {
        facts.push(...factOf(projection, event));
        if (event.revision <= known) before = facts.length;
      } catch (error) {
        parked ??= parkedAt(event, error);
      }
    }
  }
  if (parked !== undefined) return { kind: 'parked', parked };
  if (last === undefined) throw new Error('A stream that is folded again has at least one event.');
  try {
    const folded = foldAll(projection, facts);
    const old = new Set(folded.guesses.length === 0 ? [] : order(facts.slice(0, before)).ambiguous);
    return { kind: 'folded', written: writtenOf(projection, last, folded), guesses: folded.guesses.filter((fact) => !old.has(fact)) };
  } catch (error) {
    return { kind: 'parked', parked: parkedAt(last, error) };
  }
}

const writtenOf = (projection: AnyProjection, { stream, revision }: ReadEvent, { state, current }: Folded): StreamRows => ({ stream, revision, state, rows: projection.rows(current) });

function parkedAt({ stream, revision }: ReadEvent, error: unknown): ParkedStream {
  return { stream, revision, cause: String(error), stack: error instanceof Error ? (error.stack ?? null) : null };
}
