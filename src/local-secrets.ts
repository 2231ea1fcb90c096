import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from './config.js';

const localSecrets = z.object({
  webhookSecret: z.string().startsWith('whsec_'),
  readToken: z.string().min(16),
  adminToken: z.string().min(16),
});
/** Secrets of a local run, kept in `secrets.json` of the data directory. */
export type LocalSecrets = z.infer<typeof localSecrets>;

/** The configuration with secrets and tokens made for its data directory where none are configured. */
export function withLocalSecrets(config: Config): { config: Config; made: LocalSecrets | null } {
  // What is still missing in production is of no use in the roles of this process.
  if (config.production || (config.webhookSecrets.length > 0 && config.apiTokens.length > 0)) return { config, made: null };
  const made = readOrMake(config.dataDirectory);
  return {
    made,
    config: {
      ...config,
      webhookSecrets: config.webhookSecrets.length > 0 ? config.webhookSecrets : [{ label: 'local', secret: made.webhookSecret }],
      apiTokens: config.apiTokens.length > 0
        ? config.apiTokens
        : [{ token: made.readToken, scopes: ['read'] }, { token: made.adminToken, scopes: ['read', 'admin'] }],
    },
  };
}

/** Two processes may start at once: the first `link` wins, both read what it wrote. */
function readOrMake(dataDirectory: string): LocalSecrets {
  const file = join(dataDirectory, 'secrets.json');
  const existing = readIfThere(file);
  if (existing !== null) return existing;
  mkdirSync(dataDirectory, { recursive: true });
  const draft = `${file}.${process.pid}`;
  const secrets: LocalSecrets = {
    webhookSecret: `whsec_${randomBytes(24).toString('hex')}`,
    readToken: randomBytes(24).toString('hex'),
    adminToken: randomBytes(24).toString('hex'),
  };
  writeFileSync(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  return readIfThere(file) ?? secrets;
}

function readIfThere(file: string): LocalSecrets | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return localSecrets.parse(JSON.parse(text));
}
