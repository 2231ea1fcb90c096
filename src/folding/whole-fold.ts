import { objectOf, type AnyProjection, type Fact } from '../../projections/projection.js';
import { factOf, type ReadEvent } from './facts.js';
import {
  currentOf,
  foldOnto,
  foldOntoInOrder,
  type FactAt,
  type LateFold,
  type ObjectFold,
  type ObjectState,
} from './object-fold.js';
import { isUnread, Unreadable } from './passed-over.js';
import { withoutEvents } from './fold.js';
import { rowTexts } from './row-texts.js';
import { factsAt, factsByObject, foldReadAgain, type Failure, type FoldedObject, type Folding } from './stream-fold.js';

/** Reads events of the stream again, by revision. */
export type ReadAgain = (revisions: readonly bigint[]) => Promise<ReadonlyMap<bigint, ReadEvent>>;

/**
 * The objects of a stream with their rows, up to the failing event if there is one. Of unreadable events, without which
 * the others count, `unread` is the first that no later event makes good, and `passed` the last that one does.
 */
export type WholeFolded = Readonly<{
  objects: ReadonlyMap<string, FoldedObject>;
  failure: Failure | null;
  unread: Failure | null;
  passed: ReadEvent | null;
}>;

type Folded = Readonly<{ state: ObjectState; guesses: readonly Fact[] }>;

/** The second and revision of an event. */
type Place = Readonly<{ second: number; revision: bigint }>;

/** How many events of an object are read at once when folding by second. */
const READ_AT_ONCE = 250;

/**
 * Folds a stream from its start, page by page. It holds the states of objects but no events, so a stream may have any
 * length. An object whose events are out of order by more than the kept states cover is noted, and then folded in order
 * of seconds.
 */
export class WholeFold {
  readonly #objects = new Map<string, Folded>();
  /** Objects that cannot be folded in stream order, and the places of their events. */
  readonly #noted = new Map<string, Place[]>();
  readonly #unreadable: Unreadable;
  #failure: Failure | null = null;

  /** `known`: guesses up to this revision have been counted. */
  constructor(
    private readonly folding: Folding,
    private readonly known: bigint,
  ) {
    this.#unreadable = new Unreadable(folding.projection);
  }

