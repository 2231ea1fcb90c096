import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import pg from 'pg';
import {
  BadValue,
  count,
  encodeRow,
  flag,
  id,
  json,
  keyOf,
  money,
  rowSchema,
  text,
  time,
  type Column,
  type ColumnKind,
  type JsonSchema,
} from '../../projections/columns.js';
import { projections } from '../../projections/index.js';
import { jsonForPostgres } from '../../src/events/storable.js';
import { rowsAfter } from '../support/facts.js';
import { scenariosOf } from './scenarios-of.js';
import { emptyDatabase, type TestServer } from '../support/servers.js';

let server: TestServer;
let client: pg.Client;
beforeAll(async () => {
  server = await emptyDatabase();
  client = new pg.Client({ connectionString: server.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await server.stop();
});

const columns = { id: id(), text: text(), money: money(), count: count(), time: time(), flag: flag(), json: json() };

/** A column's value in Postgres, in the format of rows. */
const shown = (kind: ColumnKind): string =>
  kind === 'time' ? `to_char(value at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')` : 'value';

/** Values of a column after a round trip through Postgres, written as rows are; `rows` is their JSON. */
async function throughPostgres({ kind, type, sql }: Column, rows: readonly string[]): Promise<unknown[]> {
  await client.query('begin');
  try {
    await client.query(`create temporary table written (at serial, value ${sql}) on commit drop`);
    await client.query(
      `insert into written (value) select value from jsonb_to_recordset($1::jsonb) as given(value ${type})`,
      [`[${rows.join(',')}]`],
    );
    const read = await client.query<{ value: unknown }>(
      `select to_jsonb(${shown(kind)}) as value from written order by at`,
    );
    return read.rows.map(({ value }) => value);
  } finally {
    await client.query('rollback');
  }
}

const accepted = (column: Column, values: readonly unknown[]): Promise<unknown[]> =>
  throughPostgres(
    column,
    values.map((value) => encodeRow('written', { columns: { value: column }, key: [] }, { value })),
  );

/** Whether Postgres accepts a value unchecked and returns it unchanged. */
async function survives(column: Column, value: unknown): Promise<boolean> {
  try {
    const [back] = await throughPostgres(column, [jsonForPostgres({ value })]);
    return back !== null && isDeepStrictEqual(back, value);
  } catch {
    return false;
  }
}

const levels = (depth: number): unknown => Array.from({ length: depth - 1 }).reduce((inner: unknown[]) => [inner], []);
const LEAST = Number.MIN_SAFE_INTEGER;
const MOST = Number.MAX_SAFE_INTEGER;

type Edges = Readonly<{ takes: readonly unknown[]; refuses: readonly unknown[] }>;
const edges: Readonly<Record<ColumnKind, Edges>> = {
  id: { takes: ['', 'sub_1', 'ü'.repeat(300), 'a"b\\c\n'], refuses: [7, null, true, undefined, {}] },
  text: {
    takes: ['', 'x'.repeat(100_000), '👩‍👩‍👧', '\u{10ffff}', 'null'],
    refuses: [7, null, false, undefined, ['a']],
  },
  money: { takes: [0, -1, LEAST, MOST], refuses: [1.5, NaN, Infinity, 1e300, 2 ** 63, '7', null, undefined, 7n] },
  count: { takes: [0, 1, LEAST, MOST], refuses: [0.1, -Infinity, -(2 ** 64), '1', null, true] },
  time: {
    takes: [
      '0001-01-01T00:00:00.000Z',
      '1969-12-31T23:59:59.999Z',
      '2024-02-29T12:00:00.001Z',
      '9999-12-31T23:59:59.999Z',
    ],
    refuses: [
      '0000-01-01T00:00:00.000Z',
      '-000001-01-01T00:00:00.000Z',
      '+010000-01-01T00:00:00.000Z',
      '+275760-09-13T00:00:00.000Z',
      '2026-02-30T00:00:00.000Z',
      '2026-13-01T00:00:00.000Z',
      '2026-01-01T24:00:00.000Z',
      '2026-01-01T23:59:60.000Z',
      '2026-01-01T00:00:00+01:00',
      '2026-01-01T00:00:00.000000Z',
      '2026-01-01',
      'infinity',
      'now',
      'soon',
      '',
      0,
      null,
      undefined,
    ],
  },
  flag: { takes: [true, false], refuses: ['true', 'yes', 1, 0, null, undefined] },
  json: {
    takes: [{}, [], '', 0, false, [null], { a: [1, { b: null }] }, 5e-324, 1.7976931348623157e308, levels(100)],
    refuses: [null, undefined, NaN, [Infinity], { a: undefined }, new Date(0), [new Map([[1, 2]])], () => 1],
  },
};
const kinds = Object.keys(edges) as ColumnKind[];

describe('a column', () => {
  it.each(kinds)('of kind %s gives back what it takes, up to the edges', async (kind) => {
    expect(await accepted(columns[kind], edges[kind].takes)).toEqual(edges[kind].takes);
    expect(await accepted(columns[kind].orNull(), [null, ...edges[kind].takes])).toEqual([null, ...edges[kind].takes]);
  });

  it.each(kinds)('of kind %s refuses what Postgres would refuse or change', async (kind) => {
    for (const value of edges[kind].refuses) {
      const found = { value, is: columns[kind].is(value), survives: await survives(columns[kind], value) };
      expect(found).toEqual({ value, is: false, survives: false });
    }
  });

  it('takes U+0000 and lone surrogates, which become U+FFFD, also in the names of JSON', async () => {
    expect(await accepted(text(), ['a\u0000b', '\ud800', 'x\udfff'])).toEqual(['a\ufffdb', '\ufffd', 'x\ufffd']);
    expect(await accepted(json(), [{ 'a\u0000': ['\ud800'] }])).toEqual([{ 'a\ufffd': ['\ufffd'] }]);
  });

  it('of JSON refuses what nests deeper than a stack should go', () => {
    expect(json().is(levels(101))).toBe(false);
    expect(json().is(levels(20_000))).toBe(false);
  });
});

const [first, last] = [new Date('-000100-01-01T00:00:00.000Z'), new Date('+010100-01-01T00:00:00.000Z')];
const isoTimes = fc.date({ min: first, max: last, noInvalidDate: true }).map((date) => date.toISOString());
const anyValue = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', minLength: 190, maxLength: 610 }),
  fc.maxSafeInteger(),
  fc.double(),
  fc.boolean(),
  isoTimes,
  isoTimes.chain((iso) => fc.nat({ max: iso.length - 1 }).map((at) => `${iso.slice(0, at)}9${iso.slice(at + 1)}`)),
  fc.jsonValue({ stringUnit: 'binary' }),
  fc.anything({ withBigInt: true, withDate: true }),
);
const asWritten = (value: unknown): unknown => JSON.parse(jsonForPostgres(value));

describe('whatever a column takes', () => {
  it.each(kinds)('Postgres takes, and gives back the same (%s)', async (kind) => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyValue, { maxLength: 200 }), async (values) => {
        const taken = values.filter((value) => columns[kind].is(value));
        expect(await accepted(columns[kind], taken)).toEqual(taken.map(asWritten));
      }),
      { numRuns: 30 },
    );
  });

  it.each(kinds.filter((kind) => kind !== 'id'))('is all that survives Postgres (%s)', async (kind) => {
    await fc.assert(
      fc.asyncProperty(anyValue, async (value) => {
        const column = columns[kind];
        // An integer beyond the exact range may survive by chance, although its neighbour would not.
        fc.pre(
          !column.is(value) &&
            typeof value !== 'bigint' &&
            jsonable(value) &&
            !(Number.isInteger(value) && !Number.isSafeInteger(value)),
        );
        expect({ value, survives: await survives(column, value) }).toEqual({ value, survives: false });
      }),
      { numRuns: 60 },
    );
  });
});

