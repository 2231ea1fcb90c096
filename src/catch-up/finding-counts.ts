import type { Finding } from './verify.js';

/** Counts the findings of a verification. It stores only the stream names of one page. */
export class FindingCounts {
  readonly #counts: Record<Finding['kind'], number> = { difference: 0, unfoldable: 0, parked: 0, gone: 0 };
  #folds = 0;
  #streams = 0;
  #projections = 0;
  #keys = 0;
  /** Several projections report the same gone stream, which counts once. */
  readonly #gone = new Set<string>();

  /** `folds`: streams, once per projection. `keys`: keys of derivations that were derived again. */
  get counts(): Readonly<Record<Finding['kind'] | 'folds' | 'streams' | 'projections' | 'keys', number>> {
    const [folds, streams, projections, keys] = [this.#folds, this.#streams, this.#projections, this.#keys];
    return { ...this.#counts, folds, streams, projections, keys };
  }

  /** Whether no stream and no key was checked. */
  get isEmpty(): boolean {
    return this.#folds === 0 && this.#keys === 0;
  }

  /** Starts a page of streams. */
  beginPage(streams: number): void {
    this.#gone.clear();
    this.#streams += streams;
  }

  /** Counts streams that a projection has checked. */
  folded({ streams, projections }: { streams: number; projections: number }): void {
    this.#folds += streams;
    this.#projections = Math.max(this.#projections, projections);
  }

  /** Counts keys that were derived again. */
  derived(keys: number): void {
    this.#keys += keys;
  }

  /** Counts a finding; false when it was counted already. */
  found(finding: Finding): boolean {
    if (finding.kind === 'gone') {
      if (this.#gone.has(finding.stream)) return false;
      this.#gone.add(finding.stream);
    }
    this.#counts[finding.kind] += 1;
    return true;
  }
}
