import 'reflect-metadata';
import { ConfigError, loadConfig, usesReadModels, type Config } from './config.js';
import { openStores, type StoresEvent } from './data-directory/index.js';
import { withLocalSecrets, type LocalSecrets } from './local-secrets.js';
import { JsonLogger } from './logger.js';
import { startService } from './service.js';

/** Longest time a stop may take before the process gives up; whatever was acknowledged is durable anyway. */
const STOP_WITHIN_MS = 30_000;

async function main(): Promise<void> {
  const { config, made } = withLocalSecrets(loadConfig(process.env));
  const logger = new JsonLogger(config.logLevel);
  const stores = await openStores({ ...config, databaseUrl: databaseUrlOf(config), onEvent: (event) => logStoresEvent(logger, event) });
  const service = await startService({ ...config, eventstoreUrl: stores.eventstoreUrl, databaseUrl: stores.databaseUrl }, logger).catch(async (error: unknown) => {
    await stores.close();
    throw error;
  });
  logger.log(`Listening on ${service.url}.`, 'main');
  if (made !== null) printWelcome(service.url, config, made);

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
}

/**
 * The process that runs the embedded store of a data directory runs Postgres too, for the other processes there, whatever its
 * own roles are. With a store elsewhere, a process that only ingests starts no Postgres, but asks the index of one that is named.
 */
function databaseUrlOf(config: Config): string {
  const isNeeded = usesReadModels(config) || config.eventstoreUrl === 'embedded';
  return isNeeded || config.databaseUrl !== 'embedded' ? config.databaseUrl : 'unused';
}

function logStoresEvent(logger: JsonLogger, event: StoresEvent): void {
  switch (event.kind) {
    case 'waiting_for_owner': return logger.log('Another process runs the embedded servers of this data directory; waiting until they answer.', 'stores');
    case 'opened': return logger.log(`The embedded servers answer, after ${event.durationMs} ms; this process is their ${event.role}.`, 'stores');
    case 'took_over': return logger.warn(`The process that ran the embedded servers has gone; this one took them over in ${event.durationMs} ms.`, 'stores');
    case 'postgres_restarted': return logger.warn('The embedded Postgres had gone away, and was started again.', 'stores');
    case 'postgres_down': return logger.error(event.error, 'The embedded Postgres has gone away and does not start; trying again every second.', 'stores');
  }
}

function printWelcome(url: string, { dataDirectory, port }: Config, { webhookSecret, readToken }: LocalSecrets): void {
  const same = `${dataDirectory === 'data' ? '' : `DATA_DIR=${dataDirectory} `}${port === 3000 ? '' : `PORT=${new URL(url).port} `}`;
  process.stdout.write(`
  The subscription ledger runs on ${url}, its files are in ${dataDirectory}.
  No secrets were configured, so it made its own for this folder (${dataDirectory}/secrets.json):
  webhook secret ${webhookSecret}, token ${readToken}. In another terminal:

    ${same}npm run sample
        sends a signed sample event, shows the answer, and what the ledger then knows
    curl -H "Authorization: Bearer ${readToken}" ${url}/subscriptions

`);
}

main().catch((error: unknown) => {
  process.stderr.write(error instanceof ConfigError ? `The configuration is wrong:\n${error.message}\n` : `${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
