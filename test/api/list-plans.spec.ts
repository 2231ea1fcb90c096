import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { derivations } from '../../derivations/index.js';
import { filtersOf } from '../../projections/filters.js';
import { projections } from '../../projections/index.js';
import type { ReadModel, Table } from '../../projections/projection.js';
import { LISTS } from '../../src/api/all-lists.js';
import { PRICES } from '../../src/api/catalogue/catalogue.js';
import { find } from '../../src/api/find/find.js';
import { INVOICES } from '../../src/api/invoices/invoices.js';
import { ENTRIES } from '../../src/api/journal/journal.js';
import { COUNT_MAX, countRows, type List } from '../../src/api/lists.js';
import { MOVEMENTS } from '../../src/api/mrr/movements.js';
import { Database, type Queryable } from '../../src/read-models/database.js';
import { pageQuery, type FilterValue } from '../../src/read-models/listing.js';
import { ensureSchema, ownerColumnOf, tableOf } from '../../src/read-models/schema.js';
import { emptyDatabase, type TestServer } from '../support/servers.js';

/**
 * Enough for the planner to prefer an index; `LIST_ROWS=300000 npm test -- test/api/list-plans` checks longer lists.
 */
const ROWS = Number(process.env['LIST_ROWS'] ?? 30_000);
/** The rows that one page may read beyond its own: for a filter, the rows with a rare value. */
const SORTED_MAX = 5_000;
/** Spreads the rows over 70 days, so that there are rows on both sides of both limits and of the middle. */
const SECONDS_APART = (70 * 86_400) / ROWS;

let server: TestServer;
let client: pg.Client;
beforeAll(async () => {
  server = await emptyDatabase();
  const database = new Database(server.url, { connectionsMax: 1, onIdleError: () => undefined });
  const models: readonly ReadModel[] = [...projections, ...derivations];
  await ensureSchema(database, models);
  await database.close();
  client = new pg.Client({ connectionString: server.url });
  await client.connect();
  for (const projection of models)
    for (const [name, table] of Object.entries(projection.tables))
      if ((table.listedBy !== undefined && !PRICE_TABLES.includes(name)) || SEARCHED.includes(name)) {
        const owner = { [ownerColumnOf(projection)]: `'stream-' || n` };
        const engine = projection.reads === undefined ? owner : { ...owner, is_incomplete: 'false' };
        await fill(tableOf({ projection, generation: 1 }, name), table, { ...specialOf(name), ...engine });
      }
  await client.query('analyze');
}, 300_000);
afterAll(async () => {
  await client.query('drop schema ledger cascade');
  await client.end();
  await server.stop();
}, 120_000);

/** Values are common or rare: every third row has a `common` value, one in a thousand a `rare` one. */
const valueOf = (table: Table, name: string): string => {
  const { kind, filters } = table.columns[name] ?? { kind: 'text', filters: [] };
  if (name === table.listedBy?.time) return `timestamptz '2020-01-01' + n * interval '${SECONDS_APART} seconds'`;
  if (table.key.includes(name) || name === table.listedBy?.id) return `'${name}_' || md5(n::text)`;
  if (filters.some(({ by }) => by === 'member'))
    return `jsonb_build_array(${filters.map((filter) => (filter.by === 'member' && filter.field === null ? text : '')).join('')}${members(table, name)})`;
  if (filters.some(({ by }) => by === 'entry')) return `jsonb_build_object('key', ${text})`;
  switch (kind) {
    case 'flag':
      return 'n % 1000 = 0';
    case 'money':
    case 'count':
      return 'n % 5000';
    case 'time':
      return `timestamptz '2026-01-01'`;
    case 'json':
      return `'[]'::jsonb`;
    default:
      return text;
  }
};
const text = `case when n % 3 = 0 then 'common' else 'rare' || n % 1000 end`;
const members = (table: Table, name: string): string => {
  const fields = table.columns[name]?.filters.flatMap((filter) =>
    filter.by === 'member' && filter.field !== null ? [`'${filter.field}', ${text}`] : [],
  );
  return fields === undefined || fields.length === 0 ? '' : `jsonb_build_object(${fields.join(', ')})`;
};