  /** Folds the next page, as far as it is readable. */
  async add(page: readonly ReadEvent[], readAgain: ReadAgain): Promise<void> {
    const { projection } = this.folding;
    this.#unreadable.take(page);
    for (const [object, facts] of factsByObject(projection, this.#readable(page))) {
      if (this.#noted.has(object)) continue;
      const before = this.#objects.get(object);
      const folded = await tryToFold(projection, before?.state, { object, facts, readAgain });
      if (folded.kind === 'unchanged') continue;
      if (folded.kind === 'folded')
        this.#objects.set(object, {
          state: folded.state,
          guesses: [...(before?.guesses ?? []), ...this.#fresh(folded.guesses, facts)],
        });
      else this.#noted.set(object, []);
    }
  }

  /** Whether some objects are not folded yet: then pass all pages to `note` as well. */
  get isScattered(): boolean {
    return this.#noted.size > 0;
  }

  /** Notes the places of events of objects that are not folded yet. */
  note(page: readonly ReadEvent[]): void {
    for (const [object, facts] of factsByObject(this.folding.projection, this.#readable(page))) {
      this.#noted.get(object)?.push(...facts.map(({ fact, revision }) => ({ second: fact.order.created, revision })));
    }
  }

  /**
   * Folds the noted objects; pages may be added afterwards. Returns false when one of them fails: then only the events
   * before the failing one count, and all pages must be added again.
   */
  async settle(readAgain: ReadAgain): Promise<boolean> {
    const failures: Failure[] = [];
    for (const [object, places] of this.#noted) {
      const folded = await this.#foldInOrder(object, places, readAgain);
      if (folded.kind === 'folded') this.#objects.set(object, folded);
      else failures.push(await this.#firstFailure(object, { places, error: folded.error, readAgain }));
    }
    this.#noted.clear();
    if (failures.length === 0) return true;
    this.#failure = failures.reduce(earlier);
    this.#objects.clear();
    return false;
  }

  /** Returns the objects with their rows. @throws when a row does not fit its table */
  end(): WholeFolded {
    const { projection, stream } = this.folding;
    const objects = new Map<string, FoldedObject>();
    for (const [object, { state, guesses }] of this.#objects)
      objects.set(object, { state, guesses, rows: rowTexts(projection, stream, currentOf(projection, state.now)) });
    const { first: unread, passedOver } = this.#unreadable;
    return { objects, failure: this.#failure, unread, passed: passedOver.at(-1) ?? null };
  }

  /** The readable events of a page, up to the first that fails. */
  #readable(page: readonly ReadEvent[]): readonly ReadEvent[] {
    const end = this.#failure?.event.revision;
    const before = page.filter((event) => (end === undefined || event.revision < end) && !isUnread(event));
    for (const [at, event] of before.entries()) {
      const error = errorIn(this.folding.projection, event);
      if (error === null) continue;
      this.#failure = { event, error: error.thrown };
      return before.slice(0, at);
    }
    return before;
  }

  async #foldInOrder(
    object: string,
    places: readonly Place[],
    readAgain: ReadAgain,
  ): Promise<(Folded & { kind: 'folded' }) | { kind: 'failed'; error: unknown }> {
    const { projection } = this.folding;
    const sorted = [...places].sort((a, b) => a.second - b.second || (a.revision < b.revision ? -1 : 1));
    let folded: Folded | undefined;
    for (let at = 0; at < sorted.length; at += READ_AT_ONCE) {
      const revisions = sorted.slice(at, at + READ_AT_ONCE).map(({ revision }) => revision);
      const facts = factsAt(projection, object, { revisions, read: await readAgain(revisions) });
      try {
        const { state, guesses }: ObjectFold = foldOntoInOrder(projection, folded?.state, facts);
        folded = { state, guesses: [...(folded?.guesses ?? []), ...this.#fresh(guesses, facts)] };
      } catch (error) {
        return { kind: 'failed', error };
      }
    }
    const { state, guesses } = folded ?? foldOntoInOrder(projection, undefined, []);
    return { kind: 'folded', state, guesses };
  }

  /** Finds the first event at which folding an object fails, by bisection: if a prefix fails, any longer one does. */
  async #firstFailure(
    object: string,
    { places, error, readAgain }: { places: readonly Place[]; error: unknown; readAgain: ReadAgain },
  ): Promise<Failure> {
    const inStream = [...places].sort((a, b) => (a.revision < b.revision ? -1 : 1));
    let [good, bad] = [0, { count: inStream.length, error }];
    while (bad.count - good > 1) {
      const count = Math.floor((good + bad.count) / 2);
      const part = await this.#foldInOrder(object, inStream.slice(0, count), readAgain);
      if (part.kind === 'folded') good = count;
      else bad = { count, error: part.error };
    }
    const { revision } = inStream[bad.count - 1] as Place;
    const event = (await readAgain([revision])).get(revision);
    if (event === undefined) throw new Error(`The event at revision ${revision} of ${this.folding.stream} is missing.`);
    return { event, error: bad.error };
  }

  #fresh(guesses: readonly Fact[], facts: readonly FactAt[]): Fact[] {
    return [
      ...withoutEvents(
        guesses,
        facts.filter(({ revision }) => revision <= this.known).map(({ fact }) => fact),
      ),
    ];
  }
}

const earlier = (one: Failure, other: Failure): Failure => (other.event.revision < one.event.revision ? other : one);

/** The error of an event for a projection; null when it is readable. */
function errorIn(projection: AnyProjection, event: ReadEvent): Readonly<{ thrown: unknown }> | null {
  try {
    for (const fact of factOf(projection, event)) objectOf(projection, fact);
    return null;
  } catch (thrown) {
    return { thrown };
  }
}

type Coming = Readonly<{ object: string; facts: readonly FactAt[]; readAgain: ReadAgain }>;

/** Folds the new events of an object; `too_late` also when they cannot be folded in this order. */
async function tryToFold(
  projection: AnyProjection,
  before: ObjectState | undefined,
  coming: Coming,
): Promise<ObjectFold | Readonly<{ kind: 'unchanged' | 'too_late' }>> {
  let late: LateFold;
  try {
    const folded = foldOnto(projection, before, coming.facts);
    if (folded.kind !== 'late') return folded;
    late = folded;
  } catch {
    // A later event may belong before these; otherwise the fold in order reaches the same error, and reports it.
    return { kind: 'too_late' };
  }
  const read = await coming.readAgain(late.revisions);
  try {
    return foldReadAgain(projection, late, { object: coming.object, read, came: coming.facts }) ?? { kind: 'too_late' };
  } catch {
    return { kind: 'too_late' };
  }
}
