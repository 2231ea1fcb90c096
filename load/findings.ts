/** The findings of an audit: a count per kind, with some examples. */
export class Findings {
  readonly #byKind = new Map<string, { count: number; examples: string[] }>();
  readonly #examplesMax = 5;

  add(kind: string, example: string): void {
    const finding = this.#byKind.get(kind) ?? { count: 0, examples: [] };
    finding.count += 1;
    if (finding.examples.length < this.#examplesMax) finding.examples.push(example);
    this.#byKind.set(kind, finding);
  }

  get count(): number {
    return [...this.#byKind.values()].reduce((sum, { count }) => sum + count, 0);
  }

  lines(): string[] {
    return [...this.#byKind].flatMap(([kind, { count, examples }]) => [
      `  ${count} × ${kind}`,
      ...examples.map((example) => `      ${example}`),
      ...(count > examples.length ? [`      … and ${count - examples.length} more`] : []),
    ]);
  }
}
