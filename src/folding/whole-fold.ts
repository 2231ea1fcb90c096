import type { AnyProjection, Fact } from '../../projections/projection.js';
import type { ReadEvent } from './facts.js';
import { currentOf, foldLate, foldOnto, foldOntoInOrder, type FactAt, type LateFold, type ObjectFold, type ObjectState } from './object-fold.js';
import { rowTexts } from './row-texts.js';
import { factsByObject, type Failure, type FoldedObject, type Folding } from './stream-fold.js';

/** Reads events of the stream again, those at these revisions. */
export type ReadAgain = (revisions: readonly bigint[]) => Promise<ReadonlyMap<bigint, ReadEvent>>;

/** `failed`: `objects` are those of the events before the failing one. */
export type WholeFolded = Readonly<{ kind: 'folded' | 'failed'; objects: ReadonlyMap<string, FoldedObject>; failure: Failure | null }>;

type Folded = Readonly<{ state: ObjectState; guesses: readonly Fact[] }>;

/** Where an event stands in its stream, and in time. */
type Place = Readonly<{ second: number; revision: bigint }>;

/** Events of an object that are read at once, in the order of their seconds. */
const READ_AT_ONCE = 250;

/**
 * Folds a stream from its beginning, page by page as it is read. It holds the states of objects and no events, so that a stream may be
 * of any length. An object whose events are out of order by more than is kept of it is noted, and folded in the order of its seconds.
 */
export class WholeFold {
  #objects = new Map<string, Folded>();
  /** Objects whose events lie too far out of order, and where they stand. */
  readonly #scattered = new Map<string, Place[]>();
  #failure: Failure | null = null;

  /** `known`: guesses up to this revision are counted already. */
  constructor(
    private readonly folding: Folding,
    private readonly known: bigint,
  ) {}

  /** Folds the next page; after a failure nothing more. */
  async add(page: readonly ReadEvent[], readAgain: ReadAgain): Promise<void> {
    if (this.#failure !== null || page.length === 0) return;
    const error = await this.#tryToAdd(page, readAgain);
    if (error !== null) await this.#addUntilFailure(page, { error, readAgain });
  }

  /** Whether some objects are not folded yet: then all pages are to be given to `note`, too. */
  get isScattered(): boolean {
    return this.#scattered.size > 0;
  }

  /** Notes where the events of objects stand that are not folded yet. */
  note(page: readonly ReadEvent[]): void {
    const before = page.filter(({ revision }) => this.#failure === null || revision < this.#failure.event.revision);
    for (const [object, facts] of factsByObject(this.folding.projection, before)) {
      this.#scattered.get(object)?.push(...facts.map(({ fact, revision }) => ({ second: fact.order.created, revision })));
    }
  }

  /** Folds the objects whose events were noted; pages may be added again afterwards. @throws what their fold throws */
  async settle(readAgain: ReadAgain): Promise<void> {
    for (const [object, places] of this.#scattered) await this.#foldInOrder(object, places, readAgain);
    this.#scattered.clear();
  }

  /** The objects with their rows. @throws when a row does not fit its table */
  end(): WholeFolded {
    const { projection, stream } = this.folding;
    const objects = new Map<string, FoldedObject>();
    for (const [object, { state, guesses }] of this.#objects) objects.set(object, { state, guesses, rows: rowTexts(projection, stream, currentOf(projection, state.now)) });
    return { kind: this.#failure === null ? 'folded' : 'failed', objects, failure: this.#failure };
  }

  async #foldInOrder(object: string, places: Place[], readAgain: ReadAgain): Promise<void> {
    const { projection } = this.folding;
    places.sort((a, b) => a.second - b.second || (a.revision < b.revision ? -1 : 1));
    let folded: Folded | undefined;
    for (let at = 0; at < places.length; at += READ_AT_ONCE) {
      const revisions = places.slice(at, at + READ_AT_ONCE).map(({ revision }) => revision);
      const read = await readAgain(revisions);
      const facts = factsByObject(projection, revisions.flatMap((revision) => read.get(revision) ?? [])).get(object) ?? [];
      folded = inOrder(projection, folded, { facts, fresh: (guesses) => this.#fresh(guesses, facts) });
    }
    if (folded !== undefined) this.#objects.set(object, folded);
  }

  /** The error with which a page cannot be folded; it is added as a whole or not at all. */
  async #tryToAdd(page: readonly ReadEvent[], readAgain: ReadAgain): Promise<Readonly<{ thrown: unknown }> | null> {
    const { projection } = this.folding;
    const folded = new Map<string, Folded>();
    const scattered: string[] = [];
    try {
      for (const [object, facts] of factsByObject(projection, page)) {
        if (this.#scattered.has(object)) continue;
        const before = this.#objects.get(object);
        const one = foldOnto(projection, before?.state, facts);
        if (one.kind === 'unchanged') continue;
        const done = one.kind === 'late' ? await foldedLate(projection, one, { object, facts, readAgain }) : one;
        if (done.kind !== 'folded') scattered.push(object);
        else folded.set(object, { state: done.state, guesses: [...(before?.guesses ?? []), ...this.#fresh(done.guesses, facts)] });
      }
    } catch (thrown) {
      return { thrown };
    }
    for (const [object, one] of folded) this.#objects.set(object, one);
    for (const object of scattered) this.#scattered.set(object, []);
    return null;
  }

  /** Adds the events of a page before the first with which it cannot be folded. By halves: what cannot be folded cannot be with more behind it. */
  async #addUntilFailure(page: readonly ReadEvent[], { error, readAgain }: { error: Readonly<{ thrown: unknown }>; readAgain: ReadAgain }): Promise<void> {
    const before = new Map(this.#objects);
    let [good, bad] = [0, { count: page.length, error }];
    while (bad.count - good > 1) {
      const count = Math.floor((good + bad.count) / 2);
      const failed = await this.#tryToAdd(page.slice(0, count), readAgain);
      this.#objects = new Map(before);
      if (failed === null) good = count;
      else bad = { count, error: failed };
    }
    await this.#tryToAdd(page.slice(0, good), readAgain);
    this.#failure = { event: page[bad.count - 1] as ReadEvent, error: bad.error.thrown };
  }

  #fresh(guesses: readonly Fact[], facts: readonly FactAt[]): Fact[] {
    const counted = new Set(facts.filter(({ revision }) => revision <= this.known).map(({ fact }) => fact));
    return guesses.filter((fact) => !counted.has(fact));
  }
}

/** Folds facts that come in the order of their seconds. */
function inOrder(projection: AnyProjection, before: Folded | undefined, { facts, fresh }: { facts: readonly FactAt[]; fresh: (guesses: readonly Fact[]) => Fact[] }): Folded {
  const { state, guesses } = foldOntoInOrder(projection, before?.state, facts);
  return { state, guesses: [...(before?.guesses ?? []), ...fresh(guesses)] };
}

async function foldedLate(projection: AnyProjection, late: LateFold, { object, facts, readAgain }: { object: string; facts: readonly FactAt[]; readAgain: ReadAgain }): Promise<ObjectFold | Readonly<{ kind: 'too_late' }>> {
  const read = await readAgain(late.revisions);
  const again = factsByObject(projection, late.revisions.flatMap((revision) => read.get(revision) ?? [])).get(object) ?? [];
  return again.length === late.revisions.length ? foldLate(projection, late, { again, came: facts }) : { kind: 'too_late' };
}
