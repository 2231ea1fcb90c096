import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, localUrl } from '../src/config/config.js';
import { environment } from '../src/config/environment.js';
import { connectionOf } from '../src/eventstore/connection-string.js';
import { secretsOfService } from '../src/local-secrets.js';

/**
 * What a storm needs to know of the service on this machine, read from the service's own variables where they are set.
 */
export interface LocalService {
  readonly url: string;
  readonly eventstoreUrl: string | undefined;
  readonly secret: string | undefined;
  readonly token: string | undefined;
}

export function localService(dataDirectory: string | undefined): LocalService {
  const config = loadConfig({ ...environment(), ...(dataDirectory === undefined ? {} : { DATA_DIR: dataDirectory }) });
  const embedded = embeddedUrl(config.dataDirectory);
  return {
    url: localUrl(config),
    eventstoreUrl: config.eventstoreUrl === 'embedded' ? embedded : config.eventstoreUrl,
    ...secretsOfService(config),
  };
}

function embeddedUrl(dataDirectory: string): string | undefined {
  const file = join(dataDirectory, 'endpoints.json');
  if (!existsSync(file)) return undefined;
  const { eventstore } = JSON.parse(readFileSync(file, 'utf8')) as { eventstore?: { url?: string } | null };
  return eventstore?.url;
}

/** Load may only be aimed at this machine. */
export const assertLoopback = (url: string): void => assertLoopbackHosts([new URL(url).hostname]);

/** The same check for a connection string of the event store, which may name several nodes. */
export const assertLoopbackStore = (url: string): void => assertLoopbackHosts(connectionOf(url).hosts);

function assertLoopbackHosts(hosts: readonly string[]): void {
  const isLoopback = (host: string) => host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
  const stranger = hosts.find((host) => !isLoopback(host));
  if (stranger !== undefined) throw new Error(`Load may only be sent to loopback addresses; ${stranger} is not one.`);
}
