import { fieldOf } from './row.js';
import type { Column, ColumnFilter } from './columns.js';
import type { Condition, Table } from './projection.js';

/** A filter of a list, bound to its column. */
export type Filter = Readonly<
  | { by: 'value'; column: string; type: 'text' | 'flag'; known: readonly string[] | null }
  | { by: 'any_case' | 'entry' | 'since' | 'until' | 'at_least'; column: string }
  | { by: 'deleted'; column: string }
  | { by: 'member'; column: string; field: string | null }
  | { by: 'whether'; condition: Condition }
>;

/** The filters of a table's list by parameter: those of its columns, and its own conditions. */
export function filtersOf({ columns, whether = {} }: Pick<Table, 'columns' | 'whether'>): ReadonlyMap<string, Filter> {
  const ofColumns = Object.entries(columns).flatMap(([name, column]) =>
    column.filters.flatMap((filter) => bound(name, column, filter)),
  );
  const conditions = Object.entries(whether).map(([name, condition]) => [name, { by: 'whether', condition }] as const);
  return new Map<string, Filter>([...ofColumns, ...conditions]);
}

function bound(column: string, { kind }: Column, filter: ColumnFilter): [string, Filter][] {
  const name = filter.name ?? fieldOf(column);
  switch (filter.by) {
    case 'value':
      return [[name, { by: 'value', column, type: kind === 'flag' ? 'flag' : 'text', known: filter.known }]];
    case 'between':
      return [
        [name === '' ? 'since' : `${name}Since`, { by: 'since', column }],
        [name === '' ? 'until' : `${name}Until`, { by: 'until', column }],
      ];
    case 'member':
      return [[name, { by: 'member', column, field: filter.field }]];
    case 'any_case':
    case 'at_least':
    case 'entry':
    case 'deleted':
      return [[name, { by: filter.by, column }]];
  }
}
