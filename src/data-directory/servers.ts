/** The embedded servers of one data directory, as its owner runs them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbeddedEventStore } from '../embedded-eventstore/index.js';
import { freePort } from '../embedded-postgres/free-port.js';
import { startEmbeddedPostgres } from '../embedded-postgres/index.js';
import { answers, readEndpoints, writeEndpoints, type Endpoints } from './endpoints.js';
import { serversMoved } from './errors.js';

/** Which of the two stores are embedded. */
export type Wanted = Readonly<{ eventstore: boolean; database: boolean }>;

type ServersOptions = Readonly<{ dataDirectory: string; wanted: Wanted; appendBytesMax: number }>;

/** What the owner runs. */
export type Servers = Readonly<{
  endpoints: Endpoints;
  /** Resolves when the event store has ended by itself: it lives in this process, which must end too. */
  failed: Promise<Error>;
  /** Starts Postgres again when it does not answer, and says so: it is a process of its own, and intake goes on without it. */
  mend(): Promise<boolean>;
  stop(): Promise<void>;
}>;

/**
 * Starts what is wanted, at the ports of the owner before, so that processes which are connected find it again,
 * and tells the others by endpoints.json. Whoever calls this holds the lock.
 */
export async function startServers({ dataDirectory, wanted, appendBytesMax }: ServersOptions): Promise<Servers> {
  const before = await readEndpoints(dataDirectory);
  const ours = { pid: process.pid, startedAt: new Date().toISOString() };
  await writeEndpoints(dataDirectory, { ...ours, state: 'starting', eventstore: before?.eventstore ?? null, database: before?.database ?? null });
  const startDatabase = (portBefore: number | undefined) => startPostgres(join(dataDirectory, 'postgres'), portBefore);
  const started = await bothOrNone(
    wanted.eventstore ? startEventStore(join(dataDirectory, 'eventstore'), { portBefore: before?.eventstore?.port, appendBytesMax }) : null,
    wanted.database ? startDatabase(before?.database?.port) : null,
  );
  const eventstore = started[0];
  let database = started[1];
  const endpoints: Endpoints = { ...ours, state: 'ready', eventstore: addressOf(eventstore), database: addressOf(database) };
  await writeEndpoints(dataDirectory, endpoints);
  return {
    endpoints,
    failed: eventstore?.failed ?? new Promise(() => undefined),
    async mend() {
      if (!database || (await answers(database))) return false;
      database = await startDatabase(database.port);
      if (database.url !== endpoints.database?.url) throw serversMoved(dataDirectory);
      return true;
    },
    async stop() {
      await database?.stop();
      await eventstore?.stop();
      await writeEndpoints(dataDirectory, { ...endpoints, state: 'stopped' });
    },
  };
}

const addressOf = (server: { url: string; port: number } | null) => server && { url: server.url, port: server.port };

async function startEventStore(directory: string, { portBefore, appendBytesMax }: { portBefore: number | undefined; appendBytesMax: number }) {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return startEmbeddedEventStore({ directory, port: await freePort(portBefore), appendBytesMax });
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
