import { spawn, type ChildProcess } from 'node:child_process';
import { thisBuild, type Build } from './builds.js';

export type Ended = Readonly<{ code: number | null; output: string; errors: string }>;

/** A command of the ledger in a process of its own, and how it ends. */
export function startCommand(args: readonly string[], urls: { eventstoreUrl: string; databaseUrl: string }, build: Build = thisBuild): { child: ChildProcess; ended: Promise<Ended> } {
  const env = { PATH: process.env['PATH'] ?? '', EVENTSTORE_URL: urls.eventstoreUrl, DATABASE_URL: urls.databaseUrl };
  const child = spawn(process.execPath, [build.command, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString(); });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output, errors }));
  });
  return { child, ended };
}

/** Runs a command to its end. */
export const runCommand = (...given: Parameters<typeof startCommand>): Promise<Ended> => startCommand(...given).ended;
