import pg from 'pg';

/** Runs one query on a test's database. */
export async function query<R extends pg.QueryResultRow>(
  databaseUrl: string,
  text: string,
  values: unknown[] = [],
): Promise<R[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  // A server that shuts down either fails the query or has answered it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<R>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** Every row of a read model as JSON, ordered by key. */
export async function rowsOf(databaseUrl: string, view: string, key = 'id'): Promise<unknown[]> {
  const rows = await query<{ row: unknown }>(databaseUrl, `select to_jsonb(v) as row from ${view} v order by ${key}`);
  return rows.map(({ row }) => row);
}
