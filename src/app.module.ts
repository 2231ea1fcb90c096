import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { projections } from '../projections/index.js';
import { API_TOKENS, AuthGuard } from './api/auth.guard.js';
import { CustomersController } from './api/customers.controller.js';
import { HealthController } from './api/health.controller.js';
import { Health } from './api/health.js';
import { InvoicesController } from './api/invoices.controller.js';
import { METRICS, OperationsController } from './api/operations.controller.js';
import { PaymentsController } from './api/payments.controller.js';
import { ProblemFilter } from './api/problem.filter.js';
import { ReadPosition } from './api/read-position.js';
import { SubscriptionHistory } from './api/subscription-history.js';
import { SubscriptionsController } from './api/subscriptions.controller.js';
import { CatchUpMetrics } from './catch-up/catch-up.metrics.js';
import { CatchUpThread } from './catch-up/thread.js';
import type { Config } from './config.js';
import { Appender, type AppenderLimits } from './eventstore/appender.js';
import type { EventStore } from './eventstore/event-store.js';
import { BatchedEventIdIndex } from './read-models/event-id-index.js';
import { Database } from './read-models/database.js';
import { IntakeMetrics } from './webhook/intake.metrics.js';
import { take, type Append, type Delivery } from './webhook/intake.js';
import { INTAKE, INTAKE_METRICS, WebhookController, type Intake } from './webhook/webhook.controller.js';

export type AppParts = Readonly<{ config: Config; store: EventStore; database: Database }>;

/** The one file that knows every part, and how they are joined. */
@Module({})
export class AppModule {
  static of({ config, store, database }: AppParts): { module: DynamicModule; catchUp: CatchUpThread } {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const { eventstoreUrl, databaseUrl } = config;
    const catchUp: CatchUpThread = new CatchUpThread({ eventstoreUrl, databaseUrl, observer: new CatchUpMetrics(registry), intakeIsBusy: () => appender.waiting > 0 });
    const appender: Appender = new Appender(store, new BatchedEventIdIndex(database, () => catchUp.logVerified), limitsOf(config));
    const position = new ReadPosition(database, projections);
    const module: DynamicModule = {
      module: AppModule,
      controllers: [WebhookController, SubscriptionsController, InvoicesController, PaymentsController, CustomersController, OperationsController, HealthController],
      providers: [
        { provide: INTAKE, useValue: intakeOf(config, (event) => appender.append(event)) },
        { provide: INTAKE_METRICS, useValue: new IntakeMetrics(registry, () => appender.waiting) },
        { provide: Database, useValue: database },
        { provide: ReadPosition, useValue: position },
        { provide: SubscriptionHistory, useValue: new SubscriptionHistory(store) },
        { provide: Health, useValue: new Health(store, position, () => catchUp.state) },
        { provide: METRICS, useValue: registry },
        { provide: API_TOKENS, useValue: config.apiTokens },
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
    return { module, catchUp };
  }
}

/** The webhook's work with its secrets and where events go. */
export const intakeOf = ({ webhookSecrets: secrets }: Config, append: Append): Intake => (delivery: Delivery) => take(delivery, { secrets, append });

const limitsOf = (config: Config): AppenderLimits => ({
  waitingMax: config.intakeWaitingMax,
  waitingBytesMax: 64 * 1024 * 1024,
  streamsMax: 64,
  sharedBytesMax: Math.min(512 * 1024, config.appendBytesMax),
  appendBytesMax: config.appendBytesMax,
  cachedEventsMax: 100_000,
  timeoutMs: config.appendTimeoutMs,
});
