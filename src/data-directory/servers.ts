/** Runs the embedded servers of a data directory, for its owner. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import {
  startEmbeddedEventStore,
  type EmbeddedEventStoreOptions,
} from '../../packages/embedded-eventstore/src/index.js';
import { startEmbeddedPostgres } from '../../packages/embedded-postgres/src/index.js';
import { referringTo } from '../server-address.js';
import { ENDPOINTS_FILE } from './directory.js';
import { answers, readEndpoints, writeEndpoints, type Endpoints, type Server } from './endpoints.js';
import { EVENTSTORE_USER, transportOf, type Transport, type TransportChoice } from './transport.js';

/** Which of the two stores are embedded. */
export type Wanted = Readonly<{ eventstore: boolean; database: boolean }>;

type ServersOptions = Readonly<{
  dataDirectory: string;
  wanted: Wanted;
  appendBytesMax: number;
  transport: TransportChoice;
}>;

/** The running servers of an owner. */
export type Servers = Readonly<{
  endpoints: Endpoints;
  /** Resolves when the event store has failed: it runs in this process, which must end too. */
  failed: Promise<Error>;
  /** Restarts Postgres, a separate process, if it does not answer; returns whether it did. Intake continues. */
  mend(): Promise<boolean>;
  stop(): Promise<void>;
}>;

type Running = Readonly<{ server: Server; stop(): Promise<void> }>;
type Store = Running & Readonly<{ failed: Promise<Error> }>;

/**
 * Starts the wanted servers: at the same sockets as the previous owner, or at its ports if they are free. Clients find
 * them through endpoints.json. The caller holds the lock.
 */
export async function startServers({
  dataDirectory,
  wanted,
  appendBytesMax,
  transport: choice,
}: ServersOptions): Promise<Servers> {
  const before = await readEndpoints(dataDirectory);
  const transport = await transportOf(dataDirectory, choice);
  const ours = { pid: process.pid, startedAt: new Date().toISOString() };
  const known = { eventstore: before?.eventstore ?? null, database: before?.database ?? null };
  await writeEndpoints(dataDirectory, { ...ours, state: 'starting', ...known });
  const startDatabase = (last: Server | null) => startPostgres(dataDirectory, transport, portOf(last));
  const [eventstore, firstDatabase] = await bothOrNone(
    wanted.eventstore
      ? startEventStore(dataDirectory, transport, { portBefore: portOf(known.eventstore), appendBytesMax })
      : null,
    wanted.database ? startDatabase(known.database) : null,
  );
  let database = firstDatabase;
  const endpoints = (state: Endpoints['state']): Endpoints => ({
    ...ours,
    state,
    eventstore: eventstore?.server ?? null,
    database: database?.server ?? null,
  });
  await writeEndpoints(dataDirectory, endpoints('ready'));
  return {
    endpoints: endpoints('ready'),
    failed: eventstore?.failed ?? new Promise(() => undefined),
    async mend() {
      if (!database || (await answers(database.server))) return false;
      database = await startDatabase(database.server);
      await writeEndpoints(dataDirectory, endpoints('ready'));
      return true;
    },
    async stop() {
      await database?.stop();
      await eventstore?.stop();
      await writeEndpoints(dataDirectory, endpoints('stopped'));
    },
  };
}

const portOf = (server: Server | null): number | undefined =>
  server !== null && 'port' in server.address ? server.address.port : undefined;

/** The port of a server may change, so its clients read endpoints.json at each connection. */
const movable = (dataDirectory: string, url: string): string =>
  referringTo(join(realpathSync(dataDirectory), ENDPOINTS_FILE), url);

type EventStoreStart = Readonly<{ portBefore: number | undefined; appendBytesMax: number }>;

async function startEventStore(
  dataDirectory: string,
  transport: Transport,
  { portBefore, appendBytesMax }: EventStoreStart,
): Promise<Store> {
  const options = { directory: join(dataDirectory, 'eventstore'), appendBytesMax };
  if (transport.kind === 'sockets') {
    const store = await startEmbeddedEventStore({ ...options, socket: transport.eventstoreSocket });
    return { ...store, server: { url: store.url, address: { socket: transport.eventstoreSocket } } };
  }
  const { certificate, key, certificateFile, password } = transport.eventstore;
  const secured = { ...options, tls: { certificate, key }, users: { [EVENTSTORE_USER]: password } };
  const store = await startAtSomePort(secured, portBefore ?? 0);
  const url = `esdb://${EVENTSTORE_USER}:${password}@127.0.0.1:${store.port}?tls=true&tlsCAFile=${encodeURIComponent(certificateFile)}`;
  return { ...store, server: { url: movable(dataDirectory, url), address: { port: store.port } } };
}

async function startAtSomePort(options: EmbeddedEventStoreOptions, port: number) {
  try {
    return await startEmbeddedEventStore({ ...options, port });
  } catch (error) {
    if (port === 0 || (error as { code?: string }).code !== 'ADDRESS_IN_USE') throw error;
    return startEmbeddedEventStore({ ...options, port: 0 });
  }
}

async function startPostgres(dataDirectory: string, transport: Transport, port: number | undefined): Promise<Running> {
  const directory = join(dataDirectory, 'postgres');
  const { url, address, stop } = await startEmbeddedPostgres({
    directory,
    tls: transport.kind === 'tls' ? { ...transport.database, port } : undefined,
  });
  return { server: { url: 'port' in address ? movable(dataDirectory, url) : url, address }, stop };
}

type Stoppable = Readonly<{ stop(): Promise<void> }>;

/** Waits for both starts; if one fails, stops the other server. */
async function bothOrNone<A extends Stoppable, B extends Stoppable>(
  first: Promise<A> | null,
  second: Promise<B> | null,
): Promise<[A | null, B | null]> {
  const outcomes = await Promise.allSettled([first, second]);
  const failure = outcomes.find(({ status }) => status === 'rejected');
  if (!failure) return [await first, await second];
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') await outcome.value?.stop();
  }
  throw (failure as PromiseRejectedResult).reason;
}
