import { Logger, Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { projections } from '../projections/index.js';
import { AccessChanges } from './access-changes/thread.js';
import { ACCESS_LOG, AccessChangesController } from './api/access-changes/access-changes.controller.js';
import { AccessFeed } from './api/access-changes/access-feed.js';
import { ACCESS_POLICY, AccessController } from './api/access/access.controller.js';
import { Books } from './api/books/books.js';
import { JOURNAL_BOOKS, MRR_BOOKS } from './api/books/tokens.js';
import { JOURNAL, MRR, SUBSCRIPTION_MRR } from './api/books/views.js';
import { AuthGuard } from './http/auth.guard.js';
import { CHURN_RISK, CHURN_RISK_QUERY } from './api/churn-risk/churn-risk.js';
import { CustomersController } from './api/customers/customers.controller.js';
import { RESOURCES } from './api/all-lists.js';
import { CHECKOUT_SESSIONS } from './api/checkout/checkout-sessions.js';
import { CUSTOMERS } from './api/customers/customers.js';
import { DELIVERIES_OF, type DeliveriesOf } from './api/events/deliveries.js';
import { EventsController } from './api/events/events.controller.js';
import { ExportController } from './api/exports/export.controller.js';
import { FindController } from './api/find/find.controller.js';
import { FindingsController } from './api/findings/findings.controller.js';
import { LiveEvents } from './api/events/live-events.js';
import { HealthController } from './api/operations/health.controller.js';
import { gaugeReadModels, Health } from './api/operations/health.js';
import { INVOICES } from './api/invoices/invoices.js';
import { JournalController } from './api/journal/journal.controller.js';
import { LiveController } from './api/live/live.controller.js';
import { LiveUpdates } from './api/live/live-updates.js';
import { LIMITS } from './api/limits.js';
import { IndexController } from './api/operations/index.controller.js';
import { METRICS, MetricsController } from './api/operations/metrics.controller.js';
import { StatusController } from './api/operations/status.controller.js';
import { StatusReader } from './api/operations/status-reader.js';
import type { Minute } from './api/operations/status.js';
import { OPERATIONS, OperationsController, type OperationsPart } from './api/operations/operations.controller.js';
import { ProjectionsController } from './api/operations/projections.controller.js';
import { MrrController } from './api/mrr/mrr.controller.js';
import { NextLinks } from './api/next-links.js';
import { ParkedController } from './api/parked/parked.controller.js';
import type { PastThreadData } from './api/past/past-thread-handle.js';
import { PastThreads } from './api/past/past-threads.js';
import { problemOf } from './api/problem-of.js';
import { PaymentsController } from './api/payments/payments.controller.js';
import { PayoutsController } from './api/payouts/payouts.controller.js';
import { Places } from './api/places.js';
import { ProblemFilter } from './http/problem.filter.js';
import { tooManyWaiting } from './api/refusals.js';
import { SchemaPipe } from './api/query.js';
import { ReadPosition } from './api/read-position.js';
import { Reads } from './api/reads.js';
import { REFERENCE_KEY, withReference } from './api/reference.js';
import { RevenueController } from './api/revenue/revenue.controller.js';
import { UPCOMING_INVOICES } from './api/subscriptions/schedules.js';
import { controllersOf, controllerWithPast, listControllerOf, oneControllerOf } from './api/resource.controller.js';
import { Replays } from './api/parked/replays.js';
import { SUBSCRIPTIONS } from './api/subscriptions/subscriptions.js';
import { REFRESHER, RefreshController } from './api/stripe/refresh.controller.js';
import { RUNS, StripeController, type RunsPart } from './api/stripe/stripe.controller.js';
import { TimelineController } from './api/timeline/timeline.controller.js';
import { ReconciliationController } from './api/reconciliation/reconciliation.controller.js';
import { ClosingsController } from './api/closings/closings.controller.js';
import { TrialBalanceController } from './api/trial-balance/trial-balance.controller.js';
import { CatchUpMetrics } from './catch-up/catch-up.metrics.js';
import { CatchUpThread } from './catch-up/thread.js';
import type { Config } from './config.js';
import { Closings } from './closings/closing-log.js';
import { CONSOLE } from './console/index.js';
import { Appender, noIndex, type AppenderLimits } from './eventstore/appender.js';
import type { EventStore } from './eventstore/event-store.js';
import { Operations } from './operations/operations.js';
import { OpenApiController } from './http/openapi.controller.js';
import { ProblemsController } from './http/problems.controller.js';
import type { BodyRoute } from './http/rim.js';
import { Tokens } from './http/tokens.js';
import { AskedRuns } from './reconcile/asked-runs.js';
import { Refresher } from './reconcile/refresh.js';
import { Watch } from './reconcile/watch.js';
import { WatchMetrics } from './reconcile/watch.metrics.js';
import { Rates } from './stripe-api/rates.js';
import { BatchedEventIdIndex } from './read-models/event-id-index.js';
import { Database } from './read-models/database.js';
import { WebhookGate } from './webhook/gate.js';
import { IntakeReport } from './webhook/intake.report.js';
import { VERSION_OF_BUILD } from './version.js';
import { take, type Append, type Delivery } from './webhook/intake.js';
import { INTAKE, INTAKE_REPORT, WebhookController, type Intake } from './webhook/webhook.controller.js';

/**
 * `reads` is the pool for what the read API looks up, `database` for all else: null in a process that only ingests.
 * `index` is intake's own, for the index of event ids: null without a Postgres.
 */
export type AppParts = Readonly<{
  config: Config;
  store: EventStore;
  database: Database | null;
  reads: Database | null;
  index: Database | null;
}>;

/** What asks Stripe. */
type Asker = Readonly<{ start?(): void; stop(): Promise<void> }>;

/** A module, and what the server needs that serves it. */
export type App = Readonly<{
  module: DynamicModule;
  catchUp: CatchUpThread | null;
  /** Null where another process works at operations. */
  operations: Operations | null;
  /** Null where nobody, or another process, decides who has access. */
  accessChanges: AccessChanges | null;
  /** For each key to ask Stripe with: what asks by itself, and what takes up runs; none where another process does. */
  askers: readonly Asker[];
  registry: Registry;
  /** Null without the role `ingest`. */
  bodyRoute: BodyRoute | null;
}>;

/** What a role adds to the process. */
type Part = Readonly<{ controllers: Type[]; providers: Provider[] }>;

/** The one file that knows every part, and how they are joined. */
@Module({})
export class AppModule {
  static of({ config, store, database, reads, index }: AppParts): App {
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
    const readModels = database && { database, position: new ReadPosition(database, projections, waits) };
    const health = new Health(store, {
      roles,
      readModels,
      catchUp: catchUp && (() => catchUp.state),
      trouble: () => appender.trouble,
    });
    if (readModels !== null) gaugeReadModels(registry, health);
    const intake = roles.includes('ingest') ? intakePart({ config, appender, registry }) : null;
    const status = new StatusReader({
      store,
      health,
      database,
      intake: intake && { waiting: () => appender.waiting, minutes: intake.minutes },
      verified: catchUpMetrics && (() => catchUpMetrics.checked),
      version: VERSION_OF_BUILD,
    });
    const parts = [
      operationsPart({ config, health, registry, status }),
      ...(intake === null ? [] : [intake]),
      ...(roles.includes('api') && readModels !== null && reads !== null
        ? [
            readsPart({
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
              deliveriesOf: intake?.deliveriesOf ?? (() => null),
            }),
            ...(config.hasConsole ? [CONSOLE] : []),
          ]
        : []),
    ];
    const module = {
      module: AppModule,
      controllers: parts.flatMap(({ controllers }) => controllers),
      providers: parts.flatMap(({ providers }) => providers),
    };
    const askers = [...watches, ...askedRuns, ...(refresher === null ? [] : [refresher])];
    return { module, catchUp, operations, accessChanges, askers, registry, bodyRoute: intake?.bodyRoute ?? null };
  }
}

/** A process that projects works at operations too. */
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

/** A process that projects decides who has access, unless nobody is to. */
function accessChangesOf(config: Config, registry: Registry): AccessChanges | null {
  const { roles, eventstoreUrl, databaseUrl, access: policy, referenceKey, accessChanges } = config;
  const { isOn, brake, outbox } = accessChanges;
  if (!roles.includes('project') || !isOn) return null;
  return new AccessChanges({ eventstoreUrl, databaseUrl, policy, referenceKey, brake, outbox }, registry);
}

/** A process of the role `reconcile` asks Stripe by itself, and for whoever wants it; with one key never faster than configured. */
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
  const { url, version: apiVersion, perDay } = stripeApi;
  const parts = { store, database, appender, projections };
  const keys = stripeApi.keys.map(({ key, label, livemode }) => {
    const perSecond = livemode ? stripeApi.perSecond.live : stripeApi.perSecond.test;
    return { ...{ key, label, livemode, url, apiVersion, perSecond }, rates: new Rates({ perSecond }) };
  });
  return {
    // Without a budget it only takes up what somebody asks for.
    watches: (perDay === 0 ? [] : keys).map(
      (options) => new Watch(parts, { ...options, perDay, repair: repairs }, metrics),
    ),
    askedRuns: keys.map((options) => new AskedRuns(parts, options, metrics)),
    refresher: new Refresher(parts, keys, (report) => metrics.requested(report)),
  };
}

