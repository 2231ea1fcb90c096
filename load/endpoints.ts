import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectionOf } from '../src/eventstore/connection-string.js';

/** Where a locally started service keeps its files when nothing else is said. */
export const DEFAULT_DATA_DIR = process.env['DATA_DIR'] ?? 'data';

/** What a locally started service wrote into its data directory, as far as it did. */
export interface LocalService {
  readonly eventstoreUrl?: string;
  readonly webhookSecret?: string;
  readonly readToken?: string;
}

export function localService(dataDir: string): LocalService {
  const eventstoreUrl = field(join(dataDir, 'endpoints.json'), 'eventstore', 'url');
  const webhookSecret = field(join(dataDir, 'secrets.json'), 'webhookSecret');
  const readToken = field(join(dataDir, 'secrets.json'), 'readToken');
  return {
    ...(eventstoreUrl === undefined ? {} : { eventstoreUrl }),
    ...(webhookSecret === undefined ? {} : { webhookSecret }),
    ...(readToken === undefined ? {} : { readToken }),
  };
}

function field(file: string, ...path: readonly string[]): string | undefined {
  if (!existsSync(file)) return undefined;
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const value = path.reduce<unknown>(
    (of, key) => (typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[key] : undefined),
    content,
  );
  return typeof value === 'string' ? value : undefined;
}

/** Load is only ever aimed at this machine. */
export const assertLoopback = (url: string): void => assertLoopbackHosts([new URL(url).hostname]);

/** The same for a connection string of the event store, which may name several nodes. */
export const assertLoopbackStore = (url: string): void => assertLoopbackHosts(connectionOf(url).hosts);

function assertLoopbackHosts(hosts: readonly string[]): void {
  const isLoopback = (host: string) => host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
  const stranger = hosts.find((host) => !isLoopback(host));
  if (stranger !== undefined) throw new Error(`Load goes to loopback addresses only, and ${stranger} is none.`);
}
