import { jsonForPostgres, type Database, type Queryable } from './database.js';
import { lineOf, type Generation } from './schema.js';

/** A stream that one projection could not fold, with its cause; its rows stay as they were. */
export type ParkedStream = Readonly<{ stream: string; revision: bigint; cause: string }>;

const CAUSE_LENGTH_MAX = 2_000;

/** Which of these streams are parked. */
export async function findParked(database: Queryable, generation: Generation, streams: readonly string[]): Promise<Set<string>> {
  const { rows } = await database.query<{ stream: string }>('select stream from ledger.parked_streams where projection = $1 and stream = any($2)', [lineOf(generation), streams]);
  return new Set(rows.map(({ stream }) => stream));
}

/** Parks streams, or counts one attempt more of those that are parked. */
export async function park(connection: Queryable, generation: Generation, parked: readonly ParkedStream[]): Promise<void> {
  await connection.query(
    `insert into ledger.parked_streams (projection, stream, revision, cause)
     select $1, stream, revision, cause from jsonb_to_recordset($2::jsonb) as given(stream text, revision int8, cause text)
     on conflict (projection, stream) do update set attempts = parked_streams.attempts + 1, revision = excluded.revision, cause = excluded.cause`,
    [lineOf(generation), jsonForPostgres(parked.map((one) => ({ ...one, cause: one.cause.slice(0, CAUSE_LENGTH_MAX) })))],
  );
}

/** Takes streams out of parking, after they were folded again. */
export async function unpark(connection: Queryable, generation: Generation, streams: readonly string[]): Promise<void> {
  await connection.query('delete from ledger.parked_streams where projection = $1 and stream = any($2)', [lineOf(generation), streams]);
}

/** How many streams are parked, by the name of the line; none where it is not named. */
export async function countParked(database: Database): Promise<Map<string, number>> {
  const { rows } = await database.query<{ projection: string; parked: bigint }>('select projection, count(*) as parked from ledger.parked_streams group by projection');
  return new Map(rows.map(({ projection, parked }) => [projection, Number(parked)]));
}
