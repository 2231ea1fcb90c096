/**
 * When a filtered subscription is sent a checkpoint: EventStoreDB's rule. The log is searched in pages, of a window of
 * events or of `MATCHES_MAX` matches; a checkpoint can only be at the end of a page, once enough events were looked at
 * since the last.
 */

/**
 * A place in the log from which a subscription can go on; with a lower `prepare` it is before the record at `commit`.
 */
export type Position = Readonly<{ commit: bigint; prepare: bigint }>;

export type CheckpointRule = Readonly<{ window: number; checkpointEvery: number }>;

const MATCHES_MAX = 32;

/** Before everything, in the protocol's numbers without a sign. */
export const BEFORE_EVERYTHING: Position = { commit: 2n ** 64n - 1n, prepare: 2n ** 64n - 1n };

export const at = (position: bigint): Position => ({ commit: position, prepare: position });
const before = (position: bigint): Position => ({ commit: position, prepare: 0n });

/** An event that was looked at. The subscription goes on after `isStart`, which counts all the same. */
export type Considered = Readonly<{ position: bigint; matches: boolean; isStart: boolean }>;

type Page = { readonly start: Position; considered: number; matches: number; delivers: boolean };

const pageFrom = (start: Position): Page => ({ start, considered: 0, matches: 0, delivers: false });

/** The checkpoints on the way to the end of the log. */
export class CatchUpCheckpoints {
  /** Events looked at since the last checkpoint, without those of this page. */
  #counted = 0;
  #page: Page | undefined;
  /** What was delivered or sent as a checkpoint last. */
  #last: Position;
  #isSent = false;
  #isEmpty = true;

  constructor(
    private readonly rule: CheckpointRule,
    from: Position,
  ) {
    this.#page = pageFrom(from);
    this.#last = from;
  }

  /** The checkpoint that is due after an event. */
  consider({ position, matches, isStart }: Considered): Position | undefined {
    const page = (this.#page ??= pageFrom(before(position)));
    page.considered += 1;
    if (matches) page.matches += 1;
    if (!isStart) this.#isEmpty = false;
    if (matches && !isStart) {
      page.delivers = true;
      this.#last = at(position);
      this.#isSent = false;
    }
    return page.considered >= this.rule.window || page.matches >= MATCHES_MAX ? this.#end(page) : undefined;
  }

  /** The checkpoints that are due at the end of the log. */
  finish(): Position[] {
    if (this.#isEmpty) return [];
    const due = this.#page && this.#end(this.#page);
    return [...(due ? [due] : []), ...(this.#isSent ? [] : [this.#last])];
  }

  /** Where a page delivers nothing, its beginning is what is sure. */
  #end(page: Page): Position | undefined {
    this.#page = undefined;
    this.#counted += page.considered;
    if (this.#counted < this.rule.checkpointEvery) return undefined;
    this.#counted = 0;
    if (!page.delivers) this.#last = page.start;
    this.#isSent = true;
    return this.#last;
  }
}

/** The checkpoints of live events: one after so many, whether they match or not. */
export class LiveCheckpoints {
  #counted = 0;

  constructor(private readonly rule: CheckpointRule) {}

  /** The checkpoint that is due after an event. */
  consider({ position }: Pick<Considered, 'position'>): Position | undefined {
    this.#counted += 1;
    if (this.#counted < this.rule.checkpointEvery) return undefined;
    this.#counted = 0;
    return at(position);
  }
}
