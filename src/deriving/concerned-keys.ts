/**
 * Finds the keys of a derivation that rows concern: from the row itself, and by a join where the row does not suffice.
 */
import type { Row } from '../../projections/projection.js';
import { attempt, type Queryable } from '../read-models/database.js';
import { atEvent, park } from '../read-models/parked-streams.js';
import { onTables, type OwnDerived } from './derived.js';

/** A row before or after a change, and the name of its table in the projection. */
export type ChangedRow = Readonly<{ table: string; row: Row }>;

/** Keys, and the rows whose keys cannot be determined, with the error. */
export type ConcernedKeys = Readonly<{
  keys: string[];
  silent: readonly (ChangedRow & Readonly<{ error: unknown }>)[];
}>;

/** The longest key; Postgres cannot index much longer text. */
const KEY_BYTES_MAX = 2_000;

/**
 * Returns the keys that rows concern; runs in a transaction. A failing row does not affect the others.
 * @throws when the database is unavailable
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

/** Returns the further keys that joins find from these keys. */
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

/** @throws RangeError for a key too long for Postgres to index */
function checked<K extends readonly string[]>(keys: K): K {
  const long = keys.find((key) => Buffer.byteLength(key) > KEY_BYTES_MAX);
  if (long !== undefined) throw new RangeError(`A key of ${Buffer.byteLength(long)} bytes is too long.`);
  return keys;
}

/** The prefix under which a row whose keys cannot be determined is parked. */
export const SILENT_ROW = 'row of ';
export const isSilentRow = (parked: string): boolean => parked.startsWith(SILENT_ROW);
const NAME_LENGTH_MAX = 500;

export function nameOfRow(derived: OwnDerived, { table, row }: ChangedRow): string {
  const key = (derived.keyColumns.get(table) ?? []).map((column) => row[column]);
  return `${SILENT_ROW}${table} ${JSON.stringify(key)}`.slice(0, NAME_LENGTH_MAX);
}

/**
 * Parks rows whose keys cannot be determined, among the keys of the generation. A replay of such a row looks up the
 * keys of all rows again.
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
      const cause = `The keys that the row affects cannot be determined: ${String(error)}`;
      const stack = error instanceof Error ? (error.stack ?? null) : null;
      return [stream, { kind: 'whole' as const, stream, ...atEvent(undefined), cause, stack, known: null }];
    }),
  );
  await park(connection, derived.generation, [...parked.values()]);
}
