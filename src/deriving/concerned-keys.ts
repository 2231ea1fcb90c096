/** Which keys of a derivation rows concern: a row is asked by itself, and a join for what it does not know. */
import type { Row } from '../../projections/projection.js';
import { attempt, type Queryable } from '../read-models/database.js';
import { atEvent, park } from '../read-models/parked-streams.js';
import { onTables, type OwnDerived } from './derived.js';

/** A row as it was or as it is, and the table that it is of, by its name in a projection. */
export type ChangedRow = Readonly<{ table: string; row: Row }>;

/** Keys, and rows that cannot tell which: with why. */
export type ConcernedKeys = Readonly<{
  keys: string[];
  silent: readonly (ChangedRow & Readonly<{ error: unknown }>)[];
}>;

/** Postgres indexes no longer text, and a key is one. */
const KEY_BYTES_MAX = 2_000;

/**
 * The keys that rows concern, within a transaction. A row that cannot be asked holds up no other.
 * @throws when the database is away
 */
export async function keysOfRows(
  connection: Queryable,
  derived: OwnDerived,
  rows: readonly ChangedRow[],
): Promise<ConcernedKeys> {
  const { keysOf } = derived.generation.projection;
  const askedBy = new Map<string, ChangedRow>();
  const silent: (ChangedRow & { error: unknown })[] = [];
  for (const one of rows) {
    try {
      for (const key of checked(keysOf[one.table]?.(one.row) ?? [])) askedBy.set(key, one);
    } catch (error) {
      silent.push({ ...one, error });
    }
  }
  const keys = new Set(askedBy.keys());
  const open = keys.size === 0 || derived.generation.projection.reach === undefined ? [] : [[...askedBy]];
  for (let some = open.pop(); some !== undefined; some = open.pop()) {
    const asked = some;
    const reached = await attempt(connection, () => reach(connection, derived, asked));
    if ('value' in reached) for (const key of reached.value) keys.add(key);
    else if (asked.length > 1) open.push(asked.slice(0, asked.length / 2), asked.slice(asked.length / 2));
    else for (const [, row] of asked) silent.push({ ...row, error: reached.error });
  }
  return { keys: [...keys], silent };
}

async function reach(
  connection: Queryable,
  derived: OwnDerived,
  asked: readonly (readonly [key: string, row: ChangedRow])[],
): Promise<string[]> {
  const found: string[] = [];
  for (const sql of Object.values(derived.generation.projection.reach ?? {})) {
    const { rows } = await connection.query<{ key: string }>(onTables(sql, derived), [asked.map(([key]) => key)]);
    found.push(...rows.map(({ key }) => key));
  }
  return checked(found);
}

/** @throws for a key that Postgres could not keep */
function checked<K extends readonly string[]>(keys: K): K {
  const long = keys.find((key) => Buffer.byteLength(key) > KEY_BYTES_MAX);
  if (long !== undefined) throw new RangeError(`A key of ${Buffer.byteLength(long)} bytes is too long.`);
  return keys;
}

/** How a row that cannot be asked is named where keys are parked. */
export const SILENT_ROW = 'row of ';
export const isSilentRow = (parked: string): boolean => parked.startsWith(SILENT_ROW);
const NAME_LENGTH_MAX = 500;

export function nameOfRow(derived: OwnDerived, { table, row }: ChangedRow): string {
  const key = (derived.keyColumns.get(table) ?? []).map((column) => row[column]);
  return `${SILENT_ROW}${table} ${JSON.stringify(key)}`.slice(0, NAME_LENGTH_MAX);
}

/**
 * Parks rows that cannot be asked among the keys of a generation: which of these they concern is not known. A replay of such a row asks all
 * rows anew.
 */
export async function parkSilent(
  connection: Queryable,
  derived: OwnDerived,
  silent: ConcernedKeys['silent'],
): Promise<void> {
  if (silent.length === 0) return;
  const parked = new Map(
    silent.map(({ error, ...one }) => {
      const stream = nameOfRow(derived, one);
      const cause = `Which keys the row concerns cannot be told: ${String(error)}`;
      const stack = error instanceof Error ? (error.stack ?? null) : null;
      return [stream, { kind: 'whole' as const, stream, ...atEvent(undefined), cause, stack, known: null }];
    }),
  );
  await park(connection, derived.generation, [...parked.values()]);
}
