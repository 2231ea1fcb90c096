import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { projections } from '../projections/index.js';
import { ACCESS_POLICY, AccessController } from './api/access.controller.js';
import { AsOf } from './api/as-of.js';
import { API_TOKENS, AuthGuard } from './api/auth.guard.js';
import { ChurnRiskController } from './api/churn-risk.controller.js';
import { CustomersController } from './api/customers.controller.js';
import { DisputesController } from './api/disputes.controller.js';
import { HealthController } from './api/health.controller.js';
import { gaugeParkedStreams, Health } from './api/health.js';
import { InvoicesController } from './api/invoices.controller.js';
import { LiveController } from './api/live.controller.js';
import { LiveUpdates } from './api/live-updates.js';
import { METRICS, MetricsController } from './api/metrics.controller.js';
import { OperationsController } from './api/operations.controller.js';
import { ParkedController } from './api/parked.controller.js';
import { PaymentsController } from './api/payments.controller.js';
import { ProblemFilter } from './api/problem.filter.js';
import { ReadPosition } from './api/read-position.js';
import { RefundsController } from './api/refunds.controller.js';
import { SubscriptionsController } from './api/subscriptions.controller.js';
import { Timeline } from './api/timeline.js';
import { Past, type PastLimits } from './as-of/past.js';
import { CatchUpMetrics } from './catch-up/catch-up.metrics.js';
import { CatchUpThread } from './catch-up/thread.js';
import type { Config } from './config.js';
import { Appender, noIndex, type AppenderLimits } from './eventstore/appender.js';
import type { EventStore } from './eventstore/event-store.js';
import { BatchedEventIdIndex } from './read-models/event-id-index.js';
import { Database } from './read-models/database.js';
import { IntakeMetrics } from './webhook/intake.metrics.js';
import { take, type Append, type Delivery } from './webhook/intake.js';
import { INTAKE, INTAKE_METRICS, WebhookController, type Intake } from './webhook/webhook.controller.js';

/** `database` is null in a process that only ingests. */
export type AppParts = Readonly<{ config: Config; store: EventStore; database: Database | null }>;

/** What a role adds to the process. */
type Part = Readonly<{ controllers: Type[]; providers: Provider[] }>;

/** The one file that knows every part, and how they are joined. */
@Module({})
export class AppModule {
  static of({ config, store, database }: AppParts): { module: DynamicModule; catchUp: CatchUpThread | null } {
    const { roles } = config;
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const { eventstoreUrl, databaseUrl } = config;
    const catchUp: CatchUpThread | null = !roles.includes('project') ? null
      : new CatchUpThread({ eventstoreUrl, databaseUrl, observer: new CatchUpMetrics(registry), intakeIsBusy: () => appender.waiting > 0 });
    // Only a process that projects has seen that the index speaks of the log which it appends to.
    const appender: Appender = new Appender(store, database && catchUp ? new BatchedEventIdIndex(database, () => catchUp.logVerified) : noIndex, limitsOf(config));
    const readModels = database && { database, position: new ReadPosition(database, projections) };
    const health = new Health(store, { roles, readModels, catchUp: catchUp && (() => catchUp.state), trouble: () => appender.trouble });
    if (readModels !== null) gaugeParkedStreams(registry, health);
    const parts = [
      operationsPart({ config, health, registry }),
      ...(roles.includes('ingest') ? [intakePart({ config, appender, registry })] : []),
      ...(roles.includes('api') && readModels !== null ? [readsPart({ config, store, ...readModels, registry })] : []),
    ];
    return { module: { module: AppModule, controllers: parts.flatMap(({ controllers }) => controllers), providers: parts.flatMap(({ providers }) => providers) }, catchUp };
  }
}

/** What every process serves. */
const operationsPart = ({ config, health, registry }: { config: Config; health: Health; registry: Registry }): Part => ({
  controllers: [HealthController, MetricsController],
  providers: [
    { provide: Health, useValue: health },
    { provide: METRICS, useValue: registry },
    { provide: API_TOKENS, useValue: config.apiTokens },
    { provide: APP_GUARD, useClass: AuthGuard },
    { provide: APP_FILTER, useClass: ProblemFilter },
  ],
});

const intakePart = ({ config, appender, registry }: { config: Config; appender: Appender; registry: Registry }): Part => ({
  controllers: [WebhookController],
  providers: [
    { provide: INTAKE, useValue: intakeOf(config, (event) => appender.append(event)) },
    { provide: INTAKE_METRICS, useValue: new IntakeMetrics(registry, () => appender.waiting) },
  ],
});

const readsPart = ({ config, store, database, position, registry }: { config: Config; store: EventStore; database: Database; position: ReadPosition; registry: Registry }): Part => ({
  controllers: [SubscriptionsController, InvoicesController, PaymentsController, RefundsController, DisputesController, CustomersController, AccessController, ChurnRiskController, LiveController, OperationsController, ParkedController],
  providers: [
    { provide: Database, useValue: database },
    { provide: ReadPosition, useValue: position },
    { provide: LiveUpdates, useValue: new LiveUpdates(database, position, { readersMax: config.liveReadersMax, registry }) },
    { provide: Past, useValue: new Past(store, database, PAST_LIMITS) },
    { provide: Timeline, inject: [Past], useFactory: (past: Past) => new Timeline(past, database) },
    { provide: AsOf, inject: [Past], useFactory: (past: Past) => new AsOf(past, database) },
    { provide: ACCESS_POLICY, useValue: config.access },
  ],
});

/** The webhook's work with its secrets and where events go. */
export const intakeOf = ({ webhookSecrets: secrets }: Config, append: Append): Intake => (delivery: Delivery) => take(delivery, { secrets, append });

const PAST_LIMITS: PastLimits = { streamsMax: 1_000, eventsMax: 10_000, runningMax: 4, waitingMax: 200 };

const limitsOf = (config: Config): AppenderLimits => ({
  waitingMax: config.intakeWaitingMax,
  waitingBytesMax: 64 * 1024 * 1024,
  streamsMax: 64,
  sharedBytesMax: Math.min(512 * 1024, config.appendBytesMax),
  appendBytesMax: config.appendBytesMax,
  cachedEventsMax: 100_000,
  timeoutMs: config.appendTimeoutMs,
});
