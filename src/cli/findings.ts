import type { Finding } from '../catch-up/verify.js';
import type { RowDifference, RowValues, TableComparison } from '../read-models/comparison.js';

/** What a rebuild of a projection would change. */
export type Comparison = Readonly<{ projection: string; version: number; tables: readonly TableComparison[] }>;
type Output = Readonly<{ print(text: string): void; json: boolean }>;

/** Findings of each kind that are listed for people; all are counted. */
const LISTED_MAX = 200;

/** The report of a dry run. */
export function printComparisons(comparisons: readonly Comparison[], { print, json }: Output): void {
  if (json) return print(JSON.stringify(comparisons, null, 2));
  for (const { projection, version, tables } of comparisons) {
    for (const { table, changed, added, removed, examples, totals } of tables) {
      print(
        `${projection} v${version}, table ${table}: ${changed} rows would change, ${added} would come, ${removed} would go`,
      );
      for (const example of examples) print(`  ${textOf(example)}`);
      if (changed + added + removed > examples.length)
        print(`  … and ${changed + added + removed - examples.length} more (--examples)`);
      for (const { column, currency, before, after } of totals.filter((total) => total.before !== total.after)) {
        print(
          `  ${column} ${currency ?? ''}: ${before} -> ${after} (${BigInt(after) >= BigInt(before) ? '+' : ''}${BigInt(after) - BigInt(before)})`,
        );
      }
    }
  }
}

/**
 * The findings of a verification, or of a dry run of one stream, printed as they come and counted. Nothing of them is kept but the
 * names of the streams of one page.
 */
export class FindingsReport {
  readonly #counts: Record<Finding['kind'], number> = { difference: 0, unfoldable: 0, parked: 0, gone: 0 };
  #folds = 0;
  /** Several projections read one stream, which is gone once. */
  readonly #gone = new Set<string>();

  constructor(private readonly output: Output) {}

  beginPage(): void {
    this.#gone.clear();
  }

  folded(streams: number): void {
    this.#folds += streams;
  }

  found(finding: Finding): void {
    if (finding.kind === 'gone') {
      if (this.#gone.has(finding.stream)) return;
      this.#gone.add(finding.stream);
    }
    this.#counts[finding.kind] += 1;
    if (this.output.json) this.output.print(JSON.stringify(finding));
    else this.#print(finding);
  }

  /** Prints the counts; returns whether all rows are as they should be. */
  end(): boolean {
    const { difference, unfoldable, parked, gone } = this.#counts;
    const { print, json } = this.output;
    if (json) print(JSON.stringify({ kind: 'counts', folds: this.#folds, ...this.#counts }));
    else
      print(
        `${this.#folds} folds: ${difference} rows differ, ${unfoldable} cannot be folded, ${parked} are parked, ${gone} are gone`,
      );
    return difference + unfoldable === 0;
  }

  #print(finding: Finding): void {
    const count = this.#counts[finding.kind];
    const text = lineOf(finding);
    if (text === null || count > LISTED_MAX + 1) return;
    this.output.print(count > LISTED_MAX ? '  … (--json prints all)' : `  ${text}`);
  }
}

/** A finding for people; null for what is only counted. */
function lineOf(finding: Finding): string | null {
  switch (finding.kind) {
    case 'difference':
      return `${finding.projection}: ${textOf(finding)}`;
    case 'unfoldable':
      return `${finding.stream} cannot be folded: ${finding.cause}`;
    case 'parked':
      return null;
    case 'gone':
      return `${finding.stream} ${finding.remains === 'none' ? 'was deleted in the store: it has no rows' : 'has lost its first events in the store: its rows are of those that are left'}`;
  }
}

/** One row: its key, what changes, and the Stripe events behind both sides. */
function textOf({ table, key, before, after, columns }: RowDifference): string {
  const name = `${table} ${Object.entries(key)
    .map(([column, value]) => `${column}=${String(value)}`)
    .join(' ')}`;
  if (before === null) return `${name}: only in the log, by ${eventOf(after)}`;
  if (after === null) return `${name}: not in the log, by ${eventOf(before)}`;
  const changes = columns
    .filter((column) => !PROVENANCE.has(column))
    .map((column) => `${column} ${JSON.stringify(before[column])} -> ${JSON.stringify(after[column])}`);
  return `${name}: ${changes.join(', ') || 'the same values'}, by ${eventOf(before)}${eventOf(before) === eventOf(after) ? '' : ` -> ${eventOf(after)}`}`;
}

const PROVENANCE = new Set(['stripe_event_id', 'stripe_event_type', 'stripe_event_created', 'api_version']);
const eventOf = (row: RowValues | null): string => String(row?.['stripe_event_id'] ?? 'an unnamed event');
