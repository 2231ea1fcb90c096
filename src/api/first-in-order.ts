/** The first of many in an order, without a hold on all of them: closed months may have any number of entries. */
export class FirstInOrder<T> {
  #kept: T[] = [];

  /** `max`: how many are kept, at least 1. */
  constructor(
    private readonly max: number,
    private readonly inOrder: (one: T, other: T) => number,
  ) {}

  add(one: T): void {
    this.#kept.push(one);
    if (this.#kept.length >= 2 * this.max + 100) this.#kept = this.all();
  }

  /** Those that were kept, in their order. */
  all(): T[] {
    return this.#kept.sort(this.inOrder).slice(0, this.max);
  }
}
