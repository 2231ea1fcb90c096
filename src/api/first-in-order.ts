/** Keeps the first items of an order without keeping all: closed months may have any number of entries. */
export class FirstInOrder<T> {
  #kept: T[] = [];

  /** `max`: how many items are kept, at least 1. */
  constructor(
    private readonly max: number,
    private readonly inOrder: (one: T, other: T) => number,
  ) {}

  add(one: T): void {
    this.#kept.push(one);
    if (this.#kept.length >= 2 * this.max + 100) this.#kept = this.all();
  }

  /** The kept items, in order. */
  all(): T[] {
    return this.#kept.sort(this.inOrder).slice(0, this.max);
  }
}