/** Not checked: an account has few prices, and nearly every price has a plan that the list of plans excludes. */
const PRICE_TABLES = ['prices', 'plans'];

/** Tables without a list of their own, which list conditions and `find` search. */
const SEARCHED = ['links', 'journal_postings', 'customer_names', 'invoice_payments', 'invoice_payment_evidence'];

/** The links between invoices, their payments and subscriptions. */
const linkOf: Readonly<Record<string, string>> = {
  object: `(array['invoice', 'charge', 'payment_intent', 'invoice_payment'])[1 + n % 4]`,
  target_kind: `(array['payment', 'invoice', 'subscription', 'customer'])[1 + n / 4 % 4]`,
  target: `'rare' || n % 1000`,
};

/** Refunds that only charges list; each charge has few. */
const SPECIAL: Readonly<Record<string, string>> = {
  source_object: `'charge'`,
  charge: `'rare' || n`,
  payment_intent: `'rare' || n`,
  cancel_at: `case when n % 1000 = 0 then timestamptz '2026-01-01' end`,
};

/** One third of the invoices are open, half of which were settled by others. */
const INVOICED: Readonly<Record<string, string>> = {
  status: `case when n % 3 = 1 then 'open' else ${text} end`,
};
const MOVED: Readonly<Record<string, string>> = { moved_to: `case when n % 6 = 1 then 'paid' end` };

/** One posting per entry. */
const POSTINGS: Readonly<Record<string, string>> = { entry: `'id_' || md5(n::text)`, no: '1' };

/** Each invoice has one payment. */
const TIED: Readonly<Record<string, string>> = { ...SPECIAL, invoice: `'id_' || md5(n::text)`, payment_record: 'null' };

const specialOf = (name: string): Readonly<Record<string, string>> =>
  ({
    ...{ links: linkOf, journal_postings: POSTINGS, invoices: INVOICED, settled_invoices: MOVED },
    ...{ invoice_payments: TIED, invoice_payment_evidence: TIED },
  })[name] ?? SPECIAL;

