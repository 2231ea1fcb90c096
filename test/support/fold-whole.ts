import { rowTexts } from '../../src/folding/row-texts.js';
import type { ReadEvent } from '../../src/folding/facts.js';
import { foldOntoInOrder } from '../../src/folding/object-fold.js';
import { factsByObject, type Failure, type FoldedObject, type Folding } from '../../src/folding/stream-fold.js';

type FoldedObjects = ReadonlyMap<string, FoldedObject>;

/** `failed`: `objects` contains the events before the failing one. */
export type WholeFold =
  | Readonly<{ kind: 'folded'; objects: FoldedObjects }>
  | Readonly<{ kind: 'failed'; objects: FoldedObjects; failure: Failure }>;

/**
 * The reference for the projector's fold: folds all events of a stream at once, or the longest prefix that can be
 * folded.
 */
export function foldWhole(folding: Folding, events: readonly ReadEvent[]): WholeFold {
  const whole = attempt(folding, events);
  if (whole.kind === 'folded') return whole;
  let [good, bad] = [0, { count: events.length, error: whole.error }];
  // Binary search works, since a prefix that cannot be folded stays so when more events follow.
  while (bad.count - good > 1) {
    const count = Math.floor((good + bad.count) / 2);
    const part = attempt(folding, events.slice(0, count));
    if (part.kind === 'folded') good = count;
    else bad = { count, error: part.error };
  }
  const before = attempt(folding, events.slice(0, good));
  if (before.kind === 'failed') throw before.error;
  return {
    kind: 'failed',
    objects: before.objects,
    failure: { event: events[bad.count - 1] as ReadEvent, error: bad.error },
  };
}

type Attempt = Readonly<{ kind: 'folded'; objects: FoldedObjects }> | Readonly<{ kind: 'failed'; error: unknown }>;

function attempt(folding: Folding, events: readonly ReadEvent[]): Attempt {
  try {
    const objects = new Map<string, FoldedObject>();
    for (const [object, facts] of factsByObject(folding.projection, events)) {
      const { state, guesses, current } = foldOntoInOrder(folding.projection, undefined, facts);
      objects.set(object, { state, guesses, rows: rowTexts(folding.projection, folding.stream, current) });
    }
    return { kind: 'folded', objects };
  } catch (error) {
    return { kind: 'failed', error };
  }
}
