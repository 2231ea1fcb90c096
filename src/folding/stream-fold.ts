import { createHash } from 'node:crypto';
import { narrowed, objectOf, type AnyProjection } from '../../projections/projection.js';
import { factOf, type ReadEvent } from './facts.js';
import { foldLate, foldOnto, type FactAt, type LateFold, type ObjectFold, type ObjectState } from './object-fold.js';
import { isUnread } from './passed-over.js';
import { rowTexts, type RowTexts } from './row-texts.js';

/** The facts of a stream's events, by object. */
export type FactsByObject = ReadonlyMap<string, readonly FactAt[]>;

/**
 * Returns the facts of one stream's events for a projection, without unreadable events whose place is known. @throws
 * the error of any other unreadable event
 */
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

/** A name that any database can store and index: Stripe's names are; any other is replaced by its hash. */
const storableName = (name: string): string =>
  name.length <= NAME_MAX && !/[\p{Cc}\p{Cs}]/u.test(name)
    ? name
    : `#${createHash('sha256').update(name).digest('hex')}`;

/** The fold of an object, and its rows. */
export type FoldedObject = Pick<ObjectFold, 'state' | 'guesses'> & Readonly<{ rows: RowTexts }>;
/** Objects by name, without those that did not change. */
export type FoldedObjects = ReadonlyMap<string, FoldedObject>;

/** A stream and the projection that folds it. */
export type Folding = Readonly<{ projection: AnyProjection; stream: string }>;

const withRows = ({ projection, stream }: Folding, { state, guesses, current }: ObjectFold): FoldedObject => ({
  state,
  guesses,
  rows: rowTexts(projection, stream, current),
});

/** `late`: these objects need events read again first. `again`: fold the whole stream, which finds the cause. */
export type StreamFold =
  | Readonly<{ kind: 'folded'; objects: FoldedObjects; late: ReadonlyMap<string, LateFold> }>
  | Readonly<{ kind: 'again' }>;

/** Folds a batch's events of one stream onto the states of its objects. */
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
    // Not swallowed: the fold of the whole stream reaches the same event, and parks the stream because of it.
    return { kind: 'again' };
  }
  return { kind: 'folded', objects, late };
}

/**
 * Returns the facts of an object at these revisions, from events read again. @throws the error of an unreadable event
 */
export const factsAt = (
  projection: AnyProjection,
  object: string,
  { revisions, read }: { revisions: readonly bigint[]; read: ReadonlyMap<bigint, ReadEvent> },
): readonly FactAt[] =>
  factsByObject(
    projection,
    revisions.flatMap((revision) => read.get(revision) ?? []),
  ).get(object) ?? [];

/**
 * Folds the late events of one object. Null when an event to read again is missing. @throws the error of an event that
 * cannot be read or folded
 */
export function foldReadAgain(
  projection: AnyProjection,
  late: LateFold,
  { object, read, came }: { object: string; read: ReadonlyMap<bigint, ReadEvent>; came: readonly FactAt[] },
): ObjectFold | null {
  const again = factsAt(projection, object, { revisions: late.revisions, read });
  return again.length === late.revisions.length ? foldLate(projection, late, { again, came }) : null;
}

/** Folds late events of objects; `again`: events read again, by revision. Null when that fails, or one is missing. */
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

/** The event at which folding a stream fails, and the error. */
export type Failure = Readonly<{ event: ReadEvent; error: unknown }>;
