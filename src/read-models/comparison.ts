import type { ReadModel, Table } from '../../projections/projection.js';
import type { Queryable } from './database.js';
import type { Target } from './generations.js';
import { givenAs, typesOf } from './rows.js';
import { engineColumnsOf, nameOfGeneration, ownerColumnOf, tableOf, type Generation } from './schema.js';

export type RowValues = Readonly<Record<string, unknown>>;

/** A row that differs between the sides; null where a side lacks it. */
export type RowDifference = Readonly<{
  table: string;
  key: RowValues;
  stream: string;
  before: RowValues | null;
  after: RowValues | null;
  /** The columns that differ, when both sides have the row. */
  columns: readonly string[];
}>;

/** The sum of a table's money column on each side, by currency. */
export type MoneyTotal = Readonly<{
  table: string;
  column: string;
  currency: string | null;
  before: string;
  after: string;
}>;
export type TableComparison = Readonly<{
  table: string;
  changed: number;
  added: number;
  removed: number;
  examples: readonly RowDifference[];
  totals: readonly MoneyTotal[];
}>;

/** SQL of two relations with the columns of one table, and the parameters in it. */
type Sides = Readonly<{
  name: string;
  before: string;
  after: string;
  columns: readonly string[];
  key: readonly string[];
  /** The column with a row's owner; null for a rollup. */
  owner: 'stream' | 'key' | null;
  values: unknown[];
}>;

/** Compares all rows of a generation with its counterpart, in the columns that both have. */
export async function compareGenerations(
  connection: Queryable,
  { generation, against }: Target,
  examplesMax: number,
): Promise<TableComparison[]> {
  if (against === null) throw new Error(`There are no rows to compare ${nameOfGeneration(generation)} with.`);
  const comparisons: TableComparison[] = [];
  const { tables, rollups = {} } = generation.projection;
  for (const [name, table] of Object.entries({ ...tables, ...rollups })) {
    const [before, after] = [tableOf(against, name), tableOf(generation, name)];
    const engineColumns = name in rollups ? { row_count: 'int8' } : engineColumnsOf(generation.projection);
    const columns = (await columnsOf(connection, before)).filter(
      (column) => column in engineColumns || column in table.columns,
    );
    if (!table.key.every((column) => columns.includes(column)))
      throw new Error(`The rows of ${before} and ${after} cannot be compared: they have different keys.`);
    comparisons.push(
      await compare(
        connection,
        {
          ...{ name, before, after, columns, key: table.key, values: [] },
          owner: name in rollups ? null : ownerColumnOf(generation.projection),
        },
        examplesMax,
      ),
    );
  }
  return comparisons;
}

/** Compares, within a transaction, a table's rows of some streams with those that it should have, given as JSON. */
export async function* compareRows(
  connection: Queryable,
  generation: Generation<ReadModel>,
  { name, streams, texts }: { name: string; streams: readonly string[]; texts: readonly string[] },
): AsyncGenerator<RowDifference> {
  const { columns, key } = generation.projection.tables[name] as Table;
  const all = { ...typesOf(columns), ...engineColumnsOf(generation.projection) };
  const owner = ownerColumnOf(generation.projection);
  const sides: Sides = {
    name,
    before: `(select * from ${tableOf(generation, name)} where ${owner} = any($1))`,
    after: `(select * from ${givenAs(all, '$2')})`,
    columns: Object.keys(all),
    key,
    owner,
    values: [streams, `[${texts.join(',')}]`],
  };
  await connection.query(`declare differences no scroll cursor for ${differences(sides)}`, sides.values);
  for (;;) {
    const page = await connection.query<DifferentRow>(`fetch ${PAGE_ROWS} from differences`);
    yield* page.rows.map((row) => differenceOf(sides, row));
    if (page.rows.length < PAGE_ROWS) break;
  }
  await connection.query('close differences');
}

async function compare(connection: Queryable, sides: Sides, examplesMax: number): Promise<TableComparison> {
  const { rows } = await connection.query<{ changed: bigint; added: bigint; removed: bigint }>(
    `select count(*) filter (where b is not null and a is not null) as changed, count(*) filter (where b is null) as added, count(*) filter (where a is null) as removed ${differingRows(sides)}`,
    sides.values,
  );
  const { changed = 0n, added = 0n, removed = 0n } = rows[0] ?? {};
  const differing =
    changed + added + removed === 0n
      ? []
      : (await connection.query<DifferentRow>(`${differences(sides)} limit ${examplesMax}`, sides.values)).rows;
  const examples = differing.map((row) => differenceOf(sides, row));
  return {
    table: sides.name,
    changed: Number(changed),
    added: Number(added),
    removed: Number(removed),
    examples,
    totals: await totals(connection, sides),
  };
}

/**
 * SQL: joins both sides and keeps the rows that differ. Whether a side has a row is a column of its own, because
 * testing a whole row for null would read all columns.
 */
const differingRows = ({ before, after, key, columns }: Sides): string =>
  `from (select ${columns.join(', ')}, true as is_there from ${before} rows) as before
   full join (select ${columns.join(', ')}, true as is_there from ${after} rows) as after on ${key.map((column) => `before.${column} = after.${column}`).join(' and ')}
   cross join lateral (select before.is_there as b, after.is_there as a) as there
   where (${columns.map((column) => `before.${column}`).join(', ')}) is distinct from (${columns.map((column) => `after.${column}`).join(', ')})`;

/** SQL: the rows that differ, ordered by key. */
const differences = (sides: Sides): string =>
  `select case when b then to_jsonb(before) - 'is_there' end as before, case when a then to_jsonb(after) - 'is_there' end as after
   ${differingRows(sides)} order by ${sides.key.map((column) => `coalesce(before.${column}, after.${column})`).join(', ')}`;

type DifferentRow = Readonly<{ before: RowValues | null; after: RowValues | null }>;

/** Rows in memory at once. */
const PAGE_ROWS = 200;

function differenceOf({ name, key, columns, owner }: Sides, { before, after }: DifferentRow): RowDifference {
  const one = before ?? after ?? {};
  return {
    table: name,
    key: Object.fromEntries(key.map((column) => [column, one[column]])),
    stream: owner === null ? '' : String(one[owner]),
    before,
    after,
    columns:
      before === null || after === null
        ? []
        : columns.filter((column) => JSON.stringify(before[column]) !== JSON.stringify(after[column])),
  };
}

async function totals(connection: Queryable, { name, before, after, columns, values }: Sides): Promise<MoneyTotal[]> {
  const money = columns.filter((column) => column.endsWith('_minor'));
  const currency = columns.includes('currency') ? 'currency' : 'null::text';
  const list: MoneyTotal[] = [];
  for (const column of money) {
    const { rows } = await connection.query<{ currency: string | null; before: string | null; after: string | null }>(
      `select currency, sum(amount) filter (where side = 'before') as before, sum(amount) filter (where side = 'after') as after
       from (select 'before' as side, ${currency} as currency, ${column} as amount from ${before} b union all select 'after', ${currency}, ${column} from ${after} a) as both_sides
       group by currency order by currency`,
      values,
    );
    list.push(
      ...rows.map((row) => ({
        table: name,
        column,
        currency: row.currency,
        before: row.before ?? '0',
        after: row.after ?? '0',
      })),
    );
  }
  return list;
}

async function columnsOf(connection: Queryable, table: string): Promise<string[]> {
  const { rows } = await connection.query<{ name: string }>(
    'select attname as name from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped',
    [table],
  );
  return rows.map(({ name }) => name);
}
