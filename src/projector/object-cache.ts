import { LRUCache } from 'lru-cache';
import { sizeOf, type RowTexts } from '../folding/row-texts.js';
import type { StateText } from '../folding/state-text.js';

/** An object as stored in the tables. */
export type CachedObject = Readonly<{ state: StateText; rows: RowTexts }>;

/** The overhead of an entry, in characters of JSON. */
const ENTRY_SIZE = 500;

/**
 * A cache of the last written objects, by generation, stream and name. Valid only for the owner of the generations: it
 * must be cleared when a lease is lost or a write fails.
 */
export class ObjectCache {
  readonly #objects: LRUCache<string, CachedObject>;
  /** The cache keys of each stream's objects. */
  readonly #streams = new Map<string, Set<string>>();

  /** `sizeMax`: in characters of JSON. */
  constructor(sizeMax: number) {
    this.#objects = new LRUCache({
      maxSize: sizeMax,
      sizeCalculation: ({ rows, state }) => ENTRY_SIZE + sizeOf(rows) + state.text.length + (state.kept?.length ?? 0),
      dispose: (_, key) => this.#dropKey(key),
    });
  }

  get(name: string, stream: string, object: string): CachedObject | undefined {
    return this.#objects.get(keyOf(name, stream, object));
  }

  put(name: string, stream: string, object: string, cached: CachedObject): void {
    const key = keyOf(name, stream, object);
    this.#objects.set(key, cached);
    if (!this.#objects.has(key)) return;
    const keys = this.#streams.get(streamOf(key));
    if (keys === undefined) this.#streams.set(streamOf(key), new Set([key]));
    else keys.add(key);
  }

  /** Removes all objects of a stream. */
  forget(name: string, stream: string): void {
    for (const key of [...(this.#streams.get(streamOf(keyOf(name, stream, ''))) ?? [])]) this.#objects.delete(key);
  }

  #dropKey(key: string): void {
    const keys = this.#streams.get(streamOf(key));
    keys?.delete(key);
    if (keys?.size === 0) this.#streams.delete(streamOf(key));
  }

  clear(): void {
    this.#objects.clear();
  }
}

const keyOf = (name: string, stream: string, object: string): string => `${name}\n${stream}\n${object}`;
const streamOf = (key: string): string => key.slice(0, key.indexOf('\n', key.indexOf('\n') + 1));
