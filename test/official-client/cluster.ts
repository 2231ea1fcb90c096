/**
 * Replaces the `Cluster` of the official client's specs, which runs servers in containers: the same interface over one
 * embedded server. A cluster of three is one member, which leads. When it is killed, an empty one replaces it on the
 * same port, so that clients must notice and reconnect.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Credentials, EndPoint, NodePreference } from '@eventstore/db-client';
import type { EmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { certificateFile, testTls } from '../support/tls.js';

/** The specs are CommonJS, so the server is loaded from its build. */
const COMPILED = resolve('dist/packages/embedded-eventstore/src/index.js');

/** The time without a leader after a kill: the specs expect the first call to fail, and wait 5 s before the next. */
const ELECTION_MS = 2_000;

const ADMIN = { username: 'admin', password: 'changeit' };

type ConnectionFeatures = Readonly<{
  defaultUserCredentials?: Credentials;
  nodePreference?: NodePreference;
  maxDiscoverAttempts?: number;
  discoveryInterval?: number;
  endpoints?: EndPoint[];
  throwOnAppendFailure?: boolean;
  defaultDeadline?: number;
  connectionName?: string;
}>;

export class Cluster {
  readonly domain = 'localhost';
  #store: EmbeddedEventStore | undefined;
  #port = 0;

  #election: Promise<void> | undefined;

  constructor(
    private readonly count: number,
    private readonly insecure = false,
  ) {}

  /** Ignored: the server's limits are fixed at the real one's defaults. */
  setOption(): this {
    return this;
  }

  /** The root certificate of a secured node. */
  get certs(): { root: Buffer } {
    return { root: readFileSync(this.certPath.root) };
  }

  get certPath(): { root: string } {
    if (this.insecure) throw new Error('An insecure node has no certificates.');
    return { root: certificateFile };
  }

  get uri(): string {
    return `${this.domain}:${this.#port}`;
  }

  get endpoints(): EndPoint[] {
    return [{ address: this.domain, port: this.#port }];
  }

  connectionString(): string {
    return this.connectionStringWithOverrides({});
  }

  connectionStringWithOverrides({
    defaultUserCredentials = ADMIN,
    endpoints = this.endpoints,
    ...options
  }: ConnectionFeatures): string {
    const { username, password } = defaultUserCredentials;
    const hosts = endpoints.map(({ address, port }) => `${address}:${port}`).join(',');
    const security = this.insecure ? { tls: 'false' } : { tls: 'true', tlsCAFile: this.certPath.root };
    const query = Object.entries({ ...security, ...options })
      .filter(([, value]) => value !== Infinity)
      .map(([name, value]) => `${name}=${value}`);
    return `esdb://${username}:${password}@${hosts}?${query.join('&')}`;
  }

  /** Starts on a free port the first time, and on the same port later. */
  async up(): Promise<void> {
    const { startEmbeddedEventStore } = (await import(
      pathToFileURL(COMPILED).href
    )) as typeof import('../../packages/embedded-eventstore/src/index.js');
    const security = this.insecure ? {} : { tls: testTls, users: { [ADMIN.username]: ADMIN.password } };
    this.#store = await startEmbeddedEventStore({ directory: 'memory', port: this.#port, ...security });
    this.#port = this.#store.port;
  }

  async down(): Promise<void> {
    await this.#election;
    await this.#store?.stop();
  }

  async killNode(): Promise<void> {
    await this.down();
    if (this.count > 1) this.#election = setTimeout(ELECTION_MS).then(() => this.up());
  }

  async resurrect(): Promise<void> {
    await this.up();
  }
}
