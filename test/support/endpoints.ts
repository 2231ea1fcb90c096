import { readEndpoints } from '../../src/data-directory/endpoints.js';

/** The URLs of the embedded servers on a data directory. */
export async function endpointsOf(dataDirectory: string): Promise<{ eventstoreUrl: string; databaseUrl: string }> {
  const endpoints = await readEndpoints(dataDirectory);
  if (endpoints?.eventstore == null || endpoints.database == null)
    throw new Error(`No embedded servers are named in ${dataDirectory}.`);
  return { eventstoreUrl: endpoints.eventstore.url, databaseUrl: endpoints.database.url };
}
