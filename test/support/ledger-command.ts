import { spawn, type ChildProcess } from 'node:child_process';
import type { Finding } from '../../src/catch-up/verify.js';
import { thisBuild, type Build } from './builds.js';

export type Ended = Readonly<{ code: number | null; output: string; errors: string }>;

/** Starts a ledger command in a separate process. */
export function startCommand(
  args: readonly string[],
  urls: { eventstoreUrl: string; databaseUrl: string; environment?: Readonly<Record<string, string>> },
  build: Build = thisBuild,
): { child: ChildProcess; ended: Promise<Ended> } {
  const { eventstoreUrl: EVENTSTORE_URL, databaseUrl: DATABASE_URL, environment = {} } = urls;
  const env = { PATH: process.env['PATH'] ?? '', EVENTSTORE_URL, DATABASE_URL, ...environment };
  const child = spawn(process.execPath, [build.command, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output, errors }));
  });
  return { child, ended };
}

/** The findings of one kind in the output of `verify --json`, without the counts at its end. */
export function findingsOf<K extends Finding['kind']>(output: string, kind: K): Extract<Finding, { kind: K }>[] {
  const findings = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Finding);
  return findings.filter((finding): finding is Extract<Finding, { kind: K }> => finding.kind === kind);
}

/** Runs a command to its end. */
export const runCommand = (...given: Parameters<typeof startCommand>): Promise<Ended> => startCommand(...given).ended;