function jsonable(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}

describe('the longest values that an index may have', () => {
  // Postgres compresses repetitive text.
  const incompressible = (bytes: number): string => randomBytes(bytes).toString('base64').slice(0, bytes);
  const index = (bytes: number) =>
    client.query(
      `insert into four values ($1, $2, $3, $4)`,
      [1, 2, 3, 4].map(() => incompressible(bytes)),
    );

  it('fit one of four ids, and no more would', async () => {
    const four = ['a', 'b', 'c', 'd'].map((name) => `${name} ${id().sql}`);
    await client.query(`create table four (${four.join(', ')}, primary key (a, b, c, d))`);
    const long = ['x'.repeat(600), 'x'.repeat(601), 'ü'.repeat(301)];
    expect(long.map((value) => id().is(value))).toEqual([true, false, false]);
    await index(600);
    await expect(index(700)).rejects.toMatchObject({ code: '54000' });
  });

  const tables = projections.flatMap((projection) => Object.entries(projection.tables));
  it.each(tables)('fit every index of %s', (_, table) => {
    for (const names of [table.key, ...table.indexes]) {
      const bytes = names.map((name) => table.columns[name]?.bytesMax ?? NaN);
      expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(2_600);
    }
  });
});

it('amounts of money, and nothing else, are named by their unit', () => {
  const all = projections.flatMap(({ tables }) => Object.values(tables)).flatMap((one) => Object.entries(one.columns));
  expect(all.filter(([name, { kind }]) => (kind === 'money') !== name.endsWith('_minor'))).toEqual([]);
});

