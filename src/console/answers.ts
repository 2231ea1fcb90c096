/** What pages read of the API's answers; docs/openapi.json has all of it. */

export type Cause = Readonly<{ stripeEventId: string; type: string; created: string; apiVersion: string | null }>;
export type Stale = Readonly<{ since: string; stream: string; revision: string; cause: string }>;
type Made = Readonly<{ changedBy: Cause; stale?: Stale; livemode: boolean; account: string | null }>;
export type List<T> = Readonly<{ data: readonly T[]; nextCursor: string | null }>;

export type Customer = Made &
  Readonly<{
    id: string;
    email: string | null;
    name: string | null;
    currency: string | null;
    balanceMinor: number | null;
    isDelinquent: boolean | null;
    isDeleted: boolean;
    createdAt: string | null;
    reference: string | null;
  }>;

export type Item = Readonly<{
  id: string;
  price: string | null;
  product: string | null;
  quantity: number | null;
  currency: string | null;
  unitAmountMinor: number | null;
  interval: string | null;
  intervalCount: number | null;
}>;

export type Subscription = Made &
  Readonly<{
    id: string;
    customer: string | null;
    status: string;
    statusSince: string;
    statusEvent: string;
    previousStatus: string | null;
    currency: string | null;
    items: readonly Item[];
    periodStart: string | null;
    periodEnd: string | null;
    trialEnd: string | null;
    cancelAt: string | null;
    cancelAtPeriodEnd: boolean;
    endedAt: string | null;
    cancellationReason: string | null;
    collectionMethod: string | null;
    latestInvoice: string | null;
    createdAt: string | null;
    reference?: string | null;
  }>;

export type Invoice = Made &
  Readonly<{
    id: string;
    number: string | null;
    status: string | null;
    customer: string | null;
    subscription: string | null;
    currency: string | null;
    totalMinor: number | null;
    amountPaidMinor: number | null;
    amountRemainingMinor: number | null;
    billingReason: string | null;
    attemptCount: number | null;
    nextPaymentAttempt: string | null;
    createdAt: string | null;
    paidAt: string | null;
  }>;

export type Charge = Readonly<{
  id: string;
  status: string;
  amountMinor: number | null;
  currency: string | null;
  failureCode: string | null;
  declineCode: string | null;
  failureMessage: string | null;
  createdAt: string | null;
  changedBy: Cause;
}>;

export type Payment = Readonly<{
  id: string;
  status: string | null;
  currency: string | null;
  amountMinor: number | null;
  amountRefundedMinor: number | null;
  amountDisputedMinor: number | null;
  failureCode: string | null;
  declineCode: string | null;
  failureMessage: string | null;
  paymentIntent: Charge | null;
  charges: readonly Charge[];
  invoices: readonly Readonly<{ id: string; number: string | null }>[];
}>;

export type Dispute = Made &
  Readonly<{
    id: string;
    status: string;
    reason: string | null;
    amountMinor: number | null;
    currency: string | null;
    evidenceDueBy: string | null;
    createdAt: string | null;
    isInquiry: boolean;
  }>;

export type PaymentMethod = Readonly<{
  id: string;
  type: string | null;
  brand: string | null;
  last4: string | null;
  expiresAt: string | null;
  isDefault: boolean;
  isDeleted: boolean;
}>;

export type Everything = Readonly<{
  id: string;
  customer: Customer | null;
  paymentMethods: readonly PaymentMethod[];
  subscriptions: List<Subscription>;
  invoices: List<Invoice>;
  payments: List<Payment>;
}>;

/** As JSON has it: times are texts. */
export type AccessReason = Readonly<{
  rule: string;
  subscription?: string;
  status?: string;
  statusSince?: string;
  statusEvent?: string;
  pastDueSince?: string | null;
  clockTime?: string | null;
  isStale?: boolean;
  lookupKey?: string;
  changedBy?: Cause;
}>;
export type Grant = Readonly<{
  granted: boolean;
  until: string | null;
  products: readonly string[];
  reason: AccessReason;
}>;
export type Access = Readonly<{
  customers: readonly string[];
  at: string;
  granted: boolean;
  until: string | null;
  reason: AccessReason;
  isComplete: boolean;
  products: readonly string[];
  entitlements: readonly string[];
  unseenSubscriptions: readonly string[];
  considered: readonly Grant[];
}>;

export type Product = Readonly<{ id: string; name: string | null }>;

