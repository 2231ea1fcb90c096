/** The use of a data directory: the owner runs the servers; guests use them, and take over when the owner ends. */
import { setTimeout as pause } from 'node:timers/promises';
import { answers, isOutOfFiles, readEndpoints, type Endpoints, type Server } from './endpoints.js';
import { serversMoved, StoresError } from './errors.js';
import { takeLock, type Lock } from './lock.js';
import { startServers, type Servers, type Wanted } from './servers.js';
import type { Stores, StoresOptions } from './stores.js';

type Options = Required<StoresOptions> & Readonly<{ wanted: Wanted }>;
/** The running servers and the lock, ended together. */
type Ownership = Readonly<{ servers: Servers; end(): Promise<void> }>;
type Place = Readonly<{ endpoints: Endpoints; ownership: Ownership | undefined }>;

const openPollMs = 50;
const watchPollMs = 1_000;

export class EmbeddedStores implements Stores {
  readonly eventstoreUrl: string;
  readonly databaseUrl: string;
  readonly failed: Promise<Error>;
  private fail: (error: Error) => void = () => undefined;
  private ownership: Ownership | undefined;
  private readonly stopWatching = new AbortController();
  private readonly watching: Promise<void>;
  private closed: Promise<void> | undefined;

  /** Returns as the owner if there is none, else as a guest once the owner's servers answer. */
  static async open(options: Options): Promise<EmbeddedStores> {
    const startedAt = Date.now();
    const stores = new EmbeddedStores(options, await findPlace(options));
    options.onEvent({ kind: 'opened', role: stores.role, durationMs: Date.now() - startedAt });
    return stores;
  }

  private constructor(
    private readonly options: Options,
    private readonly place: Place,
  ) {
    const { endpoints, ownership } = place;
    this.eventstoreUrl = urlFor(options.eventstoreUrl, endpoints.eventstore);
    this.databaseUrl = urlFor(options.databaseUrl, endpoints.database);
    this.failed = new Promise((resolve) => (this.fail = resolve));
    if (ownership) this.own(ownership);
    this.watching = this.watch();
  }

  get role(): 'owner' | 'guest' {
    return this.ownership ? 'owner' : 'guest';
  }

  close(): Promise<void> {
    this.closed ??= this.leave();
    return this.closed;
  }

  private async leave(): Promise<void> {
    this.stopWatching.abort();
    await this.watching;
    await this.ownership?.end();
  }

  private own(ownership: Ownership): void {
    this.ownership = ownership;
    void ownership.servers.failed.then(this.fail);
  }

  /** A guest watches for the end of the owner, an owner for the end of Postgres. */
  private async watch(): Promise<void> {
    const { signal } = this.stopWatching;
    try {
      for (;;) {
        await pause(watchPollMs, undefined, { ref: false, signal });
        await this.look();
      }
    } catch (error) {
      if (!signal.aborted) this.fail(error as Error);
    }
  }

  private async look(): Promise<void> {
    try {
      if (this.ownership) await this.mend(this.ownership.servers);
      else await this.takeOverIfFree();
    } catch (error) {
      if (!isOutOfFiles(error)) throw error;
      this.options.onEvent({ kind: 'cannot_look', error: error as Error });
    }
  }

  private async mend(servers: Servers): Promise<void> {
    try {
      if (await servers.mend()) this.options.onEvent({ kind: 'postgres_restarted' });
    } catch (error) {
      if (isOutOfFiles(error)) throw error;
      this.options.onEvent({ kind: 'postgres_down', error: error as Error });
    }
  }

  private async takeOverIfFree(): Promise<void> {
    const lock = takeLock(this.options.dataDirectory);
    if (lock) await this.takeOver(lock);
    else this.checkReachable(await readEndpoints(this.options.dataDirectory));
  }

  private async takeOver(lock: Lock): Promise<void> {
    const startedAt = Date.now();
    const ownership = await startOwnership(lock, this.options);
    try {
      this.checkReachable(ownership.servers.endpoints);
    } catch (error) {
      await ownership.end();
      throw error;
    }
    this.own(ownership);
    this.options.onEvent({ kind: 'took_over', durationMs: Date.now() - startedAt });
  }

  /** Clients can follow a server to another port, but not from a socket to a port or back. */
  private checkReachable(now: Endpoints | undefined): void {
    if (now?.state !== 'ready') return;
    const { wanted, dataDirectory } = this.options;
    for (const name of ['eventstore', 'database'] as const) {
      if (wanted[name] && !isReachable(this.place.endpoints[name], now[name])) throw serversMoved(dataDirectory);
    }
  }
}

const isReachable = (before: Server | null, now: Server | null): boolean =>
  before !== null &&
  now !== null &&
  ('socket' in before.address
    ? 'socket' in now.address && now.address.socket === before.address.socket
    : 'port' in now.address);

const urlFor = (configured: string, server: Endpoints['database']): string =>
  configured === 'embedded' ? (server?.url ?? '') : configured;

async function findPlace(options: Options): Promise<Place> {
  const { dataDirectory, openTimeoutMs, onEvent } = options;
  const deadline = Date.now() + openTimeoutMs;
  for (let attempt = 1; ; attempt++) {
    const lock = takeLock(dataDirectory);
    if (lock) {
      const ownership = await startOwnership(lock, options);
      return { endpoints: ownership.servers.endpoints, ownership };
    }
    if (attempt === 1) onEvent({ kind: 'waiting_for_owner' });
    const endpoints = await readEndpoints(dataDirectory);
    if (endpoints?.state === 'ready' && (await serves(endpoints, options))) return { endpoints, ownership: undefined };
    if (Date.now() > deadline) throw ownerNotReady(options, endpoints);
    await pause(openPollMs);
  }
}

async function startOwnership(lock: Lock, options: Options): Promise<Ownership> {
  try {
    const servers = await startServers(options);
    return { servers, end: () => servers.stop().finally(lock.release) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** @throws StoresError when the owner does not run a server that this process needs. */
async function serves(endpoints: Endpoints, { dataDirectory, wanted }: Options): Promise<boolean> {
  for (const name of ['eventstore', 'database'] as const) {
    if (!wanted[name]) continue;
    const server = endpoints[name];
    if (!server) throw ownerLacks(name, dataDirectory, endpoints.pid);
    if (!(await answers(server))) return false;
  }
  return true;
}

function ownerLacks(name: 'eventstore' | 'database', dataDirectory: string, pid: number): StoresError {
  const setting = name === 'eventstore' ? 'EVENTSTORE_URL' : 'DATABASE_URL';
  return new StoresError(
    'OWNER_LACKS_SERVER',
    `Process ${pid} uses the data directory "${dataDirectory}" with its own ${setting}, so no embedded server runs there. ` +
      `Give this process the same ${setting}, or another DATA_DIR.`,
  );
}

function ownerNotReady({ dataDirectory, openTimeoutMs }: Options, endpoints: Endpoints | undefined): StoresError {
  return new StoresError(
    'OWNER_NOT_READY',
    `Another process${endpoints ? ` (${endpoints.pid}, "${endpoints.state}" since ${endpoints.startedAt})` : ''} holds the data directory "${dataDirectory}", ` +
      `but its servers did not answer within ${openTimeoutMs / 1000} s. Check its log, or stop it and start again.`,
  );
}
