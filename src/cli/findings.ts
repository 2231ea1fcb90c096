import { FindingCounts } from '../catch-up/finding-counts.js';
import type { Finding } from '../catch-up/verify.js';
import type { RowDifference, RowValues } from '../read-models/comparison.js';
import type { Comparison } from '../rebuild/rebuilding.js';
import { decimal } from '../api/exports/exported.js';
import type { RestatedMonth } from '../closings/restated.js';
import { tableOf } from './texts.js';

type Output = Readonly<{ print(text: string): void; json: boolean }>;

/** The most findings of each kind printed for people; all are counted. */
const LISTED_MAX = 200;

/** Lists the closed months that would differ, and by how much; the closings themselves stay unchanged. */
export function textOfRestated(months: readonly RestatedMonth[]): string {
  if (months.length === 0) return 'No closed month would be restated.';
  const listed = months
    .slice(0, LISTED_MAX)
    .map(({ month, name, currency, livemode, account, before, after }) => [
      ...[month, name, decimal(Number(before), currency), decimal(Number(after), currency), currency.toUpperCase()],
      `${livemode ? 'live' : 'test'} mode${account === null ? '' : `, ${account}`}`,
    ]);
  return [
    'Closed months that would be restated. They keep their figures; the difference would be posted in the open month.',
    tableOf(['month', 'account', 'moved', 'would have moved', '', 'books'], listed),
    ...(months.length > LISTED_MAX ? [`… and ${months.length - LISTED_MAX} more (--json has all)`] : []),
  ].join('\n');
}

/** Prints the report of a dry run. */
export function printComparisons(comparisons: readonly Comparison[], { print, json }: Output): void {
  if (json) return print(JSON.stringify(comparisons, null, 2));
  for (const { projection, version, tables, closedMonths } of comparisons) {
    if (closedMonths !== null) print(textOfRestated(closedMonths));
    for (const { table, changed, added, removed, examples, totals } of tables) {
      print(
        `${projection} v${version}, table ${table}: ${changed} rows would change, ${added} would be added, ${removed} would be removed`,
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

/** Prints and counts the findings of a verification, or of a dry run of one stream. */
export class FindingsReport extends FindingCounts {
  constructor(private readonly output: Output) {
    super();
  }

  override found(finding: Finding): boolean {
    const isNew = super.found(finding);
    if (isNew && this.output.json) this.output.print(JSON.stringify(finding));
    else if (isNew) this.#print(finding);
    return isNew;
  }

  /** Prints the counts; returns whether no row disagrees with the log. */
  end(): boolean {
    const { folds, streams, projections, keys, ...counts } = this.counts;
    const { difference, unfoldable, parked, gone } = counts;
    const { print, json } = this.output;
    if (json) print(JSON.stringify({ kind: 'counts', folds, keys, ...counts }));
    else {
      const found = [
        counted(difference, 'row differs', 'rows differ'),
        counted(unfoldable, 'stream cannot be folded', 'streams cannot be folded'),
        counted(parked, 'parked stream was not compared', 'parked streams were not compared'),
        counted(gone, 'stream was deleted or truncated in the store', 'streams were deleted or truncated in the store'),
      ].flatMap((text) => text ?? []);
      const checked = `Checked ${counted(streams, 'stream', 'streams') ?? 'no stream'} in ${counted(projections, 'projection', 'projections') ?? 'no projection'}${keys === 0 ? '' : `, and ${counted(keys, 'key', 'keys')} of derived rows`}`;
      print(`${checked}: ${found.join(', ') || 'no differences'}.`);
    }
    return difference + unfoldable === 0;
  }

  #print(finding: Finding): void {
    const count = this.counts[finding.kind];
    const text = lineOf(finding);
    if (text === null || count > LISTED_MAX + 1) return;
    this.output.print(count > LISTED_MAX ? '  … (--json prints all)' : `  ${text}`);
  }
}

/** Null for zero. */
const counted = (count: number, one: string, many: string): string | null =>
  count === 0 ? null : `${count} ${count === 1 ? one : many}`;

/** The text of a finding; null where it is only counted. */
function lineOf(finding: Finding): string | null {
  switch (finding.kind) {
    case 'difference':
      return `${finding.projection}: ${textOf(finding)}`;
    case 'unfoldable':
      return `${finding.stream} cannot be folded: ${finding.cause}`;
    case 'parked':
      return null;
    case 'gone':
      return `${finding.stream} ${finding.remains === 'none' ? 'was deleted from the store, so it has no rows' : 'was truncated in the store; its rows are folded from the events that are left'}`;
  }
}

/** One row: its key, its changes, and the Stripe events behind both sides. */
function textOf({ table, key, before, after, columns }: RowDifference): string {
  const name = `${table} ${Object.entries(key)
    .map(([column, value]) => `${column}=${String(value)}`)
    .join(' ')}`;
  if (before === null) return `${name}: missing in the read model, present in the log, from ${eventOf(after)}`;
  if (after === null) return `${name}: in the read model but not in the log, from ${eventOf(before)}`;
  const changes = columns
    .filter((column) => !PROVENANCE.has(column))
    .map((column) => `${column} ${JSON.stringify(before[column])} -> ${JSON.stringify(after[column])}`);
  return `${name}: ${changes.join(', ') || 'the same values'}, from ${eventOf(before)}${eventOf(before) === eventOf(after) ? '' : ` -> ${eventOf(after)}`}`;
}

const PROVENANCE = new Set(['stripe_event_id', 'stripe_event_type', 'stripe_event_created', 'api_version']);
const eventOf = (row: RowValues | null): string => String(row?.['stripe_event_id'] ?? 'an unnamed event');
