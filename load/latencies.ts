/** Latencies of single requests. Percentiles are taken over all of them, never averaged. */
export class Latencies {
  readonly #valuesMs: number[] = [];

  add(ms: number): void {
    this.#valuesMs.push(ms);
  }

  get count(): number {
    return this.#valuesMs.length;
  }

  /** The percentiles in milliseconds at the given shares (1 is the maximum). */
  percentiles(...shares: readonly number[]): number[] {
    const sorted = Float64Array.from(this.#valuesMs).sort();
    return shares.map((share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN);
  }
}
