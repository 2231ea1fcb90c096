import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from './config.js';
import { DataDirectoryError, prepareDirectory, SECRETS_FILE } from './data-directory/directory.js';
import { assertUnread } from '../packages/private-files/src/index.js';

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
  if (config.production || (config.webhookSecrets.length > 0 && config.apiTokens.length > 0))
    return { config, made: null };
  const made = readOrMake(config.dataDirectory);
  return {
    made,
    config: {
      ...config,
      webhookSecrets:
        config.webhookSecrets.length > 0 ? config.webhookSecrets : [{ label: 'local', secret: made.webhookSecret }],
      apiTokens:
        config.apiTokens.length > 0
          ? config.apiTokens
          : [
              { token: made.readToken, scopes: ['read'] },
              { token: made.adminToken, scopes: ['read', 'admin'] },
            ],
    },
  };
}

/** Two processes may start at once: the first `link` wins, both read what it wrote. */
function readOrMake(dataDirectory: string): LocalSecrets {
  prepareDirectory(dataDirectory);
  const file = join(dataDirectory, SECRETS_FILE);
  const existing = readIfThere(file);
  if (existing !== null) return existing;
  const draft = `${file}.${process.pid}`;
  const secrets: LocalSecrets = {
    webhookSecret: `whsec_${randomBytes(24).toString('hex')}`,
    readToken: randomBytes(24).toString('hex'),
    adminToken: randomBytes(24).toString('hex'),
  };
  try {
    rmSync(draft, { force: true });
    writeFileSync(draft, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw new DataDirectoryError(dataDirectory, error);
  } finally {
    rmSync(draft, { force: true });
  }
  return readIfThere(file) ?? secrets;
}

function readIfThere(file: string): LocalSecrets | null {
  assertUnread(file);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new SecretsError(file, error instanceof Error ? error.message : String(error));
  }
  const secrets = localSecrets.safeParse(parsed(text));
  if (!secrets.success) throw new SecretsError(file, 'it does not hold a webhook secret and two tokens');
  return secrets.data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The secrets of a local run are of no use; the message does not repeat them. */
export class SecretsError extends Error {
  readonly code = 'SECRETS_UNREADABLE';

  constructor(file: string, why: string) {
    super(
      `The secrets in "${file}" cannot be read: ${why}. Restore the file, or remove it: ` +
        'the next start makes new secrets, which senders and readers then need.',
    );
  }
}
