import type { Verified } from '../catch-up/verify.js';
import type { RowDifference, RowValues, TableComparison } from '../read-models/comparison.js';

/** What a rebuild of a projection would change. */
export type Comparison = Readonly<{ projection: string; version: number; tables: readonly TableComparison[] }>;
type Output = Readonly<{ print(text: string): void; json: boolean }>;

const LISTED_MAX = 200;

/** The report of a dry run. */
export function printComparisons(comparisons: readonly Comparison[], { print, json }: Output): void {
  if (json) return print(JSON.stringify(comparisons, null, 2));
  for (const { projection, version, tables } of comparisons) {
    for (const { table, changed, added, removed, examples, totals } of tables) {
      print(`${projection} v${version}, table ${table}: ${changed} rows would change, ${added} would come, ${removed} would go`);
      for (const example of examples) print(`  ${textOf(example)}`);
      if (changed + added + removed > examples.length) print(`  … and ${changed + added + removed - examples.length} more (--examples)`);
      for (const { column, currency, before, after } of totals.filter((total) => total.before !== total.after)) {
        print(`  ${column} ${currency ?? ''}: ${before} -> ${after} (${BigInt(after) >= BigInt(before) ? '+' : ''}${BigInt(after) - BigInt(before)})`);
      }
    }
  }
}

/** The findings of a verification, or of a dry run of one stream. */
export function printVerified(verified: Verified, { print, json }: Output): void {
  if (json) return print(JSON.stringify(verified, null, 2));
  const { streams, parked, unfoldable, gone, differences } = verified;
  print(`${streams} folds: ${differences.length} rows differ, ${unfoldable.length} cannot be folded, ${parked.length} are parked, ${gone.length} are gone`);
  for (const difference of differences.slice(0, LISTED_MAX)) print(`  ${difference.projection}: ${textOf(difference)}`);
  for (const { stream, cause } of unfoldable.slice(0, LISTED_MAX)) print(`  ${stream} cannot be folded: ${cause}`);
  for (const { stream, remains } of gone.slice(0, LISTED_MAX)) {
    print(`  ${stream} ${remains === 'none' ? 'was deleted in the store: it has no rows' : 'has lost its first events in the store: its rows are of those that are left'}`);
  }
  if (Math.max(differences.length, unfoldable.length, gone.length) > LISTED_MAX) print('  … (--json prints all)');
}

/** One row: its key, what changes, and the Stripe events behind both sides. */
function textOf({ table, key, before, after, columns }: RowDifference): string {
  const name = `${table} ${Object.entries(key).map(([column, value]) => `${column}=${String(value)}`).join(' ')}`;
  if (before === null) return `${name}: only in the log, by ${eventOf(after)}`;
  if (after === null) return `${name}: not in the log, by ${eventOf(before)}`;
  const changes = columns.filter((column) => !PROVENANCE.has(column)).map((column) => `${column} ${JSON.stringify(before[column])} -> ${JSON.stringify(after[column])}`);
  return `${name}: ${changes.join(', ') || 'the same values'}, by ${eventOf(before)}${eventOf(before) === eventOf(after) ? '' : ` -> ${eventOf(after)}`}`;
}

const PROVENANCE = new Set(['stripe_event_id', 'stripe_event_type', 'stripe_event_created', 'api_version']);
const eventOf = (row: RowValues | null): string => String(row?.['stripe_event_id'] ?? 'an unnamed event');
