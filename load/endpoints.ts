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
  return { ...fields(join(dataDir, 'endpoints.json'), ['eventstoreUrl']), ...fields(join(dataDir, 'secrets.json'), ['webhookSecret', 'readToken']) };
}

function fields(path: string, names: readonly (keyof LocalService)[]): LocalService {
  if (!existsSync(path)) return {};
  const content = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  return Object.fromEntries(names.flatMap((name) => (typeof content[name] === 'string' ? [[name, content[name]]] : [])));
}

/** Load is only ever aimed at this machine. */
export function assertLoopback(url: string): void {
  const { hostname } = new URL(url.replace(/^(esdb|kurrentdb)(\+discover)?:/, 'http:'));
  if (hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)) return;
  throw new Error(`Load goes to loopback addresses only, and ${hostname} is none.`);
}
