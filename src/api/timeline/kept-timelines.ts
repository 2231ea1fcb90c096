/**
 * A complete timeline: its entries as JSON, in order; the last revision of each of its streams; and whether the
 * subscription's own stream is empty.
 */
export type KeptTimeline = Readonly<{
  entries: readonly string[];
  ends: ReadonlyMap<string, bigint>;
  isOfNothing: boolean;
}>;

type Kept = Readonly<{ timeline: KeptTimeline; bytes: number; untilMs: number }>;

/** Caches timelines while pages are requested, briefly and within a byte limit; the least recently used goes first. */
export class KeptTimelines {
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  constructor(private readonly limits: Readonly<{ bytesMax: number; keptMs: number }>) {}

  /** Returns the cached timeline of these streams. */
  get(names: readonly string[]): KeptTimeline | undefined {
    const key = keyOf(names);
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#drop(key);
    if (kept.untilMs < performance.now()) return undefined;
    this.#put(key, kept);
    return kept.timeline;
  }

  /** Caches a timeline, unless it exceeds the limit on its own. */
  keep(names: readonly string[], timeline: KeptTimeline): KeptTimeline {
    const key = keyOf(names);
    const bytes = key.length + timeline.entries.reduce((sum, entry) => sum + 2 * entry.length, 0);
    this.#drop(key);
    if (bytes <= this.limits.bytesMax)
      this.#put(key, { timeline, bytes, untilMs: performance.now() + this.limits.keptMs });
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.limits.bytesMax) break;
      this.#drop(oldest);
    }
    return timeline;
  }

  #put(key: string, kept: Kept): void {
    this.#kept.set(key, kept);
    this.#bytes += kept.bytes;
  }

  #drop(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0;
    this.#kept.delete(key);
  }
}

/** Stream names may contain any character but U+0000. */
const keyOf = (names: readonly string[]): string => names.join('\u0000');
