import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { thisBuild, type Build } from './builds.js';
import { testEnvironment } from './ledger.js';

/** The built service in a separate process. */
export type ServiceProcess = Readonly<{
  url: string;
  pid: number;
  /** Sends SIGTERM and resolves with the exit code. */
  stop(): Promise<number | null>;
  /** Sends SIGKILL and resolves when the process has exited. */
  kill(): Promise<void>;
}>;

const START_WITHIN_MS = 30_000;

/** Starts the service of a build and waits until it listens. Values of `environment` override the tests' own. */
export async function startServiceProcess(
  urls: { eventstoreUrl: string; databaseUrl: string },
  environment: Record<string, string> = {},
  build: Build = thisBuild,
): Promise<ServiceProcess> {
  const env = { PATH: process.env['PATH'] ?? '', ...testEnvironment(urls), LOG_LEVEL: 'info', ...environment };
  const child = spawn(process.execPath, [build.service], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const url = await listening(child);
  return {
    url,
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill('SIGTERM');
      return exitOf(child);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exitOf(child);
    },
  };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

function listening(child: ChildProcess): Promise<string> {
  const output: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      child.kill('SIGKILL');
      reject(new Error(`The service ${reason}. It said:\n${output.join('\n')}`));
    };
    const timer = setTimeout(() => fail(`did not listen within ${START_WITHIN_MS} ms`), START_WITHIN_MS);
    const hear = (line: string) => {
      if (output.length < 200) output.push(line);
      const url = /Listening on (http:\/\/\S+?)\.?"/.exec(line)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    };
    for (const stream of [child.stdout, child.stderr])
      if (stream !== null) createInterface({ input: stream }).on('line', hear);
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with ${code}`);
    });
  });
}
