/** The embedded servers of one data directory, as its owner runs them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbeddedEventStore } from '../embedded-eventstore/index.js';
import { freePort } from '../embedded-postgres/free-port.js';
import { startEmbeddedPostgres } from '../embedded-postgres/index.js';
import { readEndpoints, writeEndpoints, type Endpoints } from './endpoints.js';

/** Which of the two stores are embedded. */
export type Wanted = Readonly<{ eventstore: boolean; database: boolean }>;

/** What the owner runs. */
export type Servers = Readonly<{ endpoints: Endpoints; failed: Promise<Error>; stop(): Promise<void> }>;

/**
 * Starts what is wanted, at the ports of the owner before, so that processes which are connected find it again,
 * and tells the others by endpoints.json. Whoever calls this holds the lock.
 */
export async function startServers(dataDirectory: string, wanted: Wanted): Promise<Servers> {
  const before = await readEndpoints(dataDirectory);
  const ours = { pid: process.pid, startedAt: new Date().toISOString() };
  await writeEndpoints(dataDirectory, { ...ours, state: 'starting', eventstore: before?.eventstore ?? null, database: before?.database ?? null });
  const [eventstore, database] = await bothOrNone(
    wanted.eventstore ? startEventStore(join(dataDirectory, 'eventstore'), before?.eventstore?.port) : null,
    wanted.database ? startPostgres(join(dataDirectory, 'postgres'), before?.database?.port) : null,
  );
  const endpoints: Endpoints = { ...ours, state: 'ready', eventstore: addressOf(eventstore), database: addressOf(database) };
  await writeEndpoints(dataDirectory, endpoints);
  return {
    endpoints,
    failed: eventstore?.failed ?? new Promise(() => undefined),
    async stop() {
      await database?.stop();
      await eventstore?.stop();
      await writeEndpoints(dataDirectory, { ...endpoints, state: 'stopped' });
    },
  };
}

const addressOf = (server: { url: string; port: number } | null) => server && { url: server.url, port: server.port };

async function startEventStore(directory: string, portBefore: number | undefined) {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return startEmbeddedEventStore({ directory, port: await freePort(portBefore) });
}

const startPostgres = (directory: string, portBefore: number | undefined) =>
  startEmbeddedPostgres({ directory, ...(portBefore !== undefined && { port: portBefore }) });

type Stoppable = Readonly<{ stop(): Promise<void> }>;

/** Waits for both starts; when one fails, the other server is stopped. */
async function bothOrNone<A extends Stoppable, B extends Stoppable>(first: Promise<A> | null, second: Promise<B> | null): Promise<[A | null, B | null]> {
  const outcomes = await Promise.allSettled([first, second]);
  const failure = outcomes.find(({ status }) => status === 'rejected');
  if (!failure) return [await first, await second];
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') await outcome.value?.stop();
  }
  throw (failure as PromiseRejectedResult).reason;
}
