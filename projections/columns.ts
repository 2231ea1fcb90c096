import { isJsonObject } from '../src/events/json.js';
import { jsonForPostgres } from '../src/events/storable.js';

/** A JSON schema, as in OpenAPI 3.1. */
export type JsonSchema = Readonly<{ [keyword: string]: unknown }>;

export type ColumnKind = 'id' | 'text' | 'money' | 'count' | 'time' | 'flag' | 'json';

/**
 * A column of a read model, declared once. It determines the Postgres column, the type of its values, the check before
 * they are written, and their JSON schema in the API.
 */
export type Column<T = unknown> = Readonly<{
  kind: ColumnKind;
  /** The Postgres type, and the column definition for `create table`. */
  type: string;
  sql: string;
  schema: JsonSchema;
  /** The maximum size of a value in UTF-8 bytes; null: limited only by Postgres, and in no index. */
  bytesMax: number | null;
  /** What a value must be, as in an error message: "…, not a whole number". */
  expected: string;
  isNullable: boolean;
  /** The filters that this column gives a list of its table. Each filter brings the index that it needs. */
  filters: readonly ColumnFilter[];
  /**
   * Whether the value fits the column, so that Postgres stores it and returns it unchanged, except that U+0000 and lone
   * surrogates become U+FFFD.
   */
  is(value: unknown): value is T;
  /** The same column with filters; without arguments, with the default one: by value. */
  filtered(...filters: readonly ColumnFilter[]): Column<T>;
}>;

/** A column with a value in every row, unless `orNull` makes it nullable. */
export type NotNull<T> = Column<T> & Readonly<{ orNull(): Column<T | null> }>;

/**
 * A filter of a list by a column, as data. `name` is the query parameter; null: the field name of the column.
 * - `value`: the column has one of the given values. `known`: the values that Stripe is known to use; null: any.
 * - `any_case`: the same, case-insensitive.
 * - `between`: a time from `<name>Since` to `<name>Until`, both included; an empty name gives `since` and `until`.
 * - `at_least`: an amount of at least the value.
 * - `member`: the column is a list with a member that is the value, or has it in this field.
 * - `entry`: the column is a hash with the entry given as `key:value`.
 * - `deleted`: true finds deleted objects; false, or no value, finds the others.
 */
export type ColumnFilter = Readonly<
  | { by: 'value'; name: string | null; known: readonly string[] | null }
  | { by: 'any_case'; name: string | null }
  | { by: 'between'; name: string }
  | { by: 'at_least'; name: string }
  | { by: 'member'; name: string; field: string | null }
  | { by: 'entry'; name: string | null }
  | { by: 'deleted'; name: string }
>;

/** Filters by these words of Stripe's or any that a row has, since Stripe may add words at any time. */
export const oneOf = (known: readonly string[]): ColumnFilter => ({ by: 'value', name: null, known });
export const inAnyCase = (): ColumnFilter => ({ by: 'any_case', name: null });
/** `created` gives the parameters `createdSince` and `createdUntil`. */
export const between = (name: string): ColumnFilter => ({ by: 'between', name });
/** A member of the list has the value in this field, which is also the parameter's default name. */
export const ofMember = (field: string, name = field): ColumnFilter => ({ by: 'member', name, field });
/** The value is a member of the list. */
export const member = (name: string): ColumnFilter => ({ by: 'member', name, field: null });
export const atLeast = (name: string): ColumnFilter => ({ by: 'at_least', name });
export const entry = (): ColumnFilter => ({ by: 'entry', name: null });
export const whetherDeleted = (): ColumnFilter => ({ by: 'deleted', name: 'deleted' });

export type Columns = Readonly<Record<string, Column>>;
export type ValueOf<C> = C extends Column<infer T> ? T : never;
/** A row of these columns. */
export type RowOf<C extends Columns> = { readonly [Name in keyof C]: ValueOf<C[Name]> };

/**
 * A Postgres index entry has at most 2,704 bytes. No key has more than four ids, and Stripe's longest ids have 66
 * characters.
 */
const ID_BYTES_MAX = 600;
const NUMBER_BYTES = 8;

