import type { Queryable } from '../../read-models/database.js';

const FETCHED_ROWS = 5_000;

/** Yields the rows of a query, a bounded number at a time, within a transaction. `name` is the cursor's name. */
export async function* rowsOneByOne<R extends Record<string, unknown>>(
  connection: Queryable,
  name: string,
  { text, values }: Readonly<{ text: string; values: readonly unknown[] }>,
): AsyncGenerator<R> {
  await connection.query(`declare ${name} no scroll cursor for ${text}`, [...values]);
  for (;;) {
    const { rows } = await connection.query<R>(`fetch ${FETCHED_ROWS} from ${name}`);
    yield* rows;
    if (rows.length < FETCHED_ROWS) break;
  }
  await connection.query(`close ${name}`);
}
