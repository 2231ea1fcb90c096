import type { StateText } from '../folding/state-text.js';
import type { Queryable } from './database.js';
import { stateTableOf, type Generation } from './schema.js';

/** The state of one object of a stream. */
export type StoredObject = Readonly<{ stream: string; object: string; state: StateText }>;

/** An object of a stream, by name. */
export type ObjectName = Readonly<{ stream: string; object: string }>;

type Row = { stream: string; object: string; revision: bigint; state: string; kept: string | null };
/** Returns the states of those objects that have one. */
export async function readStates(
  database: Queryable,
  generation: Generation,
  objects: readonly ObjectName[],
): Promise<StoredObject[]> {
  const { rows } = await database.query<Row>(
    `select stream, object, revision, state, kept from ${stateTableOf(generation)} join unnest($1::text[], $2::text[]) as asked(stream, object) using (stream, object)`,
    [objects.map(({ stream }) => stream), objects.map(({ object }) => object)],
  );
  return rows.map(({ stream, object, revision, state, kept }) => ({
    stream,
    object,
    state: { revision, text: state, kept },
  }));
}

/** Returns the highest revision among the states of a stream; -1n without a state. */
export async function lastFolded(database: Queryable, generation: Generation, stream: string): Promise<bigint> {
  const { rows } = await database.query<{ last: bigint | null }>(
    `select max(revision) as last from ${stateTableOf(generation)} where stream = $1`,
    [stream],
  );
  return rows[0]?.last ?? -1n;
}

export const deleteStates = async (
  connection: Queryable,
  generation: Generation,
  streams: readonly string[],
): Promise<void> => {
  await connection.query(`delete from ${stateTableOf(generation)} where stream = any($1)`, [streams]);
};

/**
 * Puts states; kept states only where new, because they are the larger part and seldom change. The texts are lines of
 * one parameter, since JSON has no line breaks: in an array each quote would have to be escaped and unescaped.
 */
export async function putStates(
  connection: Queryable,
  generation: Generation,
  objects: readonly (StoredObject & { isKeptNew: boolean })[],
): Promise<void> {
  const kept = objects.map(({ state, isKeptNew }) => (isKeptNew && state.kept) || '');
  await connection.query(
    `insert into ${stateTableOf(generation)} as old (stream, object, revision, state, kept)
     select stream, object, revision, state, kept
     from unnest($1::text[], $2::text[], $3::int8[], string_to_array($4, E'\\n'), string_to_array($5, E'\\n', '')) as given(stream, object, revision, state, kept)
     on conflict (stream, object) do update set revision = excluded.revision, state = excluded.state, kept = coalesce(excluded.kept, old.kept)`,
    [
      objects.map(({ stream }) => stream),
      objects.map(({ object }) => object),
      objects.map(({ state }) => state.revision),
      objects.map(({ state }) => state.text).join('\n'),
      kept.join('\n'),
    ],
  );
}
