import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

type Endpoints = { eventstore: { url: string }; database: { url: string } };

/** The servers that run on a data directory, and the process id of its Postgres. */
export async function endpointsOf(dataDirectory: string): Promise<{ eventstoreUrl: string; databaseUrl: string; postgresPid: number }> {
  const { eventstore, database } = JSON.parse(await readFile(join(dataDirectory, 'endpoints.json'), 'utf8')) as Endpoints;
  const [pid] = (await readFile(join(dataDirectory, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n');
  return { eventstoreUrl: eventstore.url, databaseUrl: database.url, postgresPid: Number(pid) };
}
