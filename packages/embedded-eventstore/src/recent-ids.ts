/** Remembered ids: about what the real server's 8 MiB hold. */
const REMEMBERED_MAX = 50_000;

/**
 * The bounded memory by which appends without a revision are recognised as duplicates. It starts empty after a restart,
 * as the real server's does, so that nobody comes to rely on more.
 */
export class RecentIds {
  readonly #revisions = new Map<string, bigint>();

  constructor(private readonly capacity = REMEMBERED_MAX) {}

  /** An id that is written again is known by its first place. */
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
