import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';

/**
 * The compiled file of a thread's program in `src`. Threads cannot run sources, so under a test runner it is that of
 * the last build.
 */
const compiledFile = (name: string): string =>
  fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? `../dist/src/${name}` : `./${name}`, import.meta.url));

/**
 * The heap limit. V8 lets heaps with a larger limit grow to four times the live size before a collection, and others to
 * twice the live size, which costs 7 % of the time.
 */
const HEAP_MB = Math.min(2_000, Math.floor(getHeapStatistics().heap_size_limit / 1024 / 1024));

/**
 * The young generation. A batch of events outlives one of any size; a small one saves 20 MB per thread and costs no
 * time.
 */
const YOUNG_MB = 12;

type Started = Readonly<{ name: string; workerData: unknown; heapMb?: number }>;

/**
 * Starts a thread with a program of `src`, without this process's options. The thread fails when it needs more than
 * `heapMb`.
 */
export const startThread = (program: string, { name, workerData, heapMb = HEAP_MB }: Started): Worker =>
  new Worker(compiledFile(program), {
    workerData,
    name,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_MB },
  });
