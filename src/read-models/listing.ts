import { filtersOf, type Filter } from '../../projections/filters.js';
import type { Row, Table } from '../../projections/projection.js';

/** A filter value of a request: validated, and of the type of its column. */
export type FilterValue = string | number | boolean;

/** A place in a list, after which the next page starts. `at` is null for a row without a time: those come last. */
export type Place = Readonly<{ at: string | null; id: string }>;

/** A page of a list: each filter matches any of its values, a filter on metadata all of them. */
export type Listing = Readonly<{
  filters: Readonly<Record<string, readonly FilterValue[]>>;
  isNewestFirst: boolean;
  after: Place | null;
  limit: number;
}>;

/**
 * A list over the rows of a table; `sources` follow `from` in SQL, each with all columns of the table in the same
 * order. `own`: filters that need other tables, by parameter; each builds its SQL from an array of `count` values.
 */
export type ListedTable = Readonly<{
  table: Table;
  sources: readonly [string, ...string[]];
  own?: Readonly<Record<string, (values: string, count: number) => string>>;
  moved?: Moved;
}>;

/**
 * Rows for which another table has replaced a column's value, one of `from` by one of `to`. `moved` is SQL of that
 * table, with `moved_id`, `moved_to`, and the place in the list as `moved_at`; `isMoved` is the condition for a row of
 * the list to be one of them.
 */
export type Moved = Readonly<{
  column: string;
  from: readonly string[];
  to: readonly string[];
  moved: string;
  isMoved: string;
}>;

/** SQL of the time that orders a list; never null, because a row comparison would skip nulls. */
export function timeOf(table: Table): string {
  const { time } = orderOf(table);
  return table.columns[time]?.isNullable === true ? `coalesce(${time}, '-infinity'::timestamptz)` : time;
}

/** The columns that order a list. */
export function orderOf({ listedBy }: Table): NonNullable<Table['listedBy']> {
  if (listedBy === undefined) throw new Error('This table has no list.');
  return listedBy;
}

/** The indexes for the list of a table, in the syntax of `create index` after the table name. */
export function listIndexesOf(table: Table): ReadonlyMap<string, string> {
  if (table.listedBy === undefined) return new Map();
  const place = `${timeOf(table)}, ${table.listedBy.id}`;
  const indexOf = ([parameter, filter]: readonly [string, Filter]): [string, string][] => {
    switch (filter.by) {
      case 'value':
        return [[filter.column, `(${filter.column}, ${place})${whereKnown(table, filter.column)}`]];
      case 'any_case':
        // Also serves prefix searches. Not partial, because Postgres takes no statistics from a partial index.
        return [[filter.column, `(lower(${filter.column}) text_pattern_ops)`]];
      case 'member':
      case 'entry':
        return [[filter.column, `using gin (${filter.column} jsonb_path_ops)`]];
      case 'deleted':
        return [[filter.column, `(${place}) where ${filter.column}`]];
      case 'whether':
        return [[parameter.toLowerCase(), `(${place}) where ${filter.condition.sql}`]];
      case 'since':
      case 'until':
      case 'at_least':
        return [];
    }
  };
  return new Map([['place', `(${place})`], ...[...filtersOf(table)].flatMap(indexOf)]);
}

/** The JSON columns that lists of the table search. */
export const searchedJsonOf = ({ columns, listedBy }: Table): string[] =>
  Object.entries(columns)
    .filter(([, { kind, filters }]) => listedBy !== undefined && kind === 'json' && filters.length > 0)
    .map(([name]) => name);

/** Excludes rows without a value, which no list filters for. */
const whereKnown = ({ columns }: Table, column: string): string =>
  columns[column]?.isNullable === true ? ` where ${column} is not null` : '';

type Parameters = Readonly<{ add: (value: unknown) => string; values: unknown[] }>;

function parameters(): Parameters {
  const values: unknown[] = [];
  return { add: (value) => `$${values.push(value)}`, values };
}

/**
 * Returns the query of a page plus one row, which shows whether another page follows. Each source, and each of several
 * values of a filter, is read in the order of its own index, so Postgres merges no more rows than a page has.
 */
