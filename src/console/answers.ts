/**
 * Types of the API answers that pages read: those of the client package, generated from docs/openapi.json. The types
 * that the document leaves open are defined here: requests and results of operations, and the state of Stripe runs.
 */
import type * as Api from '../../packages/client/src/openapi.js';

export type {
  Access,
  AccountPostings,
  AccessReason,
  ChangedBy,
  Charge,
  Corrections,
  Customer,
  Dispute,
  FindingLists,
  Find,
  Invoice,
  JournalEntry,
  MrrCohorts,
  MrrCustomers,
  MrrPeriod,
  MrrTrials,
  MrrTrialsEnded,
  Parked,
  Payment,
  Payout,
  PayoutReconciliation,
  Projections,
  Refreshed,
  Retentions,
  Stale,
  StripeFinding,
  Stream,
  Subscription,
  Timeline,
  TimelineEntry,
} from '../../packages/client/src/openapi.js';

export type List<T> = Readonly<{ data: readonly T[]; nextCursor: string | null }>;

export type Product = Pick<Api.Product, 'id' | 'name'>;
export type Everything = Api.CustomerEverything;
export type Grant = Api.Access['considered'][number];
export type Change = NonNullable<Api.TimelineEntry['changes']>[number];
export type EventEntry = Api.Event;
export type OneEvent = Api.EventWithDeliveries;
export type Finding = Api.Findings['data'][number];
export type Projection = Api.Projections['data'][number];
export type StatusAnswer = Api.Status;
export type StripeCoverage = Api.StripeCoverage['data'][number];
export type StripeKey = Api.StripeCoverage['keys'][number];

/** A decision about a customer's access, as in the history and in the list of held changes. */
export type AccessChange = Api.AccessHistory['data'][number];
export type HeldChange = Api.HeldChanges['data'][number];
export type AccessDecision = AccessChange | HeldChange;

/** The scope of a sum: amounts of different modes, accounts or currencies are never added up. */
export type MoneyScope = Pick<Api.TrialBalance, 'livemode' | 'account' | 'currency'>;
/** Whether the books behind an answer are complete. */
export type Booked = Pick<Api.TrialBalances, 'isComplete' | 'books'>;
/** A set of books: one mode of one account; the account is null for the key's own account. */
export type Whose = Pick<Api.Closing, 'livemode' | 'account'>;
export type ClosedMonth = Api.Closing;
export type Mrr = Api.MrrOverTime;
export type Movement = Api.MrrMovement;
export type Incomes = Api.Incomes;
export type Waterfall = Api.Waterfalls;
export type TrialBalance = Api.TrialBalances;
export type Recognised = Api.RecognisedRevenue & Booked;
export type Deferred = Api.DeferredRevenue;

export type OperationRequest =
  | Readonly<{ kind: 'rebuild' | 'dry_run'; projections?: readonly string[] }>
  | Readonly<{ kind: 'verify'; projections?: readonly string[]; stream?: string; sample?: number }>
  | Readonly<{ kind: 'rollback'; projection: string }>
  | Readonly<{ kind: 'replay'; projection?: string; cause?: string }>;
export type Operation = Omit<Api.Operation, 'request'> & Readonly<{ request: OperationRequest }>;

/** A row of a table before and after; `columns` names those that differ. */
export type RowDifference = Readonly<{
  table: string;
  key: Readonly<Record<string, unknown>>;
  stream: string;
  before: Readonly<Record<string, unknown>> | null;
  after: Readonly<Record<string, unknown>> | null;
  columns: readonly string[];
}>;
export type TableComparison = Readonly<{
  table: string;
  changed: number;
  added: number;
  removed: number;
  examples: readonly RowDifference[];
  totals: readonly Readonly<{ column: string; currency: string | null; before: string; after: string }>[];
}>;
/** The result of each kind of operation. */
export type DryRun = Readonly<{
  comparisons: readonly Readonly<{ projection: string; version: number; tables: readonly TableComparison[] }>[];
  first: readonly string[];
}>;
export type Verified = Readonly<{
  isRight: boolean;
  difference: number;
  unfoldable: number;
  parked: number;
  gone: number;
  folds: number;
  streams: number;
  projections: number;
  examples: readonly (
    | (Readonly<{ kind: 'difference'; projection: string }> & RowDifference)
    | Readonly<{ kind: 'unfoldable'; projection: string; stream: string; cause: string }>
  )[];
}>;
export type Rebuilt = Readonly<{ shown: readonly string[]; built: readonly string[] }>;
export type NewlyParked = Readonly<{ newlyParked: readonly string[]; newlyParkedCount: number }>;
export type Replayed = Readonly<{
  outcome: string;
  streams: readonly Readonly<{ generation: string; stream: string }>[];
  hasMore: boolean;
}>;

/** A run against the Stripe API. `state` is its progress, which depends on its kind; `options` is the request. */
export type StripeRun = Omit<Api.StripeRun, 'state' | 'options'> &
  Readonly<{
    options: Readonly<{ repair?: boolean; dryRun?: boolean; account?: string }>;
    state: Readonly<{
      why?: string | null;
      /** Who requested it from the service; absent where a command or the service itself started it. */
      by?: string;
      doing?: string;
      findings?: number;
      phase?: string;
      events?: Readonly<Record<string, number>>;
      transactions?: Readonly<Record<string, number>>;
      /** By currency, in minor units. */
      unexplained?: Readonly<Record<string, string>>;
      /** By object name: how many were listed, and how many got each verdict. */
      counts?: Readonly<Record<string, Readonly<Record<string, number>>>>;
      /** Counts of first looks, by verdict. */
      objects?: Readonly<Record<string, number>>;
      unconfirmed?: number;
      /** Resources that Stripe does not list, each with the cause. */
      skipped?: Readonly<Record<string, string>>;
    }>;
  }>;
