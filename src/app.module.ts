import { type DynamicModule, Logger, Module, type Provider } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { projections } from '../projections/index.js';
import { AccessChanges } from './access-changes/thread.js';
import { LIMITS } from './api/limits.js';
import { ApiModule } from './api/api.module.js';
import { gaugeReadModels, Health } from './api/operations/health.js';
import { OperationsModule } from './api/operations/operations.module.js';
import { StatusReader } from './api/operations/status-reader.js';
import type { Minute } from './api/operations/status.js';
import { Places } from './api/places.js';
import { problemOf } from './api/problem-of.js';
import { SchemaPipe } from './api/query.js';
import { ReadPosition } from './api/read-position.js';
import { Reads } from './api/reads.js';
import { tooManyWaiting } from './api/refusals.js';
import { BackgroundModule } from './background.module.js';
import { CatchUpMetrics } from './catch-up/catch-up.metrics.js';
import { CatchUpThread } from './catch-up/thread.js';
import type { Config } from './config/config.js';
import { type Closing, ConnectionsModule } from './connections.module.js';
import { ConsoleModule } from './console/console.module.js';
import { Appender, type AppenderLimits, noIndex } from './eventstore/appender.js';
import type { EventStore } from './eventstore/event-store.js';
import { HttpModule } from './http/http.module.js';
import { ProblemFilter } from './http/problem.filter.js';
import type { BodyRoute } from './http/rim.js';
import { Operations } from './operations/operations.js';
import { Database } from './read-models/database.js';
import { BatchedEventIdIndex } from './read-models/event-id-index.js';
import { AskedRuns } from './reconcile/asked-runs.js';
import { Refresher } from './reconcile/refresh.js';
import { Watch } from './reconcile/watch.js';
import { Rates } from './stripe-api/rates.js';
import { WatchMetrics } from './reconcile/watch.metrics.js';
import { VERSION_OF_BUILD } from './version.js';
import { WebhookGate } from './webhook/gate.js';
import { IntakeReport } from './webhook/intake.report.js';
import { WebhookModule } from './webhook/webhook.module.js';

/**
 * `reads` is the pool of the read API's queries, `database` the pool for everything else: null in a process that only
 * ingests. `index` is intake's own pool, for the index of event ids: null without Postgres.
 */
export type AppParts = Readonly<{
  config: Config;
  store: EventStore;
  database: Database | null;
  reads: Database | null;
  index: Database | null;
  /** Servers that this process runs; they are closed last. */
  servers?: readonly Closing[];
}>;

/** The root module, and what its HTTP server needs. */
export type App = Readonly<{
  module: DynamicModule;
  registry: Registry;
  /** Null without the role `ingest`. */
  bodyRoute: BodyRoute | null;
}>;

/** The root module: the only file that knows and connects all parts. Roles decide which modules a process has. */
@Module({})
export class AppModule {
  static of({ config, store, database, reads, index, servers = [] }: AppParts): App {
    const { roles } = config;
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const { eventstoreUrl, databaseUrl } = config;
    const catchUpMetrics = roles.includes('project') ? new CatchUpMetrics(registry) : null;
    const catchUp: CatchUpThread | null =
      catchUpMetrics === null
        ? null
        : new CatchUpThread({
            eventstoreUrl,
            databaseUrl,
            policy: config.money,
            observer: catchUpMetrics,
            intakeIsBusy: () => appender.waiting > 0,
          });
    const operations = operationsOf({ config, store, database });
    const accessChanges = accessChangesOf(config, registry);
    const appender: Appender = new Appender(
      store,
      index === null ? noIndex : new BatchedEventIdIndex(index),
      limitsOf(config),
    );
    const { watches, askedRuns, refresher } = askersOf({ config, store, database, appender, registry });
    const waits = new Places({
      ...LIMITS.waits,
      what: 'requests wait for a position or a replay',
      full: tooManyWaiting,
    });
    const position = database && new ReadPosition(database, projections, waits, () => catchUp?.hurry());
    const readModels = database && position && { database, position };
    const health = new Health(store, {
      roles,
      readModels,
      catchUp: catchUp && (() => catchUp.state),
      trouble: () => appender.trouble,
    });
    if (readModels !== null) gaugeReadModels(registry, health);
    const report = roles.includes('ingest') ? intakeReportOf({ config, appender, registry }) : null;
    const status = new StatusReader({
      store,
      health,
      database,
      intake: report && { waiting: () => appender.waiting, minutes: () => minutesOf(report) },
      verified: catchUpMetrics && (() => catchUpMetrics.checked),
      version: VERSION_OF_BUILD,
    });
    const everywhere = OperationsModule.of({ health, status, registry });
    const api =
      roles.includes('api') && readModels !== null && reads !== null
        ? ApiModule.of({
            health: everywhere,
            config,
            ...readModels,
            reads: new Reads(reads, readModels.position),
            waits,
            registry,
            store,
            operations: { store, database: readModels.database, look: operations && (() => operations.look()) },
            runs: {
              store,
              keys: config.stripeApi.keys,
              look: () => askedRuns.forEach((runs) => runs.look()),
              refresher,
            },
            deliveriesOf: (stripeEventId) => report?.latest.of(stripeEventId) ?? null,
          })
        : null;
    const connections = ConnectionsModule.of([[store, database, reads, index].filter(isThere), servers]);
    const workers = [catchUp, operations, accessChanges, ...watches, ...askedRuns, refresher].filter(isThere);
    const imports = [
      BackgroundModule.of(workers, connections),
      HttpModule.of(config.apiTokens),
      everywhere,
      report && WebhookModule.of(config, (event) => appender.append(event), report),
      api,
      api && config.hasConsole ? ConsoleModule : null,
    ].filter(isThere);
    const bodyRoute = report && new WebhookGate({ bodyBytesMax: config.appendBytesMax, report });
    return { module: { module: AppModule, imports, providers: RULES }, registry, bodyRoute };
  }
}