export type Change = Readonly<{ path: string; from: unknown; to: unknown }>;
export type TimelineEntry = Readonly<{
  number: number;
  stripeEventId: string;
  type: string;
  created: string;
  object: Readonly<{ kind: string | null; id: string | null }>;
  apiVersion: string | null;
  renderings: readonly (string | null)[];
  changes: readonly Change[] | null;
  transition: Readonly<{ from: string | null; to: string }> | null;
  late: boolean;
  ambiguous: boolean;
  stream: string;
  revision: string;
  position: string;
  receivedAt: string | null;
}>;
export type Timeline = Readonly<{ data: readonly TimelineEntry[]; nextAfter: number | null }>;

export type EventEntry = Readonly<{
  stripeEventId: string | null;
  eventId: string;
  type: string;
  created: string | null;
  object: Readonly<{ kind: string | null; id: string | null }>;
  account: string | null;
  livemode: boolean | null;
  apiVersion: string | null;
  endpoint: string | null;
  receivedAt: string | null;
  signedAt: string | null;
  recordedAt: string;
  stream: string;
  revision: string;
  position: string;
  bodySha256: string | null;
  contentHash: string | null;
  quarantine: string | null;
}>;

export type OneEvent = EventEntry &
  Readonly<{
    renderings: readonly Readonly<{
      eventId: string;
      apiVersion: string | null;
      stream: string;
      revision: string;
      position: string;
    }>[];
    deliveries: readonly Readonly<{ at: string; outcome: string; endpoint: string; signatureAgeS: number }>[] | null;
    changed: readonly Readonly<{ table: string; key: Readonly<Record<string, unknown>> }>[];
  }>;

export type Found = Readonly<{ kind: string; id: string; title: string | null; href: string; by: string }>;

export type StatusAnswer = Readonly<{
  at: string;
  state: 'ok' | 'attention' | 'failing';
  sentence: string;
  concerns: readonly Readonly<{ code: string; severity: string; text: string }>[];
  log: Readonly<{ state: string; name: string | null }>;
  lastEvent: Readonly<{
    stripeEventId: string | null;
    type: string;
    receivedAt: string;
    ageSeconds: number;
    position: string;
  }> | null;
  intake: Readonly<{
    state: string;
    waiting: number | null;
    minutes: readonly Readonly<{ at: string; byOutcome: Readonly<Record<string, number>> }>[] | null;
  }>;
  reads: Readonly<{
    state: string;
    building: readonly string[];
    lagSeconds: number | null;
    parkedStreams: number | null;
    quarantinedEvents: number | null;
  }>;
  projecting: Readonly<{ by: string; cause: string | null }>;
  verified: Readonly<{ folds: number; faults: number }> | null;
  versions: Readonly<{ ledger: string; node: string; postgres: string | null }>;
}>;

export type OperationRequest =
  | Readonly<{ kind: 'rebuild' | 'dry_run'; projections?: readonly string[] }>
  | Readonly<{ kind: 'verify'; projections?: readonly string[]; stream?: string; sample?: number }>
  | Readonly<{ kind: 'rollback'; projection: string }>
  | Readonly<{ kind: 'replay'; projection?: string; cause?: string }>;
export type Operation = Readonly<{
  id: string;
  request: OperationRequest;
  by: string;
  requestedAt: string;
  state: 'queued' | 'running' | 'cancelling' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted';
  attempts: number;
  startedAt: string | null;
  endedAt: string | null;
  progress: Readonly<{
    done: number;
    unit: 'events' | 'streams';
    perSecond: number;
    share: number | null;
    secondsLeft: number | null;
  }> | null;
  result: Readonly<Record<string, unknown>> | null;
  cause: string | null;
}>;

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

export type AccessState = Readonly<{
  granted: boolean;
  products: readonly string[];
  entitlements: readonly string[];
}>;
/** A decision about a customer's access. */
export type AccessDecision = Readonly<{
  customer: string;
  reference: string | null;
  revision: number;
  before: AccessState;
  now: AccessState & Readonly<{ until: string | null; reason: AccessReason }>;
  because: Readonly<{ kind: 'event' | 'time' | 'policy' | 'repair'; stripeEventId?: string | null }>;
  decidedAt: string;
}>;
export type AccessChange = AccessDecision & Readonly<{ id: string; position: string; isBaseline: boolean }>;
export type HeldChange = AccessDecision & Readonly<{ hold: string }>;

