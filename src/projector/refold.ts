import type { ReadEvent } from '../folding/facts.js';
import { WholeFold, type WholeFolded } from '../folding/whole-fold.js';
import { nameOfGeneration, type Generation } from '../read-models/schema.js';
import { isAway } from './away.js';
import type { EventReader, ReadModels } from './ports.js';
import { countedPages, PAGE_BYTES, readRevisions, type Positions, type Remains } from './stream-reading.js';

/** The fold of a whole stream in one generation, or the error. */
export type Refolded = Readonly<{ stored: bigint; remains: Remains }> &
  (Readonly<{ folded: WholeFolded }> | Readonly<{ error: unknown }>);

type Parts = Readonly<{
  reader: EventReader;
  models: Pick<ReadModels, 'findEvents' | 'lastFolded'>;
  pageEvents: number;
}>;
type OfGeneration = { readonly fold: WholeFold; readonly stored: bigint; error?: unknown };

/**
 * Reads a stream from its beginning, once for several generations, and folds it page by page. Holds at most one page of
 * events.
 */
export class Refold {
  #last = -1n;
  #first: bigint | null = null;
  #read = 0;
  #bytes = 0;
  /** Events read again for one page, because several generations need the same ones. */
  #again = new Map<bigint, ReadEvent>();

  private constructor(
    private readonly parts: Parts,
    private readonly stream: string,
    private readonly folds: ReadonlyMap<string, OfGeneration>,
  ) {}

  static async begin(parts: Parts, stream: string, generations: readonly Generation[]): Promise<Refold> {
    const folds = new Map<string, OfGeneration>();
    for (const generation of generations) {
      const stored = await parts.models.lastFolded(generation, stream);
      folds.set(nameOfGeneration(generation), {
        fold: new WholeFold({ projection: generation.projection, stream }, stored),
        stored,
      });
    }
    return new Refold(parts, stream, folds);
  }

  /**
   * Continues reading and folding up to a log position. Returns false, before the end, when `max` is given and the
   * stream has more events than that, or more bytes than one page.
   */
  async foldTo(
    upTo: bigint,
    { max = Infinity, toBeIndexed }: { max?: number; toBeIndexed?: Positions | undefined } = {},
  ): Promise<boolean> {
    for await (const page of this.#pages(this.#last + 1n, upTo, toBeIndexed)) {
      this.#first ??= page.first;
      this.#last = page.last;
      this.#read += page.read;
      this.#bytes += page.bytes;
      if (this.#read > max || (max !== Infinity && this.#bytes > PAGE_BYTES)) return false;
      this.#again = new Map();
      for (const own of this.folds.values()) await this.#orFail(own, () => own.fold.add(page.events, this.#readAgain));
    }
    await this.#settle(upTo, toBeIndexed);
    return true;
  }

  /** Folds the objects that could not be folded in stream order, by reading the stream again. */
  async #settle(upTo: bigint, toBeIndexed: Positions | undefined): Promise<void> {
    for (let open = this.#scattered(); open.length > 0; open = this.#scattered()) {
      await this.#readOnceMore(upTo, toBeIndexed, async (events) => {
        for (const { fold } of open) fold.note(events);
      });
      const failed: OfGeneration[] = [];
      for (const own of open)
        await this.#orFail(own, async () => {
          if (!(await own.fold.settle(this.#readAgain))) failed.push(own);
        });
      if (failed.length === 0) continue;
      await this.#readOnceMore(upTo, toBeIndexed, async (events) => {
        for (const own of failed) await this.#orFail(own, () => own.fold.add(events, this.#readAgain));
      });
    }
  }

  #scattered(): OfGeneration[] {
    return [...this.folds.values()].filter(({ fold, error }) => error === undefined && fold.isScattered);
  }

  async #readOnceMore(
    upTo: bigint,
    toBeIndexed: Positions | undefined,
    take: (events: readonly ReadEvent[]) => Promise<void>,
  ): Promise<void> {
    for await (const { events } of this.#pages(0n, upTo, toBeIndexed)) {
      this.#again = new Map();
      await take(events.filter(({ revision }) => revision <= this.#last));
    }
  }

  /** Returns the result for a generation; null if it is not one of these. */
  of(generation: Generation): Refolded | null {
    const own = this.folds.get(nameOfGeneration(generation));
    if (own === undefined) return null;
    const remains: Remains = this.#first === null ? 'none' : this.#first === 0n ? 'all' : 'some';
    if (own.error !== undefined) return { stored: own.stored, remains, error: own.error };
    try {
      return { stored: own.stored, remains, folded: own.fold.end() };
    } catch (error) {
      return { stored: own.stored, remains, error };
    }
  }

  #pages(from: bigint, upTo: bigint, toBeIndexed: Positions | undefined) {
    const { reader, models, pageEvents } = this.parts;
    return countedPages(reader, models, this.stream, { from, upTo, toBeIndexed, pageEvents });
  }

  readonly #readAgain = async (revisions: readonly bigint[]): Promise<ReadonlyMap<bigint, ReadEvent>> => {
    const unknown = revisions.filter((revision) => !this.#again.has(revision));
    if (this.#again.size + unknown.length > AGAIN_MAX) this.#again = new Map();
    if (unknown.length > 0)
      for (const [revision, event] of await readRevisions(this.parts.reader, this.stream, unknown))
        this.#again.set(revision, event);
    return this.#again;
  };

  /** Records the error of a generation, so that it does not affect the others. */
  async #orFail(own: OfGeneration, work: () => Promise<void>): Promise<void> {
    if (own.error !== undefined) return;
    try {
      await work();
    } catch (error) {
      if (isAway(error)) throw error;
      own.error = error;
    }
  }
}

/** The most reread events in memory. */
const AGAIN_MAX = 2_000;
