/**
 * Stands in for the `Cluster` of the official client's specs, which runs servers in containers:
 * the same names, over one embedded server. A cluster of three is one member, which leads; when it is killed, an empty
 * one takes its place on the same port, so that clients have to notice and to connect anew.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Credentials, EndPoint, NodePreference } from '@eventstore/db-client';
import type { EmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { certificateFile, testTls } from '../support/tls.js';

/** The specs are CommonJS: the server is loaded as it was built. */
const COMPILED = resolve('dist/packages/embedded-eventstore/src/index.js');

/** How long a killed cluster has no leader: the specs see the first call fail, and wait 5 s before the next. */
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

  /** The server's limits are fixed, those of the real one by default. */
  setOption(): this {
    return this;
  }

  /** What a secured node lets its clients know. */
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

  /** The first time on a free port, later on the same. */
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
