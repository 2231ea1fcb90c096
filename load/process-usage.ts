import { readdirSync, readFileSync } from 'node:fs';

/** What processes have used, as Linux counts it. */

/** The parts of the service, each a thread or some, and the processes of Postgres. */
export const PARTS = ['main', 'store', 'catch-up', 'collectors and compilers', 'Postgres'] as const;
export type Part = (typeof PARTS)[number];
/** Processor time in microseconds. */
export type CpuUs = Readonly<Record<Part, number>>;

const TICK_US = 10_000;
/** V8 starts so many threads for its garbage and its compilers, right after the main one; all heaps of the process share them. */
const V8_THREADS = 4;

/** Of a process alone, or of one and the processes that it started, those included that have ended. */
export function cpuUsOf(pid: number, { children }: { children: boolean }): number {
  const own = ticksOf(`/proc/${pid}/stat`, { ended: children });
  return (own + sum((children ? childrenOf(pid) : []).map((one) => ticksOf(`/proc/${one}/stat`)))) * TICK_US;
}

/**
 * Tells the threads of a service apart. They have no names: the main one has the number of the process, and of the others
 * the store and the catch-up compute most, the store being the older.
 */
export class ServiceUsage {
  #own: { store: number; catchUp: number } | undefined;

  constructor(
    private readonly pid: number,
    /** The first process of Postgres; null without one of our own. */
    private readonly postgres: number | null,
  ) {}

  /** To be asked first when both have worked. */
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

  /** Megabytes of the service, and of Postgres, whose processes share most of theirs: what is shared counts once. */
  memoryMb(): Readonly<{ service: number; Postgres: number }> {
    const postgres = this.postgres === null ? [] : [this.postgres, ...childrenOf(this.postgres)];
    return { service: memoryMbOf(this.pid, 'Rss'), Postgres: sum(postgres.map((pid) => memoryMbOf(pid, 'Pss'))) };
  }
}

/** Resident memory, shared pages whole (`Rss`) or by their share (`Pss`), in megabytes. */
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

/** The fields of a `stat` file behind the name of the program, which may hold spaces. */
const fieldsOf = (stat: string): string[] => {
  const text = read(stat);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};

/** Empty for a process that has gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