/** Creates the indexes after the rows, which is faster. */
async function fill(name: string, table: Table, special: Readonly<Record<string, string>>): Promise<void> {
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index where indrelid = $1::regclass and not indisprimary`,
    [name],
  );
  for (const index of indexes) await client.query(`drop index ${index.name}`);
  await insert(name, table, special);
  for (const { definition } of indexes) await client.query(definition);
}

/** `special`: values for the engine's columns, and for columns that `valueOf` does not cover. */
async function insert(name: string, table: Table, special: Readonly<Record<string, string>>): Promise<void> {
  const own = Object.keys(table.columns).map((column) => [column, special[column] ?? valueOf(table, column)] as const);
  const engine = Object.entries(special).filter(([column]) => ['stream', 'key', 'is_incomplete'].includes(column));
  const all = [...own, ...engine];
  await client.query(
    `insert into ${name} (${all.map(([column]) => column).join(', ')}) select ${all.map(([, sql]) => sql).join(', ')} from generate_series(1, ${ROWS}) n`,
  );
}

type Plan = Readonly<{
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: readonly Plan[];
}>;
const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** The parts of a plan whose time grows with the number of rows. */
async function faultsOf({ text: sql, values }: Readonly<{ text: string; values: unknown[] }>): Promise<string[]> {
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
    `explain (analyze, format json) ${sql}`,
    values,
  );
  return nodesOf(rows[0]?.['QUERY PLAN'][0].Plan as Plan).flatMap((node) => {
    const seen =
      node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
    const read = seen * node['Actual Loops'];
    if (node['Node Type'] === 'Seq Scan' && !SMALL.some((name) => node['Relation Name']?.startsWith(name)))
      return [`scans ${node['Relation Name']}`];
    return read > SORTED_MAX ? [`reads ${read} rows by ${node['Node Type']}`] : [];
  });
}
/** Tables with one row per generation or parked stream, and one that stays empty. */
const SMALL = ['checkpoints', 'parked_streams', 'discounts'];

const valuesFor = (list: List, name: string): readonly (readonly FilterValue[])[] => {
  const filter = filtersOf(list.table).get(name);
  // The objects of one customer, invoice or subscription are never a large part of a table.
  if (Object.hasOwn(list.own ?? {}, name) && name !== 'status') return [['rare7'], ['none']];
  switch (filter?.by) {
    case 'deleted':
    case 'whether':
      return [[true], [false]];
    case 'since':
    case 'until':
      return [['2020-01-01T00:00:00.000Z'], ['2020-02-15T00:00:00.000Z']];
    case 'at_least':
      return [[0], [4_000]];
    case 'any_case':
      return [['RARE7'], ['none'], ['rare7', 'rare8']];
    case 'entry':
      return [['key:common'], ['key:rare7'], ['key:none']];
    case 'value':
      if (filter.type === 'flag') return [[true], [false]];
      break;
    default:
  }
  const moved = name === list.moved?.column ? [['open'], ['paid'], ['open', 'paid', 'uncollectible']] : [];
  return [...moved, ['common'], ['rare7'], ['none'], ['common', 'rare7'], ['rare7', 'rare8']];
};

const middle = { at: '2020-02-01T00:00:00.000Z', id: 'id' };
const asked = [...LISTS.filter((list) => list !== PRICES), ENTRIES, MOVEMENTS].flatMap((list) =>
  [null, ...filtersOf(list.table).keys(), ...Object.keys(list.own ?? {})].map((name) => [list, name] as const),
);

describe(`a list of ${ROWS} rows, asked for a page`, () => {
  it.each(asked.map(([list, name]) => [list.name, name ?? 'nothing', list, name] as const))(
    'of %s by %s reads no table from end to end, and sorts no more than has a rare value',
    async (_, __, list, name) => {
      const faults: Record<string, string[]> = {};
      for (const values of name === null ? [null] : valuesFor(list, name))
        for (const isNewestFirst of [true, false])
          for (const after of [null, middle]) {
            const filters = name === null || values === null ? {} : { [name]: values };
            const found = await faultsOf(pageQuery(list, { filters, isNewestFirst, after, limit: 50 }));
            if (found.length > 0) faults[JSON.stringify({ values, isNewestFirst, after })] = found;
          }
      expect(faults).toEqual({});
    },
  );
});

describe(`to find something among ${ROWS} rows`, () => {
  it.each(['rare7', 'common', 'none', 'rare7 com', 'rare7@example.com', 'cus_1'])(
    'by %s reads no more than a few rows',
    async (q) => {
      const asked: { text: string; values: unknown[] }[] = [];
      const recording: Queryable = {
        query: (text: string, values: unknown[] = []) => {
          asked.push({ text, values });
          return client.query(text, values) as never;
        },
      };
      await find(recording, q, 'user_id');
      expect(asked.some(({ text }) => text.includes('customer_names'))).toBe(true);
      const faults: Record<string, string[]> = {};
      for (const query of asked) {
        // For common values a scan that stops after the first rows is the right plan.
        const found = (await faultsOf(query)).filter((fault) => fault.startsWith('reads'));
        if (found.length > 0) faults[query.text] = found;
      }
      expect(faults).toEqual({});
    },
  );

  it('is counted up to a bound', async () => {
    const all = { filters: {}, isNewestFirst: true, after: null, limit: 1 };
    expect(await countRows(client, INVOICES, all)).toEqual({ value: COUNT_MAX, isAtLeast: true });
    const few = { ...all, filters: { status: ['rare8'] } };
    expect(await countRows(client, INVOICES, few)).toMatchObject({ isAtLeast: false });
  });
});