/** An id, or another word of Stripe's that rows are searched by, such as a status; sorted by its bytes. */
export const id = (): NotNull<string> =>
  column({
    kind: 'id',
    type: 'text',
    collation: 'C',
    schema: { type: 'string' },
    bytesMax: ID_BYTES_MAX,
    expected: `a text of at most ${ID_BYTES_MAX} bytes`,
    is: isTextWithin(ID_BYTES_MAX),
  });

/** A text that people write; only with `bytesMax` may an index contain it. */
export const text = ({ bytesMax }: { bytesMax?: number } = {}): NotNull<string> =>
  column({
    kind: 'text',
    type: 'text',
    schema: { type: 'string' },
    bytesMax: bytesMax ?? null,
    ...(bytesMax === undefined
      ? { expected: 'a text', is: (value): value is string => typeof value === 'string' }
      : { expected: `a text of at most ${bytesMax} bytes`, is: isTextWithin(bytesMax) }),
  });

/** An amount in minor units of the row's currency, which another column names. */
export const money = (): NotNull<number> => wholeNumber('money');

/** A number of things. */
export const count = (): NotNull<number> => wholeNumber('count');

/** A time: in rows ISO 8601 in UTC with milliseconds, in the years 1 to 9999. */
export const time = (): NotNull<string> =>
  column({
    kind: 'time',
    type: 'timestamptz',
    schema: { type: 'string', format: 'date-time' },
    bytesMax: NUMBER_BYTES,
    expected: 'a time like 2026-01-31T00:00:00.000Z',
    is: isTime,
  });

/** True or false. */
export const flag = (): NotNull<boolean> =>
  column({
    kind: 'flag',
    type: 'boolean',
    schema: { type: 'boolean' },
    bytesMax: 1,
    expected: 'true or false',
    is: (value): value is boolean => typeof value === 'boolean',
  });

/**
 * A JSON value other than null; Postgres does not keep the order of keys. `schema` describes it; only the compiler
 * checks that it is a `T`.
 */
export const json = <T extends object>(schema: JsonSchema = {}): NotNull<T> =>
  column({
    kind: 'json',
    type: 'jsonb',
    schema,
    bytesMax: null,
    expected: `JSON of at most ${JSON_LEVELS_MAX} levels`,
    is: (value): value is T => value !== null && isJson(value, JSON_LEVELS_MAX),
  });

/** Keeps JavaScript and Postgres from overflowing their stacks. */
const JSON_LEVELS_MAX = 100;

const wholeNumber = (kind: 'money' | 'count'): NotNull<number> =>
  column({
    kind,
    type: 'int8',
    schema: { type: 'integer' },
    bytesMax: NUMBER_BYTES,
    expected: 'a whole number that is exact',
    is: (value): value is number => Number.isSafeInteger(value),
  });

type Declared<T> = Omit<Column<T>, 'sql' | 'isNullable' | 'filters' | 'filtered'> & Readonly<{ collation?: string }>;

function column<T>({ collation, ...declared }: Declared<T>): NotNull<T> {
  const sql = collation === undefined ? declared.type : `${declared.type} collate "${collation}"`;
  const orNull = (): Column<T | null> =>
    unfiltered<T | null>({
      ...declared,
      sql,
      isNullable: true,
      schema: orNullSchema(declared.schema),
      expected: `${declared.expected}, or null`,
      is: (value): value is T | null => value === null || declared.is(value),
    });
  return { ...unfiltered({ ...declared, sql: `${sql} not null`, isNullable: false }), orNull };
}

function unfiltered<T>(declared: Omit<Column<T>, 'filters' | 'filtered'>): Column<T> {
  const filtered = (...filters: readonly ColumnFilter[]): Column<T> => ({
    ...declared,
    filters: filters.length === 0 ? [{ by: 'value', name: null, known: null }] : filters,
    filtered,
  });
  return { ...declared, filters: [], filtered };
}

const orNullSchema = (schema: JsonSchema): JsonSchema =>
  schema['type'] === undefined ? schema : { ...schema, type: [schema['type'], 'null'] };