/** Of what amounts are sums: live and test mode, accounts and currencies are never added up. */
export type MoneyScope = Readonly<{ livemode: boolean; account: string | null; currency: string }>;
/** How the books stand that an answer is made of. */
export type Booked = Readonly<{
  isComplete: boolean;
  books: Readonly<{ policy: string; behindKeys: number; parkedKeys: number; parkedStreams: number }>;
}>;

export type MrrPeriod = Readonly<{
  start: string;
  end: string;
  mrrMinor: number;
  annualMinor: number;
  customers: number;
  subscribers: number;
  openingMinor: number;
  newMinor: number;
  reactivationMinor: number;
  expansionMinor: number;
  contractionMinor: number;
  churnMinor: number;
}>;
export type Mrr = Booked &
  Readonly<{
    from: string;
    to: string;
    data: readonly (MoneyScope & Readonly<{ unknownItems: number; periods: readonly MrrPeriod[] }>)[];
  }>;

export type Movement = Readonly<{
  id: string;
  customer: string;
  currency: string;
  at: string;
  kind: string;
  amountMinor: number;
  beforeMinor: number;
  afterMinor: number;
  parts: readonly Readonly<{
    cause: string;
    amountMinor: number;
    subscription: string | null;
    item: string | null;
    stripeEventId: string | null;
  }>[];
  changedBy: Cause;
}>;

export type IncomeMonth = Readonly<{
  month: string;
  revenueMinor: number;
  contraMinor: number;
  otherMinor: number;
  netMinor: number;
  deferredMinor: number;
}>;
export type Incomes = Booked &
  Readonly<{ from: string; to: string; data: readonly (MoneyScope & Readonly<{ months: readonly IncomeMonth[] }>)[] }>;
export type Waterfall = Booked &
  Readonly<{
    data: readonly (MoneyScope &
      Readonly<{
        booked: readonly Readonly<{
          bookedMonth: string;
          months: readonly Readonly<{ month: string; amountMinor: number }>[];
        }>[];
      }>)[];
  }>;

export type TrialBalance = Booked &
  Readonly<{
    month: string | null;
    asOf: string | null;
    data: readonly (MoneyScope &
      Readonly<{
        accounts: readonly Readonly<{
          name: string;
          startMinor: number;
          debitMinor: number;
          creditMinor: number;
          endMinor: number;
        }>[];
        sumMinor: number;
      }>)[];
  }>;

export type JournalEntry = Readonly<{
  id: string;
  kind: string;
  effectiveAt: string;
  customer: string | null;
  subscription: string | null;
  invoice: string | null;
  object: string | null;
  isInferred: boolean;
  inference: string | null;
  book: string;
  changedBy: Cause;
  postings: readonly Readonly<{ name: string; currency: string; amountMinor: number; line: string | null }>[];
}>;

export type StripeCoverage = Readonly<{
  account: string;
  livemode: boolean;
  coveredUntil: string | null;
  gaps: readonly Readonly<{ from: string; to: string; cause: string }>[];
  requestsOfDay: number;
}>;
/** What Stripe showed of objects now. */
export type Refreshed = Readonly<{
  data: readonly Readonly<{ object: string; id: string; verdict: string; appended: object | null }>[];
}>;
/** A key that the service asks Stripe with. */
export type StripeKey = Readonly<{ label: string; livemode: boolean }>;
/** A run that asked Stripe. `state` is what its kind tells of how far it is. */
export type StripeRun = Readonly<{
  id: string;
  kind: 'backfill' | 'recover' | 'reconcile' | 'money';
  /** Null of one that has not begun. */
  account: string | null;
  livemode: boolean;
  key: string;
  apiVersion: string | null;
  startedAt: string;
  saidAt: string;
  step: 'wanted' | 'started' | 'checkpoint' | 'stopping' | 'finished' | 'stopped';
  options: Readonly<{ repair?: boolean; dryRun?: boolean }>;
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
    /** Resources that Stripe does not show, and why. */
    skipped?: Readonly<Record<string, string>>;
  }>;
}>;
/** An object or an event that the ledger and Stripe tell differently. */
export type StripeFinding = Readonly<{
  verdict: string;
  object: string;
  id: string;
  rows: readonly Readonly<{ table: string; key: string; field: string; ledger: unknown; stripe: unknown }>[];
  since: Readonly<{ after: string; before: string }> | null;
  cause: string | null;
  type: string | null;
  repaired: Readonly<{ revision: string; position: string }> | null;
}>;
