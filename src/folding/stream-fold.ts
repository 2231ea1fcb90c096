import { createHash } from 'node:crypto';
import { narrowed, objectOf, type AnyProjection } from '../../projections/projection.js';
import { factOf, type ReadEvent } from './facts.js';
import { foldLate, foldOnto, type FactAt, type LateFold, type ObjectFold, type ObjectState } from './object-fold.js';
import { isUnread } from './passed-over.js';
import { rowTexts, type RowTexts } from './row-texts.js';

/** What events of a stream say, by the object that it concerns. */
export type FactsByObject = ReadonlyMap<string, readonly FactAt[]>;

/** What events of one stream say to a projection; one whose object cannot be read says nothing. @throws what makes an event unreadable */
export function factsByObject(projection: AnyProjection, events: readonly ReadEvent[]): FactsByObject {
  const facts = new Map<string, FactAt[]>();
  for (const event of events) {
    if (isUnread(event)) continue;
    for (const fact of factOf(projection, event)) {
      const named = objectOf(projection, fact);
      if (named === null) continue;
      const object = storableName(named);
      const own = facts.get(object);
      const at = { fact: narrowed(projection, fact), revision: event.revision };
      if (own === undefined) facts.set(object, [at]);
      else own.push(at);
    }
  }
  return facts;
}

const NAME_MAX = 300;

/** A name that any database can hold and index: Stripe's are, and what is not is called by its hash. */
const storableName = (name: string): string =>
  name.length <= NAME_MAX && !/[\p{Cc}\p{Cs}]/u.test(name)
    ? name
    : `#${createHash('sha256').update(name).digest('hex')}`;

/** How far an object is folded, and the rows that stand for it. */
export type FoldedObject = Pick<ObjectFold, 'state' | 'guesses'> & Readonly<{ rows: RowTexts }>;
/** Objects by their names; those that an event did not change are left out. */
export type FoldedObjects = ReadonlyMap<string, FoldedObject>;

/** A stream to be folded by a projection. */
export type Folding = Readonly<{ projection: AnyProjection; stream: string }>;

const withRows = ({ projection, stream }: Folding, { state, guesses, current }: ObjectFold): FoldedObject => ({
  state,
  guesses,
  rows: rowTexts(projection, stream, current),
});

/** `late`: events of these objects must be read again first. `again`: the whole stream must, which also names a cause. */
export type StreamFold =
  | Readonly<{ kind: 'folded'; objects: FoldedObjects; late: ReadonlyMap<string, LateFold> }>
  | Readonly<{ kind: 'again' }>;

/** Folds what a batch brings of one stream onto the states that its objects have. */
export function foldOntoStates(
  folding: Folding,
  states: ReadonlyMap<string, ObjectState>,
  facts: FactsByObject,
): StreamFold {
  const objects = new Map<string, FoldedObject>();
  const late = new Map<string, LateFold>();
  try {
    for (const [object, came] of facts) {
      const folded = foldOnto(folding.projection, states.get(object), came);
      if (folded.kind === 'too_late') return { kind: 'again' };
      if (folded.kind === 'late') late.set(object, folded);
      if (folded.kind === 'folded') objects.set(object, withRows(folding, folded));
    }
  } catch {
    // Nothing is swallowed: the fold of the whole stream meets the same event, and parks the stream for it.
    return { kind: 'again' };
  }
  return { kind: 'folded', objects, late };
}

/** What the events at these revisions say of an object, of those that were read again. @throws what makes an event unreadable */
export const factsAt = (
  projection: AnyProjection,
  object: string,
  { revisions, read }: { revisions: readonly bigint[]; read: ReadonlyMap<bigint, ReadEvent> },
): readonly FactAt[] =>
  factsByObject(
    projection,
    revisions.flatMap((revision) => read.get(revision) ?? []),
  ).get(object) ?? [];

/** Folds what came late of one object. Null when an event that was to be read again is not there. @throws what makes an event unreadable, or cannot be folded */
export function foldReadAgain(
  projection: AnyProjection,
  late: LateFold,
  { object, read, came }: { object: string; read: ReadonlyMap<bigint, ReadEvent>; came: readonly FactAt[] },
): ObjectFold | null {
  const again = factsAt(projection, object, { revisions: late.revisions, read });
  return again.length === late.revisions.length ? foldLate(projection, late, { again, came }) : null;
}

/** Folds late events of objects; `again` has the events that were read again, by revision. Null when that fails, or one of them is not there. */
export function foldLateObjects(
  folding: Folding,
  late: ReadonlyMap<string, LateFold>,
  { again, facts }: { again: ReadonlyMap<bigint, ReadEvent>; facts: FactsByObject },
): FoldedObjects | null {
  const objects = new Map<string, FoldedObject>();
  try {
    for (const [object, one] of late) {
      const folded = foldReadAgain(folding.projection, one, { object, read: again, came: facts.get(object) ?? [] });
      if (folded === null) return null;
      objects.set(object, withRows(folding, folded));
    }
  } catch {
    return null;
  }
  return objects;
}

/** The event that a stream cannot be folded with, and why. */
export type Failure = Readonly<{ event: ReadEvent; error: unknown }>;