/** What every process serves. */
const operationsPart = ({
  config,
  health,
  registry,
  status,
}: {
  config: Config;
  health: Health;
  registry: Registry;
  status: StatusReader;
}): Part => ({
  controllers: [
    IndexController,
    HealthController,
    StatusController,
    MetricsController,
    OpenApiController,
    ProblemsController,
  ],
  providers: [
    { provide: Health, useValue: health },
    { provide: StatusReader, useValue: status },
    { provide: METRICS, useValue: registry },
    { provide: Tokens, useValue: new Tokens(config.apiTokens) },
    AuthGuard,
    { provide: APP_GUARD, useExisting: AuthGuard },
    { provide: APP_PIPE, useClass: SchemaPipe },
    { provide: APP_FILTER, useValue: new ProblemFilter(problemOf) },
  ],
});

type IntakeParts = Readonly<{ config: Config; appender: Appender; registry: Registry }>;
type IntakePart = Part &
  Readonly<{ bodyRoute: BodyRoute; deliveriesOf: DeliveriesOf; minutes: () => readonly Minute[] }>;

function intakePart({ config, appender, registry }: IntakeParts): IntakePart {
  const report = new IntakeReport({
    registry,
    waiting: () => appender.waiting,
    labels: config.webhookSecrets.map(({ label }) => label),
    showDeliveries: config.showDeliveries,
  });
  return {
    controllers: [WebhookController],
    providers: [
      { provide: INTAKE, useValue: intakeOf(config, (event) => appender.append(event)) },
      { provide: INTAKE_REPORT, useValue: report },
    ],
    bodyRoute: new WebhookGate({ bodyBytesMax: config.appendBytesMax, report }),
    deliveriesOf: (stripeEventId) => report.latest.of(stripeEventId),
    minutes: () => report.minutes.last.map(({ at, byOutcome }) => ({ at: at.toISOString(), byOutcome })),
  };
}

