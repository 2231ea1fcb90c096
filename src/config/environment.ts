import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** Variables by name, as the configuration reads them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const FILE = '.env';

/** The environment of this process, over the variables of a file `.env` in the current folder. */
export function environment(): Environment {
  return existsSync(FILE) ? { ...parseEnv(readFileSync(FILE, 'utf8')), ...process.env } : process.env;
}
