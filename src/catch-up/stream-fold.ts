import type { AnyProjection, Fact } from '../../projections/projection.js';
import { order } from '../events/order.js';
import { advance, bySecond, unfolded, type Folded, type FoldState } from '../folding/fold.js';
import { byObject, foldObjects, rowsOfAll } from '../folding/fold-objects.js';
import { atEvent, type ParkedStream } from '../read-models/parked-streams.js';
import type { StoredState, StreamRows } from '../read-models/rows.js';
import { factOf, type ReadEvent } from './facts.js';
import type { Remains } from './stream-pages.js';

export type StreamFold =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'folded'; readonly written: StreamRows; readonly guesses: readonly Fact[] }
  /** An event came late, or cannot be read: the stream must be folded again from the log, which also names a cause. */
  | { readonly kind: 'again' };

/** Folds what a batch brings of one stream onto its stored state. */
export function foldOn(projection: AnyProjection, stored: StoredState | undefined, events: readonly ReadEvent[]): StreamFold {
  const news = events.filter(({ revision }) => stored === undefined || revision > stored.revision);
  const last = news.at(-1);
  if (last === undefined) return { kind: 'unchanged' };
  try {
    const facts = bySecond(news.flatMap((event) => factOf(projection, event)));
    const fresh = byObject(projection, facts);
    if (fresh.size === 0) return { kind: 'unchanged' };
    const objects = advanceObjects(projection, (stored?.state ?? {}) as StreamState, fresh);
    if (objects === null) return { kind: 'again' };
    return { kind: 'folded', written: writtenOf(last, { objects, rows: rowsOfAll(projection, objects) }), guesses: guessesOf(objects) };
  } catch {
    // Nothing is swallowed: the fold from the log meets the same event and parks the stream with the error.
    return { kind: 'again' };
  }
}

/** How far each object of a stream is folded, by its name. */
type StreamState = Readonly<Record<string, FoldState>>;

type Folds = ReadonlyMap<string, Folded>;

/** Folds facts onto the states of their objects; null when one of them is late. */
function advanceObjects(projection: AnyProjection, states: StreamState, fresh: ReadonlyMap<string, readonly Fact[]>): Folds | null {
  const folded = new Map<string, Folded>();
  for (const object of new Set([...Object.keys(states), ...fresh.keys()])) {
    const state = Object.hasOwn(states, object) ? (states[object] as FoldState) : unfolded(projection);
    const own = advance(projection, state, fresh.get(object) ?? []);
    if (own.kind === 'late') return null;
    folded.set(object, own);
  }
  return folded;
}

type Pages = AsyncIterable<readonly ReadEvent[], Remains> | Iterable<readonly ReadEvent[]>;
export type WholeFold =
  | Extract<StreamFold, { kind: 'folded' }> & Readonly<{ /** Absent when the store has all of it. */ remains?: 'some' }>
  /** None of its events counts, or the store has none of them any more: the stream has no rows. */
  | Readonly<{ kind: 'empty'; remains: Remains }>
  | Readonly<{
    kind: 'parked';
    parked: ParkedStream;
    /** Up to the event that cannot be folded; null when it is the first that says anything. */
    written: StreamRows | null;
  }>;

/** What an event says, and which one it is. */
export type Told = Readonly<{ fact: Fact; event: ReadEvent }>;
type Failure = Readonly<{ event: ReadEvent; error: unknown }>;
type Telling = Readonly<{ told: readonly Told[]; last: ReadEvent | undefined; unreadable: Failure | undefined; remains: Remains }>;

