import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Round, RoundResult } from './benchmark-client.js';

/** Plays a round in the client's process. */
export type Client = (round: Round) => Promise<RoundResult>;

/** The processes of a benchmark: each started here is ended here. */
export class BenchmarkProcesses {
  readonly #children: ChildProcess[] = [];

  /** Starts a module of this folder that says its URL by message. */
  async server(module: string, ...args: readonly string[]): Promise<string> {
    const { url } = await this.#answer<{ url: string }>(this.#fork(module, args));
    return url;
  }

  client(): Client {
    const child = this.#fork('benchmark-client.js', []);
    return async (round) => {
      child.send(round);
      const answer = await this.#answer<{ result?: RoundResult; error?: string }>(child);
      if (answer.result === undefined) throw new Error(`Round "${round.name}" failed: ${answer.error}`);
      return answer.result;
    };
  }

  /** Starts the whole service as `npm start` does, with the given environment. */
  service(env: Readonly<Record<string, string>>): ChildProcess {
    const main = fileURLToPath(new URL('../src/main.js', import.meta.url));
    const child = spawn(process.execPath, [main], { env: { ...process.env, ...env }, stdio: ['ignore', process.stderr, process.stderr] });
    this.#children.push(child);
    return child;
  }

  /** Ends all in the reverse order of their start, and waits until they are gone. */
  async end(): Promise<void> {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await gone;
    }
  }

  #fork(module: string, args: readonly string[]): ChildProcess {
    const child = fork(fileURLToPath(new URL(module, import.meta.url)), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#children.push(child);
    return child;
  }

  async #answer<T>(child: ChildProcess): Promise<T> {
    const ended = once(child, 'exit').then(() => {
      throw new Error('A process of the benchmark ended too early.');
    });
    const [message] = await Promise.race([once(child, 'message'), ended]) as [T];
    return message;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
