import { loadConfig, localUrl } from '../config/config.js';
import { secretsOfService } from '../local-secrets.js';
import { textOption, UsageError, type Command, type Given, type Terminal } from './command.js';
import { environmentOf } from './on-stores.js';
import { ProblemAnswer, ServiceClient } from './service-client.js';
import { onTerminal } from './terminal.js';

/** A command that calls a running service. */
export type ServiceCommand = Command<Terminal & Readonly<{ service: ServiceClient }>>;

/** Options of every such command. */
export const SERVICE_OPTIONS = { url: { type: 'string' }, token: { type: 'string' } } as const;

export const SERVICE_HELP = `
  --url <url>         the service         (LEDGER_URL, or HOST and PORT)
  --token <token>     a token of its API  (LEDGER_TOKEN, or one of API_TOKENS or of secrets.json in DATA_DIR)

Other users of this machine can see the options of a command: prefer LEDGER_TOKEN.
`;

/**
 * Runs a command on the service that the command line or the environment names. The exit code is 1 for a 404, and 2
 * for any other problem.
 */
export const onService = (command: ServiceCommand, given: Given): Promise<number> =>
  onTerminal(async (terminal) => {
    try {
      return await command.run(given, { ...terminal, service: new ServiceClient(...addressOf(given)) });
    } catch (error) {
      if (terminal.signal.aborted) return 0;
      if (!(error instanceof ProblemAnswer)) throw error;
      terminal.report(error.message);
      return error.status === 404 ? 1 : 2;
    }
  });

/** The service's URL and tokens. A token of this machine's service is never sent to another one. @throws UsageError */
function addressOf(given: Given): ConstructorParameters<typeof ServiceClient> {
  const env = environmentOf(given);
  const [url, token] = (['url', 'token'] as const).map((option) => {
    const value = textOption(given, option) ?? env[`LEDGER_${option.toUpperCase()}`];
    return value === '' ? undefined : value;
  });
  if (url !== undefined && !/^https?:\/\//.test(url))
    throw new UsageError(`--url must look like https://ledger.example.com, not "${url}".`);
  if (url !== undefined && token === undefined)
    throw new UsageError(`No token for ${url}: set LEDGER_TOKEN or give --token.`);
  if (url !== undefined && token !== undefined) return [url, token];
  const config = loadConfig(env);
  if (token !== undefined) return [localUrl(config), token];
  const { token: known, adminToken } = secretsOfService(config);
  if (known === undefined)
    throw new UsageError(
      `No token is configured, and "${config.dataDirectory}" has no secrets.json. ` +
        'Set LEDGER_TOKEN, or set DATA_DIR to the data directory of the service.',
    );
  return [localUrl(config), known, adminToken];
}
