import { fileURLToPath } from 'node:url';

/** The program of a thread, by its name in `src`. Threads run compiled code only: under a test runner that reads the sources, that of the last build. */
export const compiledFile = (name: string): string => fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? `../dist/src/${name}` : `./${name}`, import.meta.url));
