import 'reflect-metadata';
import { join, resolve } from 'node:path';
import { ConfigError, loadConfig, usesReadModels, type Config } from './config.js';
import { SECRETS_FILE } from './data-directory/directory.js';
import { openStores, type StoresEvent } from './data-directory/index.js';
import { environment } from './environment.js';
import { boundHeaps } from './heaps.js';
import { assertPortIsFree, portErrorOf } from './port.js';
import { withLocalSecrets, type LocalSecrets } from './local-secrets.js';
import { ServiceLogger } from './logger.js';
import { startService } from './service.js';

/** Longest time a stop may take before the process gives up; whatever was acknowledged is durable anyway. */
const STOP_WITHIN_MS = 30_000;

async function main(): Promise<void> {
  boundHeaps();
  const env = environment();
  const configured = loadConfig(env);
  await assertPortIsFree(configured.host, configured.port);
  const { config, made } = withLocalSecrets(configured);
  const isTerminal = process.stdout.isTTY;
  const logger = new ServiceLogger({ level: config.logLevel, isTerminal });
  for (const warning of config.warnings) logger.warn(warning, 'configuration');
  if (config.production && config.eventstoreUrl === 'embedded') logger.warn(onlyCopy(config.dataDirectory), 'stores');
  const stores = await openStores({
    ...config,
    databaseUrl: databaseUrlOf(config),
    onEvent: (event) => logStoresEvent(logger, event),
  });
  const service = await startService(
    {
      ...config,
      eventstoreUrl: stores.eventstoreUrl,
      databaseUrl: stores.databaseUrl,
      showDeliveries: isTerminal && !config.production,
    },
    logger,
  ).catch(async (error: unknown) => {
    await stores.close();
    throw portErrorOf(error, config);
  });
  let stopping = false;
  const stop = async (reason: string, exitCode: number) => {
    if (stopping) return;
    stopping = true;
    logger.log(`Stopping: ${reason}.`, 'main');
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    await service.stop();
    await stores.close();
    logger.log('Stopped.', 'main');
    process.exit(exitCode);
  };
  process.once('SIGTERM', (signal) => void stop(signal, 0));
  process.once('SIGINT', (signal) => void stop(signal, 0));
  void stores.failed.then((error) => {
    logger.fatal(error, 'An embedded server has failed.', 'main');
    return stop('an embedded server has failed', 1);
  });
  logger.log(`Listening on ${service.url}.`, 'main');
  if (made !== null) {
    // How a person runs another program of this package: by npm in a checkout, else by the binary.
    const run = env['npm_lifecycle_event'] === undefined ? 'subscription-ledger' : 'npm run';
    process.stdout.write(welcome(service.url, configured, { secrets: isTerminal ? made : null, run }));
  }
}

/**
 * The process that runs the embedded store of a data directory runs Postgres too, for the other processes there,
 * whatever its own roles are. With a store elsewhere, a process that only ingests starts no Postgres, but asks the
 * index of one that is named.
 */
function databaseUrlOf(config: Config): string {
  const isNeeded = usesReadModels(config) || config.eventstoreUrl === 'embedded';
  return isNeeded || config.databaseUrl !== 'embedded' ? config.databaseUrl : 'unused';
}

const NO_FILES_LEFT =
  'No file descriptors are left (see "ulimit -n") to watch the embedded servers; trying again every second.';

const onlyCopy = (dataDirectory: string): string =>
  `The only copy of the log is in ${resolve(dataDirectory)} on this machine. Back it up, or set EVENTSTORE_URL to a server.`;

function logStoresEvent(logger: ServiceLogger, event: StoresEvent): void {
  switch (event.kind) {
    case 'waiting_for_owner':
      return logger.log(
        'Another process runs the embedded servers of this data directory; waiting for them.',
        'stores',
      );
    case 'opened':
      return logger.log(
        `The embedded servers answer, after ${event.durationMs} ms; this process is their ${event.role}.`,
        'stores',
      );
    case 'took_over':
      return logger.warn(
        `The process that ran the embedded servers has ended; this one took over in ${event.durationMs} ms.`,
        'stores',
      );
    case 'postgres_restarted':
      return logger.warn('The embedded Postgres had ended, and was started again.', 'stores');
    case 'cannot_look':
      return logger.error(event.error, NO_FILES_LEFT, 'stores');
    case 'postgres_down':
      return logger.error(
        event.error,
        'The embedded Postgres has ended and does not start; trying again every second.',
        'stores',
      );
  }
}

/** For people. Secrets are shown on a terminal only: a log keeps what it gets. */
function welcome(
  url: string,
  { dataDirectory, port, webhookSecrets, apiTokens }: Config,
  { secrets, run }: { secrets: LocalSecrets | null; run: string },
): string {
  const variables = `${dataDirectory === 'data' ? '' : `DATA_DIR=${dataDirectory} `}${port === 3000 ? '' : `PORT=${new URL(url).port} `}`;
  const file = join(dataDirectory, SECRETS_FILE);
  const made = [
    ...(webhookSecrets.length > 0 ? [] : [['webhookSecret', 'Webhook secret', secrets?.webhookSecret] as const]),
    ...(apiTokens.length > 0
      ? []
      : [
          ['readToken', 'Read token', secrets?.readToken] as const,
          ['adminToken', 'Admin token', secrets?.adminToken] as const,
        ]),
  ];
  const lacking = [
    ...(webhookSecrets.length > 0 ? [] : ['webhook secret']),
    ...(apiTokens.length > 0 ? [] : ['tokens']),
  ];
  const keys =
    secrets === null
      ? [`They are in ${file}: ${made.map(([name]) => name).join(', ')}.`]
      : [...made.map(([, what, secret]) => `${what.padEnd(16)}${secret}`), `They are kept in ${file}.`];
  const token = apiTokens.length > 0 ? '<a token of API_TOKENS>' : (secrets?.readToken ?? '<readToken>');
  return `
  The subscription ledger runs on ${url}. Its files are in ${dataDirectory}.
  No ${lacking.join(' and no ')} ${lacking.includes('tokens') ? 'were' : 'was'} configured, so it made its own for this folder.

  ${keys.join('\n  ')}

  In another terminal:

    ${variables}${run} sample
        sends a signed sample event, and shows the answer and the row
    curl -H "Authorization: Bearer ${token}" ${url}/v1/subscriptions
    stripe listen --forward-to ${url}/webhooks/stripe
        forwards events of your Stripe account; docs/connect-stripe.md says how to configure its secret

`;
}

/**
 * An expected failure names itself by a code, and its message says what to do; anything else is a fault of ours, with
 * its stack.
 */
function explain(error: unknown): string {
  if (error instanceof ConfigError) return `The configuration is wrong:\n${error.message}`;
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && !code.startsWith('ERR_') ? error.message : (error.stack ?? error.message);
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});
