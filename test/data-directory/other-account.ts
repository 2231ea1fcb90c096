/** A process under another account of this machine, which only root can start. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { closedFolder } from '../../packages/embedded-postgres/src/server-user.js';

const program = fileURLToPath(new URL('./other-account-program.mjs', import.meta.url));

/** Accounts of other processes: the one that everyone may use (nobody), and one without a name. */
export const OTHER_ACCOUNTS = [65_534, 54_321] as const;

/** The reason why no process under another account can be started here; undefined when it can. */
export async function whyNoOtherAccount(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root can start a process of another account';
  const uid = OTHER_ACCOUNTS[1];
  for (const folder of [dirname(program), resolve('dist/packages/embedded-eventstore/src'), resolve('node_modules')]) {
    const closed = await closedFolder(folder, { name: 'another', uid, gid: uid });
    if (closed !== undefined) return `another account may not pass through "${closed}" to the programs of the tests`;
  }
  return undefined;
}

/** Runs a task of the program; `lines` are its output, one JSON value each. */
export function runAs(uid: number, task: string, argument: unknown) {
  const env = { PATH: process.env['PATH'] ?? '', NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' };
  const child = spawn(process.execPath, [program, task, JSON.stringify(argument)], {
    uid,
    gid: uid,
    cwd: '/',
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines: unknown[] = [];
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  return {
    lines,
    line: async (): Promise<unknown> =>
      lines.at(-1) ?? (await once(reader, 'line', { signal: AbortSignal.timeout(20_000) }), lines.at(-1)),
    ended: async (): Promise<unknown[]> => {
      await exited;
      return lines;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
