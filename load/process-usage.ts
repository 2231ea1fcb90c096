import { readdirSync, readFileSync } from 'node:fs';

/** Resources that processes have used, as Linux counts them. */

/** The parts of the service, of one or more threads each, and the processes of Postgres. */
export const PARTS = ['main', 'store', 'catch-up', 'collectors and compilers', 'Postgres'] as const;
export type Part = (typeof PARTS)[number];
/** Processor time in microseconds. */
export type CpuUs = Readonly<Record<Part, number>>;

const TICK_US = 10_000;
/**
 * V8 starts this many threads for garbage collection and compilers right after the main one; all heaps of the process
 * share them.
 */
const V8_THREADS = 4;

/**
 * Processor time of a process in microseconds. With `children`, it includes the processes it started, also those that
 * have ended.
 */
export function cpuUsOf(pid: number, { children }: { children: boolean }): number {
  const own = ticksOf(`/proc/${pid}/stat`, { ended: children });
  return (own + sum((children ? childrenOf(pid) : []).map((one) => ticksOf(`/proc/${one}/stat`)))) * TICK_US;
}

/**
 * Tells the threads of a service apart, although they have no names. The main thread has the pid as its id; of the
 * others, the store and the catch-up compute most, and the store is the older.
 */
export class ServiceUsage {
  #own: { store: number; catchUp: number } | undefined;

  constructor(
    private readonly pid: number,
    /** The pid of Postgres's main process; null without a Postgres of our own. */
    private readonly postgres: number | null,
  ) {}

  /** Call it for the first time after both have worked. */
  cpu(): CpuUs {
    const threads = readdirSync(`/proc/${this.pid}/task`)
      .map((id) => ({ id: Number(id), us: ticksOf(`/proc/${this.pid}/task/${id}/stat`) * TICK_US }))
      .sort((a, b) => a.id - b.id);
    if (this.#own === undefined) {
      const [one, other] = threads
        .slice(1 + V8_THREADS)
        .sort((a, b) => b.us - a.us)
        .slice(0, 2)
        .map(({ id }) => id);
      if (one === undefined || other === undefined) throw new Error('The service has no threads of its own.');
      this.#own = { store: Math.min(one, other), catchUp: Math.max(one, other) };
    }
    const { store, catchUp } = this.#own;
    const usOf = (is: (id: number) => boolean): number =>
      threads.filter(({ id }) => is(id)).reduce((sum, { us }) => sum + us, 0);
    return {
      main: usOf((id) => id === this.pid),
      store: usOf((id) => id === store),
      'catch-up': usOf((id) => id === catchUp),
      'collectors and compilers': usOf((id) => ![this.pid, store, catchUp].includes(id)),
      Postgres: this.postgres === null ? 0 : cpuUsOf(this.postgres, { children: true }),
    };
  }

  /** Megabytes of the service and of Postgres. Postgres's processes share most of their memory, which counts once. */
  memoryMb(): Readonly<{ service: number; Postgres: number }> {
    const postgres = this.postgres === null ? [] : [this.postgres, ...childrenOf(this.postgres)];
    return { service: memoryMbOf(this.pid, 'Rss'), Postgres: sum(postgres.map((pid) => memoryMbOf(pid, 'Pss'))) };
  }
}

/** Resident memory in megabytes: shared pages in full (`Rss`) or proportionally (`Pss`). */
export function memoryMbOf(pid: number, which: 'Rss' | 'Pss'): number {
  const kilobytes = new RegExp(`^${which}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/smaps_rollup`));
  return Number(kilobytes?.[1] ?? 0) / 1024;
}

const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && fieldsOf(`/proc/${name}/stat`)[1] === String(pid))
    .map(Number);

const ticksOf = (stat: string, { ended } = { ended: false }): number =>
  sum(
    fieldsOf(stat)
      .slice(11, ended ? 15 : 13)
      .map(Number),
  );

/** The fields of a `stat` file after the program's name, which may contain spaces. */
const fieldsOf = (stat: string): string[] => {
  const text = read(stat);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};

/** The file's text; empty for a process that has exited. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
