import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Registry } from 'prom-client';
import { Closings } from '../closings/closing-log.js';
import type { Config } from '../config/config.js';
import type { EventStore } from '../eventstore/event-store.js';
import { Database } from '../read-models/database.js';
import type { Refresher } from '../reconcile/refresh.js';
import { ACCESS_LOG, AccessChangesController } from './access-changes/access-changes.controller.js';
import { AccessFeed } from './access-changes/access-feed.js';
import { ACCESS_POLICY, AccessController } from './access/access.controller.js';
import { AccountsController } from './accounts/accounts.controller.js';
import { Books } from './books/books.js';
import { JOURNAL_BOOKS, MRR_BOOKS, SETTLED_BOOKS } from './books/tokens.js';
import { JOURNAL, MRR, SETTLED_INVOICES, SUBSCRIPTION_MRR } from './books/views.js';
import { CHECKOUT_SESSIONS } from './checkout/checkout-sessions.js';
import { CHURN_RISK, CHURN_RISK_QUERY } from './churn-risk/churn-risk.js';
import { ClosingsController } from './closings/closings.controller.js';
import { CustomersController } from './customers/customers.controller.js';
import { CUSTOMERS } from './customers/customers.js';
import { DELIVERIES_OF, type DeliveriesOf } from './events/deliveries.js';
import { EventsController } from './events/events.controller.js';
import { LiveEvents } from './events/live-events.js';
import { ExportController } from './exports/export.controller.js';
import { FindController } from './find/find.controller.js';
import { FindingsController } from './findings/findings.controller.js';
import { INVOICES } from './invoices/invoices.js';
import { JournalController } from './journal/journal.controller.js';
import { RESOURCES } from './all-lists.js';
import { LIMITS } from './limits.js';
import { LiveUpdates } from './live/live-updates.js';
import { LiveController } from './live/live.controller.js';
import { MrrController } from './mrr/mrr.controller.js';
import { NextLinks } from './next-links.js';
import { OPERATIONS, OperationsController, type OperationsPart } from './operations/operations.controller.js';
import { ProjectionsController } from './operations/projections.controller.js';
import { ParkedController } from './parked/parked.controller.js';
import { Replays } from './parked/replays.js';
import type { PastThreadData } from './past/past-thread-handle.js';
import { PastThreads } from './past/past-threads.js';
import { PaymentsController } from './payments/payments.controller.js';
import { PayoutsController } from './payouts/payouts.controller.js';
import { Places } from './places.js';
import { ReadPosition } from './read-position.js';
import { Reads } from './reads.js';
import { ReconciliationController } from './reconciliation/reconciliation.controller.js';
import { REFERENCE_KEY, withReference } from './reference.js';
import { controllersOf, controllerWithPast, listControllerOf, oneControllerOf } from './resource.controller.js';
import { RevenueController } from './revenue/revenue.controller.js';
import { REFRESHER, RefreshController } from './stripe/refresh.controller.js';
import { RUNS, StripeController, type RunsPart } from './stripe/stripe.controller.js';
import { UPCOMING_INVOICES } from './subscriptions/schedules.js';
import { SUBSCRIPTIONS } from './subscriptions/subscriptions.js';
import { TimelineController } from './timeline/timeline.controller.js';
import { TrialBalanceController } from './trial-balance/trial-balance.controller.js';

/** The dependencies of the read API. */
export type ApiParts = Readonly<{
  /** The module that exports `Health`. */
  health: DynamicModule;
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

/** The read API: a controller per resource, over read models and log. */
@Module({})
export class ApiModule {
  static of({
    health,
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
  }: ApiParts): DynamicModule {
    return {
      module: ApiModule,
      imports: [health],
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
        AccountsController,
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
    };
  }
}

/** The books of journal and revenue, settled invoices, and MRR; each waits for its own rows. */
const booksOf = (parts: Omit<ConstructorParameters<typeof Books>[0], 'derivations'>): Provider[] => [
  { provide: JOURNAL_BOOKS, useValue: new Books({ ...parts, derivations: [JOURNAL] }) },
  { provide: SETTLED_BOOKS, useValue: new Books({ ...parts, derivations: [SETTLED_INVOICES] }) },
  { provide: MRR_BOOKS, useValue: new Books({ ...parts, derivations: [SETTLED_INVOICES, SUBSCRIPTION_MRR, MRR] }) },
];

const pastThreadOf = ({ eventstoreUrl, databaseUrl, readTimeoutMs, referenceKey, money }: Config): PastThreadData => ({
  eventstoreUrl,
  databaseUrl,
  readTimeoutMs,
  reading: LIMITS.pastReading,
  referenceKey,
  policy: money,
});

const liveOptionsOf = ({ liveReadersMax, liveReadersPerTokenMax, referenceKey }: Config) => ({
  readersMax: liveReadersMax,
  readersPerTokenMax: liveReadersPerTokenMax,
  bytesMax: LIMITS.liveBytesMax,
  referenceKey,
});
