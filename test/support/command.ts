import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

/** A program that runs in a separate process. */
export type Command = Readonly<{
  /** The next line of its output; undefined at the end. */
  line(): Promise<string | undefined>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has exited. The exit code is null after a signal. */
  ended: Promise<{ code: number | null; errors: string }>;
}>;

export function runProgram(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Command {
  const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const ended = Promise.all([once(child, 'close'), text(child.stderr)]).then(([[code], errors]) => ({
    code: code as number | null,
    errors,
  }));
  return {
    line: async () => (await lines.next()).value as string | undefined,
    kill: (signal) => void child.kill(signal),
    ended,
  };
}

/** Runs a file of `dist`. */
export const runCommand = (file: string, args: readonly string[], environment?: NodeJS.ProcessEnv): Command =>
  runProgram(process.execPath, [resolve('dist', file), ...args], environment);
