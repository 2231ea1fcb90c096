import { LRUCache } from 'lru-cache';
import type { ObjectState } from '../folding/object-fold.js';
import { sizeOf, type RowTexts } from '../folding/row-texts.js';

/** An object as it stands in the tables. */
export type CachedObject = Readonly<{ state: ObjectState; rows: RowTexts }>;

/** What a state takes beside its rows, which say about as much as it does. */
const STATE_PER_ROWS = 2;
const ENTRY_SIZE = 500;

/**
 * The objects written last, by generation, stream and name. Only the owner of a generation may keep what it has written: one that
 * loses it, or fails in the middle of a write, forgets all.
 */
export class ObjectCache {
  readonly #objects: LRUCache<string, CachedObject>;

  /** `sizeMax` in characters of JSON; in memory they take a few times as much. */
  constructor(sizeMax: number) {
    this.#objects = new LRUCache({ maxSize: sizeMax, sizeCalculation: ({ rows, state }) => ENTRY_SIZE + STATE_PER_ROWS * sizeOf(rows) * (state.kept.middle === null ? 1 : 3) });
  }

  get(line: string, stream: string, object: string): CachedObject | undefined {
    return this.#objects.get(keyOf(line, stream, object));
  }

  put(line: string, stream: string, object: string, cached: CachedObject): void {
    this.#objects.set(keyOf(line, stream, object), cached);
  }

  /** Forgets all objects of a stream; looks at every key, for streams are seldom replaced as a whole. */
  forget(line: string, stream: string): void {
    const prefix = keyOf(line, stream, '');
    for (const key of [...this.#objects.keys()]) if (key.startsWith(prefix)) this.#objects.delete(key);
  }

  clear(): void {
    this.#objects.clear();
  }
}

const keyOf = (line: string, stream: string, object: string): string => `${line}\n${stream}\n${object}`;
