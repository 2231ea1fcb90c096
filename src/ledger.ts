import 'reflect-metadata';
import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { resolve } from 'node:path';
import { loadConfig, usesReadModels, type Config } from './config/config.js';
import { openStores, type StoresEvent } from './data-directory/index.js';
import { environment, type Environment } from './config/environment.js';
import { withLocalSecrets, type LocalSecrets } from './local-secrets.js';
import { ServiceLogger } from './logger.js';
import { assertPortIsFree, portErrorOf } from './port.js';
import { startService } from './service.js';

/** A ledger that runs in this process, with embedded servers where no URL is configured. */
export type Ledger = Readonly<{
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  url: string;
  /** Resolves with the error when an embedded server fails: stop the ledger then. */
  failed: Promise<Error>;
  /** Finishes requests in flight and stops. Acknowledged events are durable in any case. */
  stop(): Promise<void>;
}>;

type Opened = Readonly<{
  ledger: Ledger;
  app: NestFastifyApplication;
  /** The configuration, with generated secrets where it has none. */
  configured: Config;
  made: LocalSecrets | null;
  logger: LoggerService & Pick<ServiceLogger, 'log'>;
}>;

/**
 * Starts a ledger inside another program, with its own listener. `variables` are those of docs/configuration.md, by
 * default the environment and `.env`. Logs to standard output. @throws with a message that says what to do
 */
export async function startLedger(variables: Environment = environment()): Promise<Ledger> {
  return (await openLedger(variables, false)).ledger;
}

/** Opens a ledger, with the facts for a program's welcome text. On a terminal it shows each delivery. */
export async function openLedger(variables: Environment, isTerminal: boolean): Promise<Opened> {
  const configured = loadConfig(variables);
  await assertPortIsFree(configured.host, configured.port);
  const { config, made } = withLocalSecrets(configured);
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
    [stores],
  ).catch(async (error: unknown) => {
    await stores.close();
    throw portErrorOf(error, config);
  });
  const failed = stores.failed.then((error) => {
    logger.fatal(error, 'An embedded server has failed.', 'main');
    return error;
  });
  const { url, app, stop } = service;
  return { ledger: { url, failed, stop }, app, configured, made, logger };
}

/**
 * The process that runs the embedded store of a data directory also runs Postgres for the other processes there,
 * whatever its roles. With an external store, a process that only ingests starts no Postgres; it uses the index of a
 * configured one.
 */
function databaseUrlOf(config: Config): string {
  const isNeeded = usesReadModels(config) || config.eventstoreUrl === 'embedded';
  return isNeeded || config.databaseUrl !== 'embedded' ? config.databaseUrl : 'unused';
}

const NO_FILES_LEFT =
  'No file descriptors are left to watch the embedded servers; retrying every second. Raise the limit ("ulimit -n").';

const onlyCopy = (dataDirectory: string): string =>
  `The only copy of the log is in ${resolve(dataDirectory)} on this machine. Back it up, or set EVENTSTORE_URL to a server.`;

function logStoresEvent(logger: ServiceLogger, event: StoresEvent): void {
  switch (event.kind) {
    case 'waiting_for_owner':
      return logger.log('Another process runs the embedded servers of this data directory; waiting for it.', 'stores');
    case 'opened':
      return logger.log(
        `The embedded servers answered after ${event.durationMs} ms; this process is their ${event.role}.`,
        'stores',
      );
    case 'took_over':
      return logger.warn(
        `The process that ran the embedded servers has ended; this one took over in ${event.durationMs} ms.`,
        'stores',
      );
    case 'postgres_restarted':
      return logger.warn('The embedded Postgres had ended and was restarted.', 'stores');
    case 'cannot_look':
      return logger.error(event.error, NO_FILES_LEFT, 'stores');
    case 'postgres_down':
      return logger.error(
        event.error,
        'The embedded Postgres has ended and does not start; retrying every second.',
        'stores',
      );
  }
}