export function pageQuery(list: ListedTable, listing: Listing): { text: string; values: unknown[] } {
  const { table, sources } = list;
  const parameter = parameters();
  const time = timeOf(table);
  const direction = listing.isNewestFirst ? 'desc' : 'asc';
  const { id } = orderOf(table);
  const ordered = (by: string, then: string): string =>
    `order by ${by} ${direction}, ${then} ${direction} limit ${listing.limit + 1}`;
  const order = ordered(time, id);
  const after = placeCondition(listing, { time, id }, parameter);
  const queries = onePerValue(list, listing).flatMap((branch) => {
    const conditions = [...conditionsOf(list, branch, parameter), ...isStillThere(list, branch), ...after];
    const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
    const own = sources.map((source) => `select * from ${source} ${where} ${order}`);
    const moved = movedAmong(list, branch, parameter);
    if (moved === null) return own;
    const others = [...conditionsOf(list, moved.branch, parameter), ...moved.ofRows];
    const beyond = placeCondition(listing, { time: 'moved_at', id: 'moved_id' }, parameter);
    // Row by row, in the index order of the moved rows.
    const came = sources.map(
      (source) => `select shown.* from ${moved.from} moved cross join lateral (
        select * from ${source} where ${id} = moved_id and ${others.join(' and ')} limit 1) shown
      where ${[...moved.conditions, ...beyond].join(' and ')} ${ordered('moved_at', 'moved_id')}`,
    );
    return [...own, ...came];
  });
  const [only] = queries;
  if (queries.length === 1 && only !== undefined) return { text: only, values: parameter.values };
  const all = queries.map((query) => `(${query})`).join(' union all ');
  return { text: `select * from (${all}) listed ${order}`, values: parameter.values };
}

function placeCondition(
  { after, isNewestFirst }: Pick<Listing, 'after' | 'isNewestFirst'>,
  { time, id }: Readonly<{ time: string; id: string }>,
  parameter: Parameters,
): string[] {
  if (after === null) return [];
  const at = parameter.add(after.at ?? '-infinity');
  return [`(${time}, ${id}) ${isNewestFirst ? '<' : '>'} (${at}::timestamptz, ${parameter.add(after.id)})`];
}

/** Excludes rows that have moved away from the filtered value. */
const isStillThere = ({ moved }: ListedTable, branch: Listing['filters']): string[] =>
  moved !== undefined && branch[moved.column]?.some((value) => moved.from.includes(String(value))) === true
    ? [`not ${moved.isMoved}`]
    : [];

/** SQL for the rows that have moved to the value of a branch: source, conditions, and the remaining filters. */
function movedAmong({ moved }: ListedTable, branch: Listing['filters'], parameter: Parameters) {
  const value = moved && branch[moved.column]?.[0];
  if (moved === undefined || value === undefined || !moved.to.includes(String(value))) return null;
  const { [moved.column]: _, ...others } = branch;
  return {
    from: moved.moved,
    conditions: [`moved_to = ${parameter.add(value)}`],
    branch: others,
    ofRows: [`${moved.column} in (${moved.from.map(parameter.add).join(', ')})`],
  };
}

/** Splits a filter into a branch per value: an index is in order only for a single value of its first column. */
function onePerValue({ table, own = {}, moved }: ListedTable, { filters }: Listing): Listing['filters'][] {
  const known = filtersOf(table);
  const all = Object.entries(filters).filter(
    ([name, { length }]) => known.get(name)?.by === 'value' && !Object.hasOwn(own, name) && length > 1,
  );
  const several = all.find(([name]) => name === moved?.column) ?? all.find(([, { length }]) => length <= BRANCHES_MAX);
  if (several === undefined) return [filters];
  const [name, values] = several;
  return values.map((value) => ({ ...filters, [name]: [value] }));
}

const BRANCHES_MAX = 10;

function conditionsOf({ table, own = {} }: ListedTable, wanted: Listing['filters'], parameter: Parameters): string[] {
  const ofOthers = Object.entries(own).flatMap(([name, sql]) =>
    wanted[name] === undefined ? [] : [sql(parameter.add(wanted[name]), wanted[name].length)],
  );
  const ofTable = Object.fromEntries(Object.entries(wanted).filter(([name]) => !Object.hasOwn(own, name)));
  const conditions = [...filtersOf(table)].flatMap(([name, filter]) => {
    const values = ofTable[name] ?? [];
    if (filter.by === 'deleted') return [values[0] === true ? filter.column : `not ${filter.column}`];
    return filter.by === 'member' || values.length === 0 ? [] : conditionOf(table, filter, values, parameter);
  });
  const ofMembers = [...membersOf(table, ofTable)].map(([column, members]) =>
    either(members.map((member) => `${column} @> ${parameter.add(JSON.stringify([member]))}::jsonb`)),
  );
  return [...conditions, ...ofMembers, ...ofOthers];
}

/** For list columns, the members of which a row must have one: several filters on a column apply to the same member. */
function membersOf(table: Table, wanted: Listing['filters']): ReadonlyMap<string, readonly Member[]> {
  const members = new Map<string, readonly Member[]>();
  for (const [name, filter] of filtersOf(table)) {
    const values = wanted[name] ?? [];
    if (filter.by !== 'member' || values.length === 0) continue;
    const { column, field } = filter;
    const known = (members.get(column) ?? [{}]) as readonly Row[];
    members.set(
      column,
      field === null ? values : known.flatMap((one) => values.map((value) => ({ ...one, [field]: value }))),
    );
  }
  return members;
}

