import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';

/** The program of a thread, by its name in `src`. Threads run compiled code only: under a test runner that reads the sources, that of the last build. */
const compiledFile = (name: string): string =>
  fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? `../dist/src/${name}` : `./${name}`, import.meta.url));

/**
 * The larger a heap may be, the further V8 lets it grow before it looks for garbage: beyond this to four times what is in use, below to
 * twice as much, which costs a fourteenth of the time.
 */
const HEAP_MB = Math.min(2_000, Math.floor(getHeapStatistics().heap_size_limit / 1024 / 1024));

/**
 * A batch of events outlives a young generation of any size, and one of the usual size is held beside it: a small one takes 20 MB less of
 * each thread, and no more time.
 */
const YOUNG_MB = 12;

type Started = Readonly<{ name: string; workerData: unknown; heapMb?: number }>;

/** Starts a thread with a program of `src`, without the options of this process; it ends by itself when it needs more than `heapMb`. */
export const startThread = (program: string, { name, workerData, heapMb = HEAP_MB }: Started): Worker =>
  new Worker(compiledFile(program), {
    workerData,
    name,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_MB },
  });