type ReadsParts = Readonly<{
  config: Config;
  database: Database;
  position: ReadPosition;
  reads: Reads;
  waits: Places;
  registry: Registry;
  store: EventStore;
  operations: OperationsPart;
  runs: RunsPart & Readonly<{ refresher: Refresher | null }>;
  deliveriesOf: DeliveriesOf;
}>;

const readsPart = ({
  config,
  database,
  position,
  reads,
  waits,
  registry,
  store,
  operations,
  runs,
  deliveriesOf,
}: ReadsParts): Part => ({
  controllers: [
    controllerWithPast({ ...SUBSCRIPTIONS, ...withReference(SUBSCRIPTIONS, config.referenceKey) }),
    controllerWithPast(INVOICES),
    TimelineController,
    PaymentsController,
    ...RESOURCES.flatMap(controllersOf),
    ...controllersOf(withReference(CHECKOUT_SESSIONS, config.referenceKey)),
    listControllerOf(withReference(CUSTOMERS, config.referenceKey)),
    CustomersController,
    oneControllerOf(UPCOMING_INVOICES, 'subscriptions/:id/upcoming'),
    FindController,
    FindingsController,
    AccessController,
    AccessChangesController,
    listControllerOf(CHURN_RISK, CHURN_RISK_QUERY),
    EventsController,
    LiveController,
    ProjectionsController,
    OperationsController,
    StripeController,
    RefreshController,
    ParkedController,
    ExportController,
    JournalController,
    TrialBalanceController,
    ReconciliationController,
    RevenueController,
    ClosingsController,
    PayoutsController,
    MrrController,
  ],
  providers: [
    { provide: APP_INTERCEPTOR, useClass: NextLinks },
    { provide: Reads, useValue: reads },
    { provide: ReadPosition, useValue: position },
    {
      provide: LiveUpdates,
      useValue: new LiveUpdates({ database, reads, position, ...liveOptionsOf(config), registry }),
    },
    {
      provide: PastThreads,
      useValue: new PastThreads({ thread: pastThreadOf(config), answerWithinMs: LIMITS.pastAnswerMs, registry }),
    },
    { provide: AccessFeed, useValue: new AccessFeed(store) },
    { provide: ACCESS_LOG, useValue: store },
    { provide: RUNS, useValue: runs },
    { provide: REFRESHER, useValue: runs.refresher },
    { provide: Closings, useValue: new Closings(store) },
    { provide: LiveEvents, useValue: new LiveEvents(store) },
    { provide: DELIVERIES_OF, useValue: deliveriesOf },
    { provide: OPERATIONS, useValue: operations },
    { provide: Replays, useValue: new Replays(database, reads, waits) },
    { provide: ACCESS_POLICY, useValue: config.access },
    { provide: REFERENCE_KEY, useValue: config.referenceKey },
    ...booksOf({ database, reads, places: waits, policy: config.money }),
  ],
});

/** Journal and revenue, and MRR: each waits for its own rows. */
const booksOf = (parts: Omit<ConstructorParameters<typeof Books>[0], 'derivations'>): Provider[] => [
  { provide: JOURNAL_BOOKS, useValue: new Books({ ...parts, derivations: [JOURNAL] }) },
  { provide: MRR_BOOKS, useValue: new Books({ ...parts, derivations: [SUBSCRIPTION_MRR, MRR] }) },
];

const pastThreadOf = ({ eventstoreUrl, databaseUrl, readTimeoutMs, referenceKey }: Config): PastThreadData => ({
  eventstoreUrl,
  databaseUrl,
  readTimeoutMs,
  reading: LIMITS.pastReading,
  referenceKey,
});

const liveOptionsOf = ({ liveReadersMax, liveReadersPerTokenMax, referenceKey }: Config) => ({
  readersMax: liveReadersMax,
  readersPerTokenMax: liveReadersPerTokenMax,
  bytesMax: LIMITS.liveBytesMax,
  referenceKey,
});

/** The webhook's work with its secrets and where events go. */
export const intakeOf =
  ({ webhookSecrets: secrets }: Config, append: Append): Intake =>
  (delivery: Delivery) =>
    take(delivery, { secrets, append });

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
