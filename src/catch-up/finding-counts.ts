import type { Finding } from './verify.js';

/** Counts what a verification finds. It keeps only the stream names of one page. */
export class FindingCounts {
  readonly #counts: Record<Finding['kind'], number> = { difference: 0, unfoldable: 0, parked: 0, gone: 0 };
  #folds = 0;
  #streams = 0;
  #projections = 0;
  /** Several projections read one stream, which is gone once. */
  readonly #gone = new Set<string>();

  /** `folds`: streams, once for each projection. */
  get counts(): Readonly<Record<Finding['kind'] | 'folds' | 'streams' | 'projections', number>> {
    return { ...this.#counts, folds: this.#folds, streams: this.#streams, projections: this.#projections };
  }

  /** Whether no stream was checked. */
  get isEmpty(): boolean {
    return this.#folds === 0;
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
