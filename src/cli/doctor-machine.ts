/** The doctor's checks of the machine: everything except the servers. */
import { statfsSync } from 'node:fs';
import { resolve } from 'node:path';
import { localUrl, type Config } from '../config/config.js';
import { assertDirectoryIsPrivate, assertLedgerExists, type StoresOptions } from '../data-directory/index.js';
import { assertPortIsFree, PortError } from '../port.js';

/** The result of a check. `remedy` says what to do, where the text does not. */
export type Check = Readonly<{
  check: string;
  state: 'ok' | 'warning' | 'failed' | 'skipped';
  text: string;
  remedy?: string;
}>;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The same as `engines` in package.json. */
const NODE_MIN = [20, 19] as const;

export function checkNode(version = process.versions.node): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNew = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  return isNew
    ? { check: 'Node', state: 'ok', text: `${version} on ${process.platform} ${process.arch}.` }
    : {
        check: 'Node',
        state: 'failed',
        text: `${version} is too old.`,
        remedy: `Install Node ${NODE_MIN.join('.')} or newer.`,
      };
}

export function checkFolder(stores: Pick<StoresOptions, 'dataDirectory' | 'eventstoreUrl' | 'databaseUrl'>): Check {
  try {
    assertLedgerExists(stores);
    assertDirectoryIsPrivate(stores.dataDirectory);
    return {
      check: 'data directory',
      state: 'ok',
      text: `${resolve(stores.dataDirectory)} is accessible only to this user account.`,
    };
  } catch (error) {
    return { check: 'data directory', state: 'failed', text: messageOf(error) };
  }
}

const GIGABYTE = 1024 ** 3;
const FREE_MIN = { failed: 0.5 * GIGABYTE, warning: 5 * GIGABYTE };

/** The embedded event store stops when its disk is full. */
export function checkDisk(folder: string): Check {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const text = `${(free / GIGABYTE).toFixed(1)} GB are free.`;
  if (free >= FREE_MIN.warning) return { check: 'disk', state: 'ok', text };
  return {
    check: 'disk',
    state: free < FREE_MIN.failed ? 'failed' : 'warning',
    text,
    remedy: 'Free some space, or move DATA_DIR to a larger disk: a full disk stops intake.',
  };
}

const ANSWER_WITHIN_MS = 3_000;

/** Checks that the service of this configuration runs, or could start. */
export async function checkPort(config: Config): Promise<Check> {
  const url = localUrl(config);
  const health = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
    .then(async (response) => (await response.json()) as { ready?: unknown; intake?: { state?: unknown } })
    .catch(() => null);
  if (typeof health?.ready === 'boolean') {
    return health.ready
      ? { check: 'service', state: 'ok', text: `The service on ${url} is ready.` }
      : {
          check: 'service',
          state: 'failed',
          text: `The service on ${url} is not ready: ${String(health.intake?.state)}.`,
          remedy: 'Run "subscription-ledger status" for details.',
        };
  }
  try {
    await assertPortIsFree(config.host, config.port);
    return { check: 'service', state: 'ok', text: `No service runs on ${url}; the port is free.` };
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    return { check: 'service', state: 'failed', text: error.message };
  }
}
