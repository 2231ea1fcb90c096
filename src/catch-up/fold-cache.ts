import type { RowTexts, StoredState, WrittenStream } from '../read-models/rows.js';

/** A state that was written, and the rows that stand in the tables with it. */
export type CachedFold = StoredState & Readonly<{ texts: RowTexts }>;

/**
 * The folds written last, bounded by their size as JSON. Only the owner of a line may keep what it has written: whoever
 * loses a line, or fails in the middle of a write, forgets all. A stream that is parked is not in it.
 */
export class FoldCache {
  readonly #folds = new Map<string, CachedFold & { size: number }>();
  #size = 0;

  /** `sizeMax` in characters of JSON; in memory they take a few times as much. */
  constructor(private readonly sizeMax: number) {}

  get(line: string, stream: string): CachedFold | undefined {
    const key = keyOf(line, stream);
    const fold = this.#folds.get(key);
    if (fold === undefined) return undefined;
    // The one used last stands last.
    this.#folds.delete(key);
    this.#folds.set(key, fold);
    return fold;
  }

  put(line: string, { stream, revision, state, stateText, texts }: WrittenStream): void {
    this.forget(line, stream);
    const size = stateText.length + Object.values(texts).reduce((sum, rows) => sum + [...rows.values()].reduce((length, text) => length + text.length, 0), 0);
    this.#folds.set(keyOf(line, stream), { stream, revision, state, texts, size });
    this.#size += size;
    for (const [oldest, fold] of this.#folds) {
      if (this.#size <= this.sizeMax) return;
      this.#folds.delete(oldest);
      this.#size -= fold.size;
    }
  }

  forget(line: string, stream: string): void {
    const key = keyOf(line, stream);
    this.#size -= this.#folds.get(key)?.size ?? 0;
    this.#folds.delete(key);
  }

  clear(): void {
    this.#folds.clear();
    this.#size = 0;
  }
}

const keyOf = (line: string, stream: string): string => `${line} ${stream}`;
