import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { StoresOptions } from '../../src/data-directory/index.js';

type Opened = Readonly<{ role: string; eventstoreUrl: string; databaseUrl: string }>;
type Line = { opened?: Opened; event?: { kind: string }; closed?: true };

const program = fileURLToPath(new URL('./stores-program.mjs', import.meta.url));
const lineTimeoutMs = 20_000;

/** Another process with stores open on a directory. It starts at once; `opened` waits for its stores. */
export function startStoresProcess(options: StoresOptions) {
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const lines: Line[] = [];
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Line));

  async function line(wanted: (line: Line) => boolean): Promise<Line> {
    const signal = AbortSignal.timeout(lineTimeoutMs);
    for (;;) {
      const found = lines.find(wanted);
      if (found) return found;
      await once(reader, 'line', { signal });
    }
  }

  return {
    opened: async () => (await line(({ opened }) => opened !== undefined)).opened as Opened,
    kinds: () => lines.flatMap(({ event }) => event?.kind ?? []),
    /** `exhaust` uses up all file descriptors of the process, `recover` releases them. */
    say: (order: 'exhaust' | 'recover') => void child.stdin.write(`${order}\n`),
    event: (kind: string) => line(({ event }) => event?.kind === kind),
    async kill() {
      child.kill('SIGKILL');
      await exit;
    },
    async close() {
      child.stdin.end();
      await exit;
      if (!lines.some(({ closed }) => closed))
        throw new Error(`the process did not close its stores: ${JSON.stringify(lines)}`);
    },
  };
}