/** What the events of a stream say to a projection, page by page, as far as they can be read. */
export async function tell(projection: AnyProjection, pages: Pages): Promise<Telling> {
  const told: Told[] = [];
  let last: ReadEvent | undefined;
  let unreadable: Failure | undefined;
  const reading = Symbol.asyncIterator in pages ? pages[Symbol.asyncIterator]() : pages[Symbol.iterator]();
  let next = await reading.next();
  for (; next.done !== true; next = await reading.next()) {
    for (const event of next.value) {
      last = event;
      if (unreadable !== undefined) continue;
      try {
        told.push(...factOf(projection, event).map((fact) => ({ fact, event })));
      } catch (error) {
        unreadable = { event, error };
      }
    }
  }
  return { told, last, unreadable, remains: (next.value as Remains | undefined) ?? 'all' };
}

/** Folds the whole of a stream, or says at which event it cannot, and why. Guesses already counted at revision `known` are not counted again. */
export async function foldWhole(projection: AnyProjection, pages: Pages, known = -1n): Promise<WholeFold> {
  const { told, last, unreadable, remains } = await tell(projection, pages);
  if (last === undefined) return { kind: 'empty', remains };
  const whole = attempt(projection, told);
  if (whole.kind === 'failed') return parkedBy(projection, told, firstFailure(projection, told, whole.error));
  if (unreadable !== undefined) return parkedBy(projection, told, unreadable);
  const guesses = guessesOf(whole.objects);
  const old = new Set(guesses.length === 0 ? [] : order(told.filter(({ event }) => event.revision <= known).map(({ fact }) => fact)).ambiguous);
  return { kind: 'folded', written: writtenOf(last, whole), guesses: guesses.filter((fact) => !old.has(fact)), ...(remains === 'some' ? { remains } : {}) };
}

/** What stands of a stream that has no events: it is folded from the beginning when it gets some again. */
export const emptyRows = (projection: AnyProjection, stream: string): StreamRows => ({ stream, revision: -1n, state: {}, rows: rowsOfAll(projection, new Map()) });

type FoldedStream = Readonly<{ objects: Folds; rows: StreamRows['rows'] }>;
type Attempt = Readonly<{ kind: 'folded' }> & FoldedStream | Readonly<{ kind: 'failed'; error: unknown }>;

function attempt(projection: AnyProjection, told: readonly Told[]): Attempt {
  try {
    const objects = foldObjects(projection, told.map(({ fact }) => fact));
    return { kind: 'folded', objects, rows: rowsOfAll(projection, objects) };
  } catch (error) {
    return { kind: 'failed', error };
  }
}

/** The event with which a fold that throws begins to. Found by halves: what cannot be folded cannot be with more behind it. */
function firstFailure(projection: AnyProjection, told: readonly Told[], error: unknown): Failure {
  let [good, bad] = [0, { count: told.length, error }];
  while (bad.count - good > 1) {
    const count = Math.floor((good + bad.count) / 2);
    const part = attempt(projection, told.slice(0, count));
    if (part.kind === 'folded') good = count;
    else bad = { count, error: part.error };
  }
  return { event: (told[bad.count - 1] as Told).event, error: bad.error };
}

/** With its last good rows, which do not depend on what else its batch brought. */
function parkedBy(projection: AnyProjection, told: readonly Told[], { event: failed, error }: Failure): WholeFold {
  const good = told.filter(({ event }) => event.revision < failed.revision);
  const parked = { stream: failed.stream, ...atEvent(failed), cause: String(error), stack: error instanceof Error ? (error.stack ?? null) : null };
  return { kind: 'parked', parked, written: foldTold(projection, good) };
}

/** What these events of a stream, of which there is at least one, give; null when they cannot be folded. */
export function foldTold(projection: AnyProjection, told: readonly Told[]): StreamRows | null {
  const last = told.at(-1);
  const tried = attempt(projection, told);
  return last === undefined || tried.kind === 'failed' ? null : writtenOf(last.event, tried);
}

const writtenOf = ({ stream, revision }: ReadEvent, { objects, rows }: FoldedStream): StreamRows =>
  ({ stream, revision, state: Object.fromEntries([...objects].map(([object, { state }]) => [object, state])), rows });

const guessesOf = (objects: Folds): readonly Fact[] => [...objects.values()].flatMap(({ guesses }) => guesses);
