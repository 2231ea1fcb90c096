/** The number of cached ids: about the capacity of the real server's 8 MiB. */
const REMEMBERED_MAX = 50_000;

/**
 * The bounded cache that recognises duplicate appends without a revision. It starts empty after a restart, like the
 * real server's, so that applications cannot rely on it.
 */
export class RecentIds {
  readonly #revisions = new Map<string, bigint>();

  constructor(private readonly capacity = REMEMBERED_MAX) {}

  /** Stores an id; an id written twice keeps its first place. */
  remember(stream: string, id: string, revision: bigint): void {
    const key = `${id} ${stream}`;
    if (this.#revisions.has(key)) return;
    this.#revisions.set(key, revision);
    if (this.#revisions.size <= this.capacity) return;
    const [oldest] = this.#revisions.keys();
    if (oldest !== undefined) this.#revisions.delete(oldest);
  }

  revisionOf(stream: string, id: string): bigint | undefined {
    return this.#revisions.get(`${id} ${stream}`);
  }
}
