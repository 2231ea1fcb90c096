import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from './config/config.js';
import { DataDirectoryError, prepareDirectory, SECRETS_FILE } from './data-directory/directory.js';
import { assertUnread } from '../packages/private-files/src/index.js';

const localSecrets = z.object({
  webhookSecret: z.string().startsWith('whsec_'),
  readToken: z.string().min(16),
  adminToken: z.string().min(16),
});
/** The secrets of a local run, in `secrets.json` of the data directory. */
export type LocalSecrets = z.infer<typeof localSecrets>;

/** Adds generated secrets and tokens of the data directory where none are configured. */
export function withLocalSecrets(config: Config): { config: Config; made: LocalSecrets | null } {
  if (!lacksSecrets(config)) return { config, made: null };
  const made = readOrMake(config.dataDirectory);
  return { made, config: withSecrets(config, made) };
}

type SecretsOfService = Readonly<Record<'secret' | 'token' | 'adminToken', string | undefined>>;

/** The secret and tokens of the service on this data directory; some are missing when no service has run there. */
export function secretsOfService(config: Config): SecretsOfService {
  const known = lacksSecrets(config) ? readIfThere(join(config.dataDirectory, SECRETS_FILE)) : null;
  const { webhookSecrets, apiTokens } = known === null ? config : withSecrets(config, known);
  return {
    secret: webhookSecrets[0]?.secret,
    token: apiTokens.find(({ scopes }) => scopes.some((scope) => scope !== 'access'))?.token,
    adminToken: apiTokens.find(({ scopes }) => scopes.includes('admin'))?.token,
  };
}

/** Whether secrets must be generated. Never in production: there the process's roles need none that is missing. */
const lacksSecrets = ({ production, webhookSecrets, apiTokens }: Config): boolean =>
  !production && (webhookSecrets.length === 0 || apiTokens.length === 0);

const withSecrets = (config: Config, { webhookSecret, readToken, adminToken }: LocalSecrets): Config => ({
  ...config,
  webhookSecrets:
    config.webhookSecrets.length > 0 ? config.webhookSecrets : [{ label: 'local', secret: webhookSecret }],
  apiTokens:
    config.apiTokens.length > 0
      ? config.apiTokens
      : [
          { token: readToken, name: 'local', scopes: ['read'] },
          { token: adminToken, name: 'local-admin', scopes: ['admin'] },
        ],
});

/** Reads or creates the secrets. When two processes start at once, the first `link` wins and both read its file. */
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
  if (!secrets.success) throw new SecretsError(file, 'it does not contain a webhook secret and two tokens');
  return secrets.data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `secrets.json` is unusable. The message does not repeat its content. */
export class SecretsError extends Error {
  readonly code = 'SECRETS_UNREADABLE';

  constructor(file: string, why: string) {
    super(
      `The secrets in "${file}" cannot be read: ${why}. Restore the file, or remove it: ` +
        'the next start creates new secrets, which senders and readers then need.',
    );
  }
}
