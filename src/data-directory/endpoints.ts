/** `endpoints.json`: how processes on one data directory learn from its owner where the servers are. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';

const server = z.object({ url: z.string(), port: z.number().int().positive() }).nullable();
const endpointsSchema = z.object({
  /** Only `ready` names servers that run; the other two keep the ports for the next owner. */
  state: z.enum(['starting', 'ready', 'stopped']),
  /** The owner's process. */
  pid: z.number().int(),
  startedAt: z.string(),
  /** Null when the owner uses a server elsewhere. The database's URL holds its password. */
  eventstore: server,
  database: server,
});

export type Endpoints = Readonly<z.infer<typeof endpointsSchema>>;
export type Server = NonNullable<Endpoints['database']>;

const connectTimeoutMs = 1_000;
const fileIn = (dataDirectory: string): string => join(dataDirectory, 'endpoints.json');

/** What the last owner wrote; undefined when there was none, or when a power cut left the file damaged. */
export async function readEndpoints(dataDirectory: string): Promise<Endpoints | undefined> {
  try {
    return endpointsSchema.parse(JSON.parse(await readFile(fileIn(dataDirectory), 'utf8')));
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (isMissing || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/** Replaces the file as a whole. Only the owner calls this. */
export async function writeEndpoints(dataDirectory: string, endpoints: Endpoints): Promise<void> {
  const aside = `${fileIn(dataDirectory)}.new`;
  await writeFile(aside, `${JSON.stringify(endpoints, undefined, 2)}\n`, { mode: 0o600 });
  await rename(aside, fileIn(dataDirectory));
}

/** Does anything listen at the server's port? */
export function answers({ port }: Server): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: connectTimeoutMs });
    const settle = (outcome: boolean) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
}
