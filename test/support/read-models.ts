import pg from 'pg';

/** Runs one query on a database of a test. */
export async function query<R extends pg.QueryResultRow>(
  databaseUrl: string,
  text: string,
  values: unknown[] = [],
): Promise<R[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  // A server that goes away ends the query, or has answered it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<R>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** Every row of a read model, by its key, as JSON. */
export async function rowsOf(databaseUrl: string, view: string, key = 'id'): Promise<unknown[]> {
  const rows = await query<{ row: unknown }>(databaseUrl, `select to_jsonb(v) as row from ${view} v order by ${key}`);
  return rows.map(({ row }) => row);
}