const table = { columns: { id: id(), total_minor: money(), note: text().orNull() }, key: ['id'], indexes: [] };

describe('a row', () => {
  it('is encoded in the order of its columns, and named by its key', () => {
    expect(encodeRow('bills', table, { note: null, total_minor: 5, id: 'a' })).toBe(
      '{"id":"a","total_minor":5,"note":null}',
    );
    expect(keyOf(table, { note: null, total_minor: 5, id: 'a\u0000' })).toBe('["a\ufffd"]');
  });

  it.each<[string, object, string]>([
    ['a fraction', { id: 'a', total_minor: 1.5 }, 'bills.total_minor is 1.5, not a whole number that is exact.'],
    ['no value', { id: 'a', total_minor: 1 }, 'bills.note is missing, not a text, or null.'],
    ['null where none may be', { id: null }, 'bills.id is null, not a text of at most 600 bytes.'],
    ['what has no column', { id: 'a', total_minor: 1, note: null, more: 1 }, 'bills.more is no column.'],
  ])('with %s is refused, by the name of table and column', (_, row, message) => {
    expect(() => encodeRow('bills', table, row as never)).toThrow(message);
    expect(() => encodeRow('bills', table, row as never)).toThrow(BadValue);
  });

  it('is refused without revealing a text', () => {
    const row = { id: 'a', total_minor: 'ada@example.com', note: null };
    expect(() => encodeRow('bills', table, row)).toThrow('bills.total_minor is a text of 15 bytes, not');
  });
});

type Keywords = Readonly<{
  type?: string | readonly string[];
  properties?: Readonly<Record<string, JsonSchema>>;
  required?: readonly string[];
  items?: JsonSchema;
  format?: string;
}>;

const typeIn = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
};

/** The violations of a JSON schema, for the keywords that columns use. */
function faultsOf(schema: JsonSchema, value: unknown, path = ''): string[] {
  const { type, properties = {}, required = [], items, format } = schema as Keywords;
  const is = typeIn(value);
  if (type !== undefined && ![type].flat().includes(is)) return [`${path} is ${is}, not ${String(type)}`];
  if (format === 'date-time' && value !== null && Number.isNaN(Date.parse(String(value))))
    return [`${path} is no time`];
  if (Array.isArray(value)) return value.flatMap((member, at) => faultsOf(items ?? {}, member, `${path}[${at}]`));
  if (is !== 'object') return [];
  const members = value as Readonly<Record<string, unknown>>;
  return [
    ...required.filter((name) => !Object.hasOwn(members, name)).map((name) => `${path} lacks ${name}`),
    ...Object.entries(members).flatMap(([name, member]) => {
      const own = properties[name];
      if (own === undefined) return schema['additionalProperties'] === false ? [`${path}.${name} is unknown`] : [];
      return faultsOf(own, member, `${path}.${name}`);
    }),
  ];
}

describe('the JSON schema of a table', () => {
  it('describes a row', () => {
    expect(rowSchema(table)).toEqual({
      type: 'object',
      required: ['id', 'total_minor', 'note'],
      additionalProperties: false,
      properties: { id: { type: 'string' }, total_minor: { type: 'integer' }, note: { type: ['string', 'null'] } },
    });
    expect(faultsOf(rowSchema(table), { id: 'a', total_minor: 1.5, more: null })).toEqual([
      ' lacks note',
      '.total_minor is number, not integer',
      '.more is unknown',
    ]);
  });

  const tables = projections.flatMap((projection) =>
    Object.entries(projection.tables).map(([name, own]) => [name, { own, projection }] as const),
  );

  it.each(tables)('%s is true of every row of the scenarios', (name, { own, projection }) => {
    const schema = rowSchema(own);
    const rows = scenariosOf(projection).flatMap(({ given, when }) => rowsAfter(projection, [...given, when], name));
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.flatMap((row) => faultsOf(schema, row))).toEqual([]);
    expect(rows.map((row) => JSON.parse(encodeRow(name, own, row)))).toEqual(rows);
  });
});