function isTextWithin(bytesMax: number): (value: unknown) => value is string {
  // A code unit takes one to three bytes, so most texts need no byte count.
  return (value): value is string =>
    typeof value === 'string' &&
    (3 * value.length <= bytesMax || (value.length <= bytesMax && Buffer.byteLength(value) <= bytesMax));
}

/** Postgres has no year 0, and writes years after 9999 differently. */
const ISO_TIME = /^(?!0000)\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
const DAY_LENGTH = 'YYYY-MM-DD'.length;

/**
 * By date: whether it exists. Rows have several times, mostly on few dates, and checking the date costs ten times the
 * rest of the check.
 */
const days = new Map<string, boolean>();
const DAYS_MAX = 10_000;

function isTime(value: unknown): value is string {
  return typeof value === 'string' && ISO_TIME.test(value) && isDay(value.slice(0, DAY_LENGTH));
}

function isDay(text: string): boolean {
  const known = days.get(text);
  if (known !== undefined) return known;
  const milliseconds = Date.parse(text);
  // Rejects dates that do not exist, such as February 30.
  const is = !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString().startsWith(text);
  if (days.size < DAYS_MAX) days.set(text, is);
  return is;
}

function isJson(value: unknown, levelsMax: number): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (levelsMax === 0) return false;
  if (Array.isArray(value)) return value.every((member) => isJson(member, levelsMax - 1));
  return isPlain(value) && Object.values(value).every((member) => isJson(member, levelsMax - 1));
}

/** Whether an object is plain, so that its properties are all of it. */
const isPlain = (value: unknown): value is object =>
  isJsonObject(value) && (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);

/** A row has a value that its column cannot hold. The stream of the row parks. */
export class BadValue extends Error {
  readonly code = 'BAD_VALUE';

  constructor(
    readonly table: string,
    readonly column: string,
    fault: string,
  ) {
    super(`${table}.${column} is ${fault}.`);
    this.name = 'BadValue';
  }
}

type Shape = Readonly<{ columns: Columns; key: readonly string[] }>;

/** The entries of each `Columns`, cached because every row needs them. */
const listed = new WeakMap<Columns, readonly (readonly [string, Column])[]>();

function listOf(columns: Columns): readonly (readonly [string, Column])[] {
  let entries = listed.get(columns);
  if (entries === undefined) listed.set(columns, (entries = Object.entries(columns)));
  return entries;
}

/** Checks a row of a table. @throws BadValue */
export function checkRow(table: string, { columns }: Shape, row: Readonly<Record<string, unknown>>): void {
  for (const [name, { is, expected }] of listOf(columns)) {
    if (!is(row[name])) throw new BadValue(table, name, `${described(row[name])}, not ${expected}`);
  }
  const unknown = Object.keys(row).find((name) => !Object.hasOwn(columns, name));
  if (unknown !== undefined) throw new BadValue(table, unknown, 'no column');
}

/** The row as JSON for `jsonb_to_recordset`, in the order of the columns. @throws BadValue */
export function encodeRow(table: string, shape: Shape, row: Readonly<Record<string, unknown>>): string {
  checkRow(table, shape, row);
  const columns = listOf(shape.columns);
  const isInOrder = Object.keys(row).every((name, at) => name === columns[at]?.[0]);
  return jsonForPostgres(isInOrder ? row : Object.fromEntries(columns.map(([name]) => [name, row[name]])));
}

/** The identity of a checked row in its table: the JSON list of its key's values. */
export const keyOf = ({ key }: Shape, row: Readonly<Record<string, unknown>>): string =>
  jsonForPostgres(key.map((name) => row[name]));

/** The JSON schema of a row. */
export const rowSchema = ({ columns }: Pick<Shape, 'columns'>): JsonSchema => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(columns).map(([name, { schema }]) => [name, schema])),
  required: Object.keys(columns),
  additionalProperties: false,
});

/** Describes a value without its content, because the cause is shown to people who may not read a customer's texts. */
function described(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return `a text of ${Buffer.byteLength(value)} bytes`;
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}
