import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Round, RoundResult } from './benchmark-client.js';
import type { Usage } from './benchmark-store.js';

/** Runs a round in the client's process. */
export type Client<Task = Round, Result = RoundResult> = (task: Task) => Promise<Result>;

export interface Store {
  readonly url: string;
  /** Time to open its files and listen. */
  readonly startMs: number;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/** The processes of a benchmark. Those it starts, it also ends. */
export class BenchmarkProcesses {
  readonly #children: ChildProcess[] = [];

  /** Starts a module of this folder that reports its URL by message. */
  async server(module: string, ...args: readonly string[]): Promise<string> {
    const { url } = await this.#answer<{ url: string }>(this.#fork(module, args));
    return url;
  }

  /** Starts the embedded event store on a directory or in memory. */
  async store(directory: string): Promise<Store> {
    const child = this.#fork('benchmark-store.js', [directory]);
    const { url, startMs } = await this.#answer<Pick<Store, 'url' | 'startMs'>>(child);
    const usage = (): Promise<Usage> => {
      child.send('usage');
      return this.#answer<Usage>(child);
    };
    return { url, startMs, usage, stop: () => end(child) };
  }

  /** Starts a module of this folder that performs one task after the other, by message. */
  client<Task extends object = Round, Result = RoundResult>(module = 'benchmark-client.js'): Client<Task, Result> {
    const child = this.#fork(module, []);
    return async (task) => {
      child.send(task);
      const answer = await this.#answer<{ result?: Result; error?: string }>(child);
      if (answer.result === undefined) throw new Error(`${JSON.stringify(task)} failed: ${answer.error}`);
      return answer.result;
    };
  }

  /** Starts the whole service as `npm start` does, with the given environment. */
  service(env: Readonly<Record<string, string>>): ChildProcess {
    const main = fileURLToPath(new URL('../src/main.js', import.meta.url));
    const child = spawn(process.execPath, [main], {
      env: { ...process.env, ...env },
      stdio: ['ignore', process.stderr, process.stderr],
    });
    this.#children.push(child);
    return child;
  }

  /** Ends all processes in reverse order of start, and waits until they have exited. */
  async end(): Promise<void> {
    for (const child of this.#children.reverse()) await end(child);
  }

  #fork(module: string, args: readonly string[]): ChildProcess {
    const child = fork(fileURLToPath(new URL(module, import.meta.url)), args, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#children.push(child);
    return child;
  }

  async #answer<T>(child: ChildProcess): Promise<T> {
    const answered = new AbortController();
    const ended = once(child, 'exit', answered).then(() => {
      throw new Error('A process of the benchmark ended too early.');
    });
    try {
      const [message] = (await Promise.race([once(child, 'message', answered), ended])) as [T];
      return message;
    } finally {
      answered.abort();
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  await gone;
}