function conditionOf(
  table: Table,
  filter: Exclude<Filter, { by: 'deleted' | 'member' }>,
  values: readonly FilterValue[],
  parameter: Parameters,
): string[] {
  switch (filter.by) {
    case 'value':
      return [isAmong(filter.column, values.map(parameter.add))];
    case 'any_case':
      return [
        isAmong(
          `lower(${filter.column})`,
          values.map((value) => `lower(${parameter.add(value)})`),
        ),
      ];
    case 'entry':
      return values.map((value) => `${filter.column} @> ${parameter.add(JSON.stringify(entryOf(value)))}::jsonb`);
    case 'at_least':
      return [`${filter.column} >= ${parameter.add(values[0])}`];
    case 'since':
      return [
        `${filter.column === table.listedBy?.time ? timeOf(table) : filter.column} >= ${parameter.add(values[0])}`,
      ];
    case 'until':
      return [
        `${filter.column === table.listedBy?.time ? timeOf(table) : filter.column} <= ${parameter.add(values[0])}`,
        `${filter.column} is not null`,
      ];
    case 'whether':
      return [values[0] === true ? `(${filter.condition.sql})` : `(${filter.condition.sql}) is not true`];
  }
}

const isAmong = (expression: string, given: readonly string[]): string =>
  given.length === 1 ? `${expression} = ${given[0]}` : `${expression} in (${given.join(', ')})`;
const either = (conditions: readonly string[]): string =>
  conditions.length === 1 ? String(conditions[0]) : `(${conditions.join(' or ')})`;

/** Parses `key:value`; the value may contain colons. */
function entryOf(value: FilterValue): Record<string, string> {
  const [, key = '', held = ''] = /^([^:]*):(.*)$/su.exec(String(value)) ?? [];
  return { [key]: held };
}

/** Returns the same page plus one row from rows in memory, as a fold returns them, with times as text. */
export function pageOfRows(table: Table, rows: readonly Row[], listing: Listing): Row[] {
  const sign = listing.isNewestFirst ? -1 : 1;
  const { after } = listing;
  return rows
    .filter(
      (row) =>
        isWanted(table, row, listing.filters) && (after === null || sign * compared(placeOf(table, row), after) > 0),
    )
    .sort((a, b) => sign * compared(placeOf(table, a), placeOf(table, b)))
    .slice(0, listing.limit + 1);
}

/** The place of a row in the list of its table. */
export function placeOf(table: Table, row: Row): Place {
  const { time, id } = orderOf(table);
  const at = row[time] as string | Date | null;
  return { at: at === null ? null : new Date(at).toISOString(), id: String(row[id]) };
}

/** Compares two places of a list by time. */
export const compared = (one: Place, other: Place): number => {
  const [a, b] = [one.at ?? '', other.at ?? ''];
  if (a !== b) return a < b ? -1 : 1;
  return one.id === other.id ? 0 : one.id < other.id ? -1 : 1;
};

/** Whether a row in memory matches the filters of a list. */
export function isWanted(table: Table, row: Row, wanted: Listing['filters']): boolean {
  const holds = [...filtersOf(table)].every(([name, filter]) => {
    const values = wanted[name] ?? [];
    if (filter.by === 'deleted') return row[filter.column] === (values[0] === true);
    return filter.by === 'member' || values.length === 0 || isHeld(row, filter, values);
  });
  const hasMember = ([column, members]: readonly [string, readonly Member[]]): boolean =>
    ((row[column] ?? []) as readonly Member[]).some((own) => members.some((member) => contains(own, member)));
  return holds && [...membersOf(table, wanted)].every(hasMember);
}

/** A member to find in a list: a value, or entries that it must have. */
type Member = FilterValue | Row;

const contains = (own: Member, wanted: Member): boolean =>
  typeof wanted === 'object' ? hasEntries(own as Row, wanted) : own === wanted;
const hasEntries = (row: Row, entries: Row): boolean =>
  Object.entries(entries).every(([name, value]) => row[name] === value);

function isHeld(row: Row, filter: Exclude<Filter, { by: 'deleted' | 'member' }>, values: readonly FilterValue[]) {
  if (filter.by === 'whether') return filter.condition.holds(row) === (values[0] === true);
  const value = row[filter.column];
  if (value === null || value === undefined) return false;
  switch (filter.by) {
    case 'value':
      return values.includes(value as FilterValue);
    case 'any_case':
      return values.some((one) => String(one).toLowerCase() === String(value).toLowerCase());
    case 'entry':
      return values.every((one) => hasEntries(value as Row, entryOf(one)));
    case 'at_least':
      return Number(value) >= Number(values[0]);
    case 'since':
      return Date.parse(String(value)) >= Date.parse(String(values[0]));
    case 'until':
      return Date.parse(String(value)) <= Date.parse(String(values[0]));
  }
}
