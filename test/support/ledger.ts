import type { LoggerService } from '@nestjs/common';
import { loadConfig } from '../../src/config/config.js';
import { startService, type Service } from '../../src/service.js';
import { ADMIN_TOKEN, READ_TOKEN, SECRET } from './delivery.js';
import { serviceDatabase, testEventStore, type TestServer } from './servers.js';

/** The environment of a test service, the same in this process and in a separate one. */
export const testEnvironment = (urls: { eventstoreUrl: string; databaseUrl: string }): Record<string, string> => ({
  PORT: '0',
  // Access decisions append to the log; the tests of them switch them on.
  ACCESS_CHANGES: 'no',
  LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'fatal',
  EVENTSTORE_URL: urls.eventstoreUrl,
  DATABASE_URL: urls.databaseUrl,
  STRIPE_WEBHOOK_SECRETS: `tests=${SECRET}`,
  API_TOKENS: `read=${READ_TOKEN},read+admin=${ADMIN_TOKEN}`,
});

const silent: LoggerService = { log: () => undefined, error: () => undefined, warn: () => undefined };

/** A service in this process, on its own servers. */
export type TestLedger = Readonly<{
  url: string;
  eventstoreUrl: string;
  databaseUrl: string;
  service: Service;
  stop(): Promise<void>;
}>;

type LedgerParts = Readonly<{
  eventStore?: TestServer;
  database?: TestServer;
  environment?: Record<string, string>;
  /** Silent by default. */
  logger?: LoggerService;
}>;

/** Starts a service. Servers that are not given are created, and stopped with it. */
export async function startLedger(given: LedgerParts = {}): Promise<TestLedger> {
  const eventStore = given.eventStore ?? (await testEventStore());
  const database = given.database ?? (await serviceDatabase());
  const urls = { eventstoreUrl: eventStore.url, databaseUrl: database.url };
  const config = loadConfig({ ...testEnvironment(urls), ...given.environment });
  const service = await startService(config, given.logger ?? silent);
  return {
    url: service.url,
    ...urls,
    service,
    stop: async () => {
      await service.stop();
      if (given.database === undefined) await database.stop();
      if (given.eventStore === undefined) await eventStore.stop();
    },
  };
}