/** Rules for the routes of every module. */
const RULES: Provider[] = [
  { provide: APP_PIPE, useClass: SchemaPipe },
  { provide: APP_FILTER, useValue: new ProblemFilter(problemOf) },
];

const isThere = <T>(part: T | null): part is T => part !== null;

/** A process that projects also runs operations. */
const operationsOf = ({
  config,
  store,
  database,
}: Pick<AppParts, 'config' | 'store' | 'database'>): Operations | null =>
  !config.roles.includes('project') || database === null
    ? null
    : new Operations({
        store,
        database,
        eventstoreUrl: config.eventstoreUrl,
        databaseUrl: config.databaseUrl,
        policy: config.money,
        warned: (text) => new Logger('operations').warn(text),
      });

/** A process that projects also decides who has access, unless that is off. */
function accessChangesOf(config: Config, registry: Registry): AccessChanges | null {
  const { roles, eventstoreUrl, databaseUrl, access: policy, referenceKey, accessChanges } = config;
  const { isOn, brake, outbox } = accessChanges;
  if (!roles.includes('project') || !isOn) return null;
  return new AccessChanges({ eventstoreUrl, databaseUrl, policy, referenceKey, brake, outbox }, registry);
}

/**
 * A process with the role `reconcile` asks Stripe regularly and on request, with each key at most at the configured
 * rate.
 */
function askersOf({
  config: { roles, stripeApi, repairs },
  store,
  database,
  appender,
  registry,
}: Pick<AppParts, 'config' | 'store' | 'database'> & { appender: Appender; registry: Registry }): Readonly<{
  watches: readonly Watch[];
  askedRuns: readonly AskedRuns[];
  refresher: Refresher | null;
}> {
  if (!roles.includes('reconcile') || database === null || stripeApi.keys.length === 0)
    return { watches: [], askedRuns: [], refresher: null };
  const metrics = new WatchMetrics(registry, (text) => new Logger('stripe').warn(text));
  const { url, version: apiVersion, perDay, connected } = stripeApi;
  const parts = { store, database, appender, projections };
  const keys = stripeApi.keys.map(({ key, label, livemode }) => {
    const perSecond = livemode ? stripeApi.perSecond.live : stripeApi.perSecond.test;
    return { ...{ key, label, livemode, url, apiVersion, perSecond }, rates: new Rates({ perSecond }) };
  });
  return {
    // Without a daily budget it only runs what is requested.
    watches: (perDay === 0 ? [] : keys).map(
      (options) => new Watch(parts, { ...options, perDay, connected, repair: repairs }, metrics),
    ),
    askedRuns: keys.map((options) => new AskedRuns(parts, options, metrics)),
    refresher: new Refresher(parts, keys, (report) => metrics.requested(report)),
  };
}

function intakeReportOf({
  config,
  appender,
  registry,
}: Readonly<{ config: Config; appender: Appender; registry: Registry }>): IntakeReport {
  return new IntakeReport({
    registry,
    waiting: () => appender.waiting,
    labels: config.webhookSecrets.map(({ label }) => label),
    showDeliveries: config.showDeliveries,
  });
}

const minutesOf = ({ minutes }: IntakeReport): readonly Minute[] =>
  minutes.last.map(({ at, byOutcome }) => ({ at: at.toISOString(), byOutcome }));

const limitsOf = (config: Config): AppenderLimits => ({
  waitingMax: config.intakeWaitingMax,
  waitingBytesMax: 64 * 1024 * 1024,
  waitMsMax: 5_000,
  streamsMax: 64,
  sharedBytesMax: Math.min(512 * 1024, config.appendBytesMax),
  appendBytesMax: config.appendBytesMax,
  cachedIdsMax: 200_000,
  timeoutMs: config.appendTimeoutMs,
});
