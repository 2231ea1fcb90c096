/**
 * Decides when a filtered subscription gets a checkpoint, by EventStoreDB's rule. The log is searched in pages of a
 * window of events or `MATCHES_MAX` matches. A checkpoint falls on the end of a page, once enough events were
 * considered since the last one.
 */

/**
 * A place in the log from which a subscription can resume. With a lower `prepare` it is before the record at `commit`.
 */
export type Position = Readonly<{ commit: bigint; prepare: bigint }>;

export type CheckpointRule = Readonly<{ window: number; checkpointEvery: number }>;

const MATCHES_MAX = 32;

/** The start of the log, in the protocol's unsigned numbers. */
export const BEFORE_EVERYTHING: Position = { commit: 2n ** 64n - 1n, prepare: 2n ** 64n - 1n };

export const at = (position: bigint): Position => ({ commit: position, prepare: position });
const before = (position: bigint): Position => ({ commit: position, prepare: 0n });

/** A considered event. `isStart`: the subscription resumes after this event, which still counts. */
export type Considered = Readonly<{ position: bigint; matches: boolean; isStart: boolean }>;

type Page = { readonly start: Position; considered: number; matches: number; delivers: boolean };

const pageFrom = (start: Position): Page => ({ start, considered: 0, matches: 0, delivers: false });

/** The checkpoints while catching up to the end of the log. */
export class CatchUpCheckpoints {
  /** Events considered since the last checkpoint, without those of the current page. */
  #counted = 0;
  #page: Page | undefined;
  /** The last event or checkpoint that was sent. */
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

  /** Returns the checkpoint that is due after an event, if any. */
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

  /** Returns the checkpoints that are due at the end of the log. */
  finish(): Position[] {
    if (this.#isEmpty) return [];
    const due = this.#page && this.#end(this.#page);
    return [...(due ? [due] : []), ...(this.#isSent ? [] : [this.#last])];
  }

  /** A page without a match only guarantees its beginning. */
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

/** The checkpoints among live events: one per fixed number of events, matching or not. */
export class LiveCheckpoints {
  #counted = 0;

  constructor(private readonly rule: CheckpointRule) {}

  /** Returns the checkpoint that is due after an event, if any. */
  consider({ position }: Pick<Considered, 'position'>): Position | undefined {
    this.#counted += 1;
    if (this.#counted < this.rule.checkpointEvery) return undefined;
    this.#counted = 0;
    return at(position);
  }
}
