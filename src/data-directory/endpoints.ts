/** `endpoints.json`: where the owner of a data directory publishes the addresses of its servers. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { ENDPOINTS_FILE } from './directory.js';

/** Where a server listens: the path of a socket, or a port of 127.0.0.1. */
const address = z.union([z.object({ socket: z.string() }), z.object({ port: z.number().int().positive() })]);
const server = z.object({ url: z.string(), address }).nullable();
const endpointsSchema = z.object({
  /** Only `ready` names running servers; the other two keep the ports for the next owner. */
  state: z.enum(['starting', 'ready', 'stopped']),
  /** The process id of the owner. */
  pid: z.number().int(),
  startedAt: z.string(),
  /** Null when the owner uses an external server. The URLs contain passwords. */
  eventstore: server,
  database: server,
});

export type Endpoints = Readonly<z.infer<typeof endpointsSchema>>;
export type Server = NonNullable<Endpoints['database']>;

const connectTimeoutMs = 1_000;
const fileIn = (dataDirectory: string): string => join(dataDirectory, ENDPOINTS_FILE);

/** What the last owner wrote; undefined when the file is missing, damaged (by a power cut) or of another version. */
export async function readEndpoints(dataDirectory: string): Promise<Endpoints | undefined> {
  try {
    return endpointsSchema.parse(JSON.parse(await readFile(fileIn(dataDirectory), 'utf8')));
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (isMissing || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/** Replaces the file atomically. Only the owner calls this. */
export async function writeEndpoints(dataDirectory: string, endpoints: Endpoints): Promise<void> {
  const aside = `${fileIn(dataDirectory)}.new`;
  await rm(aside, { force: true });
  await writeFile(aside, `${JSON.stringify(endpoints, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
  await rename(aside, fileIn(dataDirectory));
}

/**
 * Whether anything listens at the server's address.
 * @throws the system's error when this process has no file descriptor left to check.
 */
export function answers({ address: at }: Server): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const target = 'socket' in at ? { path: at.socket } : { port: at.port, host: '127.0.0.1' };
    const socket = connect({ ...target, timeout: connectTimeoutMs });
    const settle = (outcome: boolean) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', (error) => (isOutOfFiles(error) ? reject(error) : settle(false)));
  });
}

/** Whether this process, or the machine, has no file descriptors left: the result of the check is then unknown. */
export const isOutOfFiles = (error: unknown): boolean =>
  /^(EMFILE|ENFILE)$/.test(String((error as { code?: unknown } | null)?.code));
