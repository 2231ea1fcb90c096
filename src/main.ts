import 'reflect-metadata';
import { join } from 'node:path';
import { ConfigError, loadConfig, usesReadModels, type Config } from './config.js';
import { SECRETS_FILE } from './data-directory/directory.js';
import { openStores, type StoresEvent } from './data-directory/index.js';
import { scavengeAlone } from './few-cores.js';
import { withLocalSecrets, type LocalSecrets } from './local-secrets.js';
import { JsonLogger } from './logger.js';
import { startService } from './service.js';

/** Longest time a stop may take before the process gives up; whatever was acknowledged is durable anyway. */
const STOP_WITHIN_MS = 30_000;

async function main(): Promise<void> {
  scavengeAlone();
  const { config, made } = withLocalSecrets(loadConfig(process.env));
  const logger = new JsonLogger(config.logLevel);
  const stores = await openStores({
    ...config,
    databaseUrl: databaseUrlOf(config),
    onEvent: (event) => logStoresEvent(logger, event),
  });
  const service = await startService(
    { ...config, eventstoreUrl: stores.eventstoreUrl, databaseUrl: stores.databaseUrl },
    logger,
  ).catch(async (error: unknown) => {
    await stores.close();
    throw error;
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
  if (made !== null) process.stdout.write(welcome(service.url, config, process.stdout.isTTY ? made : null));
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
  'No file descriptors are left (see "ulimit -n") to look after the embedded servers; trying again every second.';

function logStoresEvent(logger: JsonLogger, event: StoresEvent): void {
  switch (event.kind) {
    case 'waiting_for_owner':
      return logger.log(
        'Another process runs the embedded servers of this data directory; waiting until they answer.',
        'stores',
      );
    case 'opened':
      return logger.log(
        `The embedded servers answer, after ${event.durationMs} ms; this process is their ${event.role}.`,
        'stores',
      );
    case 'took_over':
      return logger.warn(
        `The process that ran the embedded servers has gone; this one took them over in ${event.durationMs} ms.`,
        'stores',
      );
    case 'postgres_restarted':
      return logger.warn('The embedded Postgres had gone away, and was started again.', 'stores');
    case 'cannot_look':
      return logger.error(event.error, NO_FILES_LEFT, 'stores');
    case 'postgres_down':
      return logger.error(
        event.error,
        'The embedded Postgres has gone away and does not start; trying again every second.',
        'stores',
      );
  }
}

/** For people; secrets are shown on a terminal only, since what is not one keeps what it gets. */
function welcome(url: string, { dataDirectory, port }: Config, secrets: LocalSecrets | null): string {
  const same = `${dataDirectory === 'data' ? '' : `DATA_DIR=${dataDirectory} `}${port === 3000 ? '' : `PORT=${new URL(url).port} `}`;
  const file = join(dataDirectory, SECRETS_FILE);
  const said =
    secrets === null
      ? 'look there for the webhook secret and the tokens.'
      : `webhook secret ${secrets.webhookSecret}, token ${secrets.readToken}.`;
  return `
  The subscription ledger runs on ${url}, its files are in ${dataDirectory}.
  No secrets were configured, so it made its own for this folder (${file}):
  ${said} In another terminal:

    ${same}npm run sample
        sends a signed sample event, shows the answer, and what the ledger then knows
    curl -H "Authorization: Bearer ${secrets?.readToken ?? '<readToken>'}" ${url}/v1/subscriptions

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
  if (code === 'EADDRINUSE') return `${error.message}. Another program listens there: stop it, or set PORT to another.`;
  return typeof code === 'string' && !code.startsWith('ERR_') ? error.message : (error.stack ?? error.message);
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});
