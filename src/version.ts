import { readFileSync } from 'node:fs';

const FILE = new URL(import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json', import.meta.url);

/** The version of this build, from its package.json. */
export const VERSION_OF_BUILD = (JSON.parse(readFileSync(FILE, 'utf8')) as { version: string }).version;
