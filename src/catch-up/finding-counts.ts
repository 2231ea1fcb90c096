import type { Finding } from './verify.js';

/** Counts what a verification finds. It keeps only the stream names of one page. */
export class FindingCounts {
  readonly #counts: Record<Finding['kind'], number> = { difference: 0, unfoldable: 0, parked: 0, gone: 0 };
  #folds = 0;
  #streams = 0;
  #projections = 0;
  #keys = 0;
  /** Several projections read one stream, which is gone once. */
  readonly #gone = new Set<string>();

  /** `folds`: streams, once for each projection. `keys`: those of derivations that were derived again. */
  get counts(): Readonly<Record<Finding['kind'] | 'folds' | 'streams' | 'projections' | 'keys', number>> {
    const [folds, streams, projections, keys] = [this.#folds, this.#streams, this.#projections, this.#keys];
    return { ...this.#counts, folds, streams, projections, keys };
  }

  /** Whether no stream and no key was checked. */
  get isEmpty(): boolean {
    return this.#folds === 0 && this.#keys === 0;
  }

  /** A page of streams begins. */
  beginPage(streams: number): void {
    this.#gone.clear();
    this.#streams += streams;
  }

  /** A projection has checked some streams. */
  folded({ streams, projections }: { streams: number; projections: number }): void {
    this.#folds += streams;
    this.#projections = Math.max(this.#projections, projections);
  }

  /** Some keys were derived again. */
  derived(keys: number): void {
    this.#keys += keys;
  }

  /** Counts a finding; false for one that was counted before. */
  found(finding: Finding): boolean {
    if (finding.kind === 'gone') {
      if (this.#gone.has(finding.stream)) return false;
      this.#gone.add(finding.stream);
    }
    this.#counts[finding.kind] += 1;
    return true;
  }
}
