/**
 * What pages read of the API's answers: the types that the client package has, made from docs/openapi.json. What the document leaves open
 * is said here: what an operation was asked for and gave as its result, and what a run at Stripe tells of itself.
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

/** A decision about a customer's access, as the history and the list of what is held tell it. */
export type AccessChange = Api.AccessHistory['data'][number];
export type HeldChange = Api.HeldChanges['data'][number];
export type AccessDecision = AccessChange | HeldChange;

/** Of what amounts are sums: live and test mode, accounts and currencies are never added up. */
export type MoneyScope = Pick<Api.TrialBalance, 'livemode' | 'account' | 'currency'>;
/** How the books stand that an answer is made of. */
export type Booked = Pick<Api.TrialBalances, 'isComplete' | 'books'>;
/** Whose books: one mode of one account; null is the own one. */
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

/** A row of a table on two sides; `columns` differ. */
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
/** What each kind of operation answers as its result. */
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

/** A run that asked Stripe. `state` is what its kind tells of how far it is, and `options` what was asked for. */
export type StripeRun = Omit<Api.StripeRun, 'state' | 'options'> &
  Readonly<{
    options: Readonly<{ repair?: boolean; dryRun?: boolean; account?: string }>;
    state: Readonly<{
      why?: string | null;
      /** Who asked the service for it; nobody of what a command or the service began by itself. */
      by?: string;
      doing?: string;
      findings?: number;
      phase?: string;
      events?: Readonly<Record<string, number>>;
      transactions?: Readonly<Record<string, number>>;
      /** By currency, in minor units. */
      unexplained?: Readonly<Record<string, string>>;
      /** Of each object's name: how many were listed, and how they were judged. */
      counts?: Readonly<Record<string, Readonly<Record<string, number>>>>;
      /** By verdict, of first looks. */
      objects?: Readonly<Record<string, number>>;
      unconfirmed?: number;
      /** Resources that Stripe does not show, and why. */
      skipped?: Readonly<Record<string, string>>;
    }>;
  }>;
