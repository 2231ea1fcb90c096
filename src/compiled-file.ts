import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';

/** The program of a thread, by its name in `src`. Threads run compiled code only: under a test runner that reads the sources, that of the last build. */
export const compiledFile = (name: string): string => fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? `../dist/src/${name}` : `./${name}`, import.meta.url));

/**
 * The larger a heap may be, the further V8 lets it grow before it looks for garbage: beyond this to four times what is in use, below to
 * twice as much, which costs a fourteenth of the time.
 */
export const HEAP_MB = Math.min(2_000, Math.floor(getHeapStatistics().heap_size_limit / 1024 / 1024));
