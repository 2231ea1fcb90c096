import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

type Endpoints = { eventstore: { url: string }; database: { url: string } };

/** The servers that run on a data directory. */
export async function endpointsOf(dataDirectory: string): Promise<{ eventstoreUrl: string; databaseUrl: string }> {
  const { eventstore, database } = JSON.parse(await readFile(join(dataDirectory, 'endpoints.json'), 'utf8')) as Endpoints;
  return { eventstoreUrl: eventstore.url, databaseUrl: database.url };
}
