import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { LIMITS } from './api/limits.js';
import { AppModule } from './app.module.js';
import { hasIndex, usesReadModels, type Config } from './config/config.js';
import type { Closing } from './connections.module.js';
import { connectEventStore, withTimeout } from './eventstore/event-store.js';
import { createServer } from './http/server.js';
import { Database } from './read-models/database.js';

/** A running service. */
export type Service = Readonly<{
  /** Where it listens, e.g. `http://127.0.0.1:3000`. */
  url: string;
  app: NestFastifyApplication;
  /** Stops intake, finishes requests in flight, hands over the projecting, and closes connections and servers. */
  stop(): Promise<void>;
}>;

const INDEX_OPENS_WITHIN_MS = 2_000;

/**
 * Starts the service with the configured servers. Both may be unavailable; it waits for them. It closes `servers` last.
 * Rejects only when it cannot listen.
 */
export async function startService(
  config: Config,
  logger: LoggerService,
  servers: readonly Closing[] = [],
): Promise<Service> {
  const store = connectEventStore(config.eventstoreUrl);
  const onIdleError = (error: Error): void =>
    void logger.warn(`Postgres closed a connection: ${error.message}`, 'postgres');
  const pool = (connectionsMax: number, statementTimeoutMs: number) =>
    usesReadModels(config)
      ? new Database(config.databaseUrl, { connectionsMax, statementTimeoutMs, onIdleError })
      : null;
  const database = pool(LIMITS.operationsConnectionsMax, LIMITS.operationsStatementMs);
  const reads = pool(LIMITS.reads.runningMax, config.readTimeoutMs);
  const index = hasIndex(config)
    ? new Database(config.databaseUrl, {
        connectionsMax: LIMITS.indexConnectionsMax,
        answerWithinMs: LIMITS.indexAnswerMs,
        onIdleError,
      })
    : null;
  const { module, registry, bodyRoute } = AppModule.of({ config, store, database, reads, index, servers });
  const { requestTimeoutMs, connectionsMax, intakeBodiesBytesMax: bodiesBytesMax } = config;
  const limits = { requestTimeoutMs, connectionsMax, bodiesBytesMax, answersBytesMax: LIMITS.answersBytesMax };
  const app = await createServer(module, { logger, limits, registry, bodyRoute });
  try {
    // Without a connection to the index, the first deliveries would read their streams. Intake starts without Postgres,
    // too.
    if (index !== null)
      await withTimeout(index.query('select 1'), INDEX_OPENS_WITHIN_MS, 'Postgres').catch(() => undefined);
    await app.listen(config.port, config.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  const { address, port, family } = app.getHttpServer().address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  return { url, app, stop: () => app.close() };
}
