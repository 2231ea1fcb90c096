import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

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
  const value = path.reduce<unknown>((of, key) => (typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[key] : undefined), content);
  return typeof value === 'string' ? value : undefined;
}

/** Load is only ever aimed at this machine. */
export function assertLoopback(url: string): void {
  const { hostname } = new URL(url.replace(/^(esdb|kurrentdb)(\+discover)?:/, 'http:'));
  if (hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)) return;
  throw new Error(`Load goes to loopback addresses only, and ${hostname} is none.`);
}
