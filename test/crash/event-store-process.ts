/** The embedded event store in a separate process that can be killed at any moment. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { EventStoreDBClient, isCommandError } from '@eventstore/db-client';

export const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 3);
export const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);
/** The time limit of a round, on a busy machine and with a log of hundreds of rounds. */
export const ROUND_MAX_MS = 60_000;

/** A small seeded generator of numbers in [0, 1), so that a run can be repeated. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Runs a script in a separate process. */
export function runScript(script: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return { output: child.stdout, kill, exited };
}

export const built = (file: string): string => JSON.stringify(resolve('dist/packages/embedded-eventstore/src', file));

export type Server = Awaited<ReturnType<typeof startServer>>;

export async function startServer(directory: string) {
  const { output, kill, exited } = runScript(`import { startEmbeddedEventStore } from ${built('index.js')};
    console.log((await startEmbeddedEventStore({ directory: ${JSON.stringify(directory)} })).url);`);
  const failed = exited.then(() => {
    throw new Error('The server ended before it listened.');
  });
  const [url] = await Promise.race([once(output, 'data') as Promise<[Buffer]>, failed]);
  failed.catch(() => undefined);
  const client = EventStoreDBClient.connectionString(url.toString().trim());
  const end = async (): Promise<void> => {
    await kill();
    await client.dispose();
  };
  return { client, kill, end };
}

/** Whether a call failed because the server is gone. */
export const isGone = (error: unknown): boolean =>
  error instanceof Error &&
  ((isCommandError(error) && error.type === 'unavailable') || ('code' in error && error.code === 14));
