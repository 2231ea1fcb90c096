import { z } from 'zod';
import { KINDS } from '../derivations/mrr/mrr.js';
import { churnRisk } from '../projections/churn-risk.js';
import type { JsonSchema } from '../projections/columns.js';
import { customers } from '../projections/customers.js';
import { disputes } from '../projections/disputes.js';
import { invoicePayments } from '../projections/invoice-payments.js';
import { invoices } from '../projections/invoices.js';
import { payments } from '../projections/payments.js';
import type { Table } from '../projections/projection.js';
import { refunds } from '../projections/refunds.js';
import { fieldOf } from '../projections/row.js';
import { finalizationError } from '../projections/shapes.js';
import { subscriptions } from '../projections/subscriptions.js';
import { RESOURCES } from '../src/api/all-lists.js';
import { CHECKOUT_SESSIONS } from '../src/api/checkout/checkout-sessions.js';
import { closingRequest, reopeningRequest } from '../src/api/closings/closings.controller.js';
import { WORTH_CHANGES } from '../src/api/mrr/worth-of-day.js';
import { JOURNAL, MRR, SUBSCRIPTION_MRR } from '../src/api/books/views.js';
import { PAYMENT_METHODS } from '../src/api/customers/payment-methods.js';
import type { Resource } from '../src/api/resource.js';
import { PROBLEMS } from '../src/http/problems.js';
import { runRequest } from '../src/api/stripe/run-request.js';
import { rejection } from '../src/access-changes/change.js';
import { operationRequest } from '../src/operations/operation.js';

type Properties = Readonly<Record<string, JsonSchema>>;

const text: JsonSchema = { type: 'string' };
const flag: JsonSchema = { type: 'boolean' };
const whole: JsonSchema = { type: 'integer' };
const time: JsonSchema = { type: 'string', format: 'date-time' };
const minor: JsonSchema = { type: 'integer', description: 'In minor units of the currency beside it.' };
const decimal: JsonSchema = { type: 'string', pattern: '^\\d+$' };
const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });
const orNull = (schema: JsonSchema): JsonSchema =>
  typeof schema['type'] === 'string'
    ? { ...schema, type: [schema['type'], 'null'] }
    : { anyOf: [schema, { type: 'null' }] };
/** A word of a list that may grow: programs pass over those that they do not know. */
const oneOf = (...words: string[]): JsonSchema => ({ ...text, ...known(words) });
const known = (words: readonly string[]): JsonSchema => ({
  description: `One of ${words.join(', ')}; more may come.`,
  'x-extensible-enum': words,
});

/** An object that has these members and no others; those of `optional` may be absent. */
const object = (properties: Properties, optional: Properties = {}): JsonSchema => ({
  type: 'object',
  properties: { ...properties, ...optional },
  required: Object.keys(properties),
  additionalProperties: false,
});

/** Columns that an answer shows under `changedBy`, `stale` and `unread`. */
const APART = new Set(['stripe_event_id', 'stripe_event_type', 'stripe_event_created', 'api_version', 'unread_event']);

/** The fields of a row, by the columns of its table. */
const fieldsOf = ({ columns }: Table, without: readonly string[] = []): Properties =>
  Object.fromEntries(
    Object.entries(columns)
      .filter(([column]) => !APART.has(column) && !without.includes(column))
      .map(([column, { schema, filters }]) => {
        const words = filters.flatMap((filter) => (filter.by === 'value' ? (filter.known ?? []) : []));
        return [fieldOf(column), words.length === 0 ? schema : { ...schema, ...known(words) }];
      }),
  );
/** What is beside the fields of a row where its stream is parked, or had to be passed over in part. */
const STATE: Properties = { stale: ref('Stale'), unread: ref('Unread') };
const row = (properties: Properties, optional: Properties = {}): JsonSchema =>
  object({ ...properties, changedBy: ref('ChangedBy') }, { ...optional, ...STATE });
/** What is sent, as JSON schema. */
const asSchema = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' });
const page = (item: string, more: Properties = {}): JsonSchema =>
  object({ data: list(ref(item)), nextCursor: orNull(text) }, more);

/** How many a list has on all its pages, where `count=true` asks for it. */
const counted: Properties = { count: object({ value: whole, isAtLeast: flag }) };

/** The team's own id of it, by REFERENCE_METADATA. */
const reference = { reference: orNull(text) };
const asOf = { asOf: ref('AsOf') };
/** The status was there by then, and nobody knows since when. */
const statusSinceIsBound: Properties = { statusSinceIsBound: flag };
const refundFields = fieldsOf(refunds.tables['refunds']);
const evidenceFields = fieldsOf(refunds.tables['refund_evidence']);
const {
  lastFailedInvoice: _,
  lastFailedAt: __,
  lastFailedAttempt: ___,
  nextPaymentAttempt: ____,
  ...riskFields
} = fieldsOf(churnRisk.tables['churn_risk']);

/** Of a look at an object: when Stripe was asked and answered, why, and in which run. */
const observation: Properties = { askedAt: time, answeredAt: time, reason: orNull(text), run: orNull(text) };

/** What is known of every event of the log. */
const eventFields: Properties = {
  stripeEventId: orNull(text),
  eventId: { type: 'string', format: 'uuid' },
  type: text,
  created: orNull(time),
  object: object({ kind: orNull(text), id: orNull(text) }),
  account: orNull(text),
  livemode: orNull(flag),
  apiVersion: orNull(text),
  source: orNull(oneOf('webhook', 'events_api', 'observation', 'absence')),
  observation: orNull(object(observation)),
  endpoint: orNull(text),
  receivedAt: orNull(time),
  signedAt: orNull(time),
  recordedAt: time,
  stream: text,
  revision: decimal,
  position: decimal,
  bodySha256: orNull(text),
  contentHash: orNull(text),
  quarantine: orNull(
    oneOf(
      'not_an_event',
      'envelope',
      'thin_event',
      'reserved_type',
      'no_object',
      'no_real_id',
      'conflict',
      'stream_deleted',
    ),
  ),
};

const findingDetails: Properties = {
  subscription: orNull(text),
  invoice: text,
  status: text,
  dueDate: orNull(time),
  attemptCount: whole,
  nextPaymentAttempt: orNull(time),
  currency: text,
  amountRemainingMinor: minor,
  amountPaidMinor: minor,
  totalMinor: minor,
  error: finalizationError,
  namedBy: text,
  paidAt: orNull(time),
  endedAt: time,
  lastEvent: text,
  lastEventAt: time,
  others: list(text),
  email: text,
  paymentMethod: orNull(text),
  last4: orNull(text),
  expiresAt: orNull(time),
  because: oneOf('no_payment_method', 'removed', 'expires'),
};

const parkedFields: Properties = {
  projection: text,
  version: whole,
  generation: whole,
  stream: text,
  since: time,
  attempts: whole,
  attemptedAt: time,
  replayWantedAt: orNull(time),
  revision: decimal,
  stripeEventId: orNull(text),
  eventType: orNull(text),
  cause: text,
};

/** Parts that several answers have. */
const shared: Properties = {
  Problem: object(
    {
      type: text,
      title: text,
      status: whole,
      detail: text,
      code: oneOf(...Object.keys(PROBLEMS)),
    },
    { instance: text },
  ),
  ProblemKind: object({
    code: text,
    type: text,
    status: whole,
    title: text,
    remedy: text,
    retryable: flag,
    retryAfterS: orNull(whole),
  }),
  ProblemKinds: object({ data: list(ref('ProblemKind')) }),
  ChangedBy: {
    ...object({ stripeEventId: text, type: text, created: time, apiVersion: orNull(text) }),
    description: 'The Stripe event that made it so.',
  },
  Stale: {
    ...object({ since: time, stream: text, revision: decimal, cause: text }),
    description: 'The stream is parked: this is its last good row.',
  },
  Unread: {
    ...object({ stripeEventId: text, stream: text, revision: text, cause: orNull(text) }),
    description: 'An event of the stream that could not be read; the row shows a later state.',
  },
  AsOf: object({
    trueAt: orNull(time),
    knownAt: orNull(text),
    revision: orNull(decimal),
    position: orNull(decimal),
  }),
};

const money: Properties = {
  Payment: object(
    {
      id: text,
      isOutOfBand: flag,
      status: text,
      customer: orNull(text),
      currency: text,
      amountMinor: minor,
      presentment: orNull(object({ currency: text, amountMinor: minor })),
      failureCode: orNull(text),
      declineCode: orNull(text),
      failureMessage: orNull(text),
      livemode: orNull(flag),
      account: orNull(text),
      amountReceivedMinor: minor,
      amountRefundedMinor: orNull(minor),
      amountRefundedUnlistedMinor: minor,
      amountRefundPendingMinor: minor,
      amountDisputedMinor: minor,
      disputeFeesMinor: orNull(minor),
      amountNetMinor: orNull(minor),
      isDisputed: flag,
      paymentIntent: orNull(ref('PaymentPart')),
      charges: list(ref('Charge')),
      refunds: list(ref('RefundOfPayment')),
      disputes: list(ref('Dispute')),
      invoices: list(
        object({
          id: text,
          number: orNull(text),
          status: orNull(text),
          subscription: orNull(text),
          invoicePayments: list(ref('InvoicePayment')),
        }),
      ),
    },
    asOf,
  ),
  Payments: page('Payment', asOf),
  PaymentPart: row(fieldsOf(payments.tables['payments'])),
  Charge: row({ ...fieldsOf(payments.tables['payments']), isDisputed: flag }),
  InvoicePayment: row(fieldsOf(invoicePayments.tables['invoice_payments'])),
  Refund: row({
    ...fieldsOf(refunds.tables['refunds'], ['known_since']),
    // A credit note that names a refund knows no status, and not always the amount.
    status: orNull(text),
    amountMinor: orNull(minor),
    creditNotes: list(text),
  }),
  Refunds: page('Refund', counted),
  RefundOfPayment: {
    ...row(
      { amountMinor: orNull(minor), currency: text, status: orNull(text), creditNotes: list(text) },
      Object.fromEntries(
        Object.entries({ ...evidenceFields, ...refundFields }).filter(
          ([name]) => !['amountMinor', 'currency', 'status'].includes(name),
        ),
      ),
    ),
    description: 'A refund from its own events, or from the charge or credit note that lists it.',
  },
  Dispute: row(
    { ...fieldsOf(disputes.tables['disputes']), movements: list(ref('DisputeMovement')) },
    { customer: orNull(text) },
  ),
  Disputes: page('Dispute', counted),
  DisputeMovement: row(fieldsOf(disputes.tables['dispute_movements'])),
};

const billing: Properties = {
  Subscription: row(fieldsOf(subscriptions.tables['subscriptions']), { ...reference, ...statusSinceIsBound, ...asOf }),
  Subscriptions: page('Subscription', { ...asOf, ...counted }),
  Invoice: row(fieldsOf(invoices.tables['invoices']), {
    creditedMinor: minor,
    creditNotes: list(ref('CreditNote')),
    payments: list(ref('Payment')),
    ...asOf,
  }),
  Invoices: page('Invoice', { ...asOf, ...counted }),
  Customer: row(fieldsOf(customers.tables['customers']), reference),
  Customers: page('Customer', counted),
  PaymentMethodOfCustomer: row({ ...fieldsOf(PAYMENT_METHODS.table), isDefault: flag }),
  CustomerEverything: object({
    id: text,
    customer: orNull(ref('Customer')),
    subscriptions: ref('Subscriptions'),
    invoices: ref('Invoices'),
    payments: ref('Payments'),
    paymentMethods: list(ref('PaymentMethodOfCustomer')),
  }),
  ChurnRisk: row({
    ...riskFields,
    lastFailure: orNull(
      object({
        invoice: text,
        at: orNull(time),
        attempt: orNull(whole),
        nextAttempt: orNull(time),
        code: orNull(text),
      }),
    ),
  }),
  ChurnRisks: page('ChurnRisk', counted),
  TimelineEntry: object({
    number: whole,
    stripeEventId: text,
    observation: orNull(object(observation)),
    gap: orNull(object({ after: time, before: time })),
    type: text,
    created: time,
    object: object({ kind: orNull(text), id: orNull(text) }),
    apiVersion: orNull(text),
    renderings: list(orNull(text)),
    changes: orNull(list(object({ path: text, from: {}, to: {} }))),
    transition: orNull(object({ from: orNull(text), to: text })),
    late: flag,
    ambiguous: flag,
    stream: text,
    revision: decimal,
    position: decimal,
    receivedAt: orNull(time),
  }),
  Timeline: object({ data: list(ref('TimelineEntry')), nextAfter: orNull(whole) }),
};

const access: Properties = {
  PaidInvoice: object({
    invoice: text,
    currency: text,
    paidAt: orNull(time),
    amountPaidMinor: minor,
    amountRefundedMinor: minor,
    amountLostMinor: minor,
    amountDisputedMinor: minor,
    givenBackAt: orNull(time),
  }),
  AccessReason: {
    ...object(
      { rule: text },
      {
        customer: text,
        subscription: text,
        status: text,
        statusSince: time,
        statusEvent: text,
        pastDueSince: orNull(time),
        paid: list(ref('PaidInvoice')),
        isPaidAfterEnd: flag,
        clockTime: orNull(time),
        isStale: flag,
        entitlement: text,
        feature: text,
        lookupKey: text,
        changedBy: ref('ChangedBy'),
      },
    ),
    description: 'The rule, and what it stands on: a subscription, an entitlement, or nothing.',
  },
  Access: object(
    {
      customers: list(text),
      at: time,
      granted: flag,
      until: orNull(time),
      reason: ref('AccessReason'),
      isComplete: flag,
      products: list(text),
      entitlements: list(text),
      unseenSubscriptions: list(text),
      considered: list(
        object({
          granted: flag,
          until: orNull(time),
          products: list(text),
          refunded: orNull(flag),
          reason: ref('AccessReason'),
        }),
      ),
    },
    { customer: text, ...asOf },
  ),
};

const heldAccess = { granted: flag, products: list(text), entitlements: list(text) };
const decision: Properties = {
  customer: text,
  reference: orNull(text),
  revision: whole,
  before: object(heldAccess),
  now: object({
    ...heldAccess,
    until: orNull(time),
    reason: ref('AccessReason'),
    isComplete: flag,
    unseenSubscriptions: list(text),
  }),
  because: object(
    { kind: oneOf('event', 'time', 'policy', 'repair') },
    { stripeEventId: orNull(text), position: decimal },
  ),
  decidedAt: time,
};
const change: Properties = { id: text, type: text, position: decimal, ...decision };
const accessChanges: Properties = {
  AccessChange: object(change),
  AccessFeed: object({ data: list(ref('AccessChange')), nextAfter: orNull(decimal) }),
  AccessHistory: object({
    data: list(object({ ...change, isBaseline: flag, rejected: orNull(object({ by: text, why: text, at: time })) })),
    nextCursor: orNull(text),
  }),
  HeldChanges: object({ data: list(object({ ...decision, hold: text })), count: whole, nextCursor: orNull(text) }),
  Approved: object({ approved: whole }),
  Rejection: z.toJSONSchema(rejection, { io: 'input', target: 'draft-2020-12' }),
  Rejected: object({ rejected: whole }),
};

const stripeSide: Properties = {
  StripeCoverage: object({
    data: list(
      object({
        account: text,
        livemode: flag,
        coveredUntil: orNull(time),
        ended: orNull(text),
        gaps: list(object({ from: time, to: time, cause: text })),
        requestsOfDay: whole,
      }),
    ),
    keys: list(object({ label: text, livemode: flag })),
  }),
  StripeRun: object({
    id: text,
    kind: oneOf('backfill', 'recover', 'reconcile', 'money'),
    account: orNull(text),
    livemode: flag,
    key: text,
    apiVersion: orNull(text),
    startedAt: time,
    step: oneOf('wanted', 'started', 'checkpoint', 'stopping', 'finished', 'stopped'),
    saidAt: time,
    options: { type: 'object', additionalProperties: true },
    state: { type: 'object', additionalProperties: true },
  }),
  StripeRuns: page('StripeRun'),
  StripeRunRequest: z.toJSONSchema(runRequest, { io: 'input', target: 'draft-2020-12' }),
  StripeFinding: object({
    verdict: oneOf(
      'missing_event',
      'unknown',
      'drift',
      'gone',
      'contradicts',
      'unreadable',
      'busy',
      'money',
      'unknown_to_stripe',
    ),
    object: text,
    id: text,
    stream: orNull(text),
    rows: list(object({ table: text, key: text, field: text }, { ledger: {}, stripe: {} })),
    since: orNull(object({ after: time, before: time })),
    cause: orNull(text),
    type: orNull(text),
    looks: list(orNull(text)),
    repaired: orNull(object({ revision: decimal, position: decimal })),
  }),
  StripeFindings: page('StripeFinding'),
  Refreshed: object({
    data: list(
      object({
        object: text,
        id: text,
        verdict: text,
        rows: list(object({ table: text, key: text, field: text }, { ledger: {}, stripe: {} })),
        until: orNull(time),
        cause: orNull(text),
        appended: orNull(object({ stream: text, revision: decimal, position: decimal })),
      }),
    ),
    position: orNull(decimal),
  }),
};

const operations: Properties = {
  Event: object(eventFields),
  EventWithDeliveries: object({
    ...eventFields,
    renderings: list(
      object({ eventId: text, apiVersion: orNull(text), stream: text, revision: decimal, position: decimal }),
    ),
    deliveries: orNull(list(object({ at: time, outcome: text, endpoint: text, signatureAgeS: whole }))),
    changed: list(object({ table: text, key: { type: 'object', additionalProperties: true } })),
  }),
  Events: page('Event'),
  Stream: object({ data: list(ref('Event')), nextAfter: orNull(decimal) }),
  Projections: object({
    data: list(
      object({
        name: text,
        version: whole,
        generation: whole,
        state: oneOf('building', 'live', 'kept'),
        shown: flag,
        moving: flag,
        position: orNull(decimal),
        logPosition: orNull(decimal),
        caughtUp: flag,
        behind: orNull(decimal),
        lagSeconds: orNull({ type: 'number' }),
        parkedStreams: whole,
        derived: orNull(object({ standsOn: list(text), policy: text, behindKeys: orNull(whole) })),
      }),
    ),
  }),
  Status: object({
    state: oneOf('ok', 'attention', 'failing'),
    sentence: text,
    concerns: list(object({ code: text, severity: oneOf('failing', 'attention'), text })),
    at: time,
    log: object({ state: oneOf('at', 'empty', 'unknown', 'away', 'refused'), name: orNull(text) }),
    lastEvent: orNull(
      object({
        stripeEventId: orNull(text),
        type: text,
        receivedAt: time,
        ageSeconds: { type: 'number' },
        position: decimal,
      }),
    ),
    intake: object({
      state: text,
      eventStore: text,
      waiting: orNull(whole),
      minutes: orNull(list(object({ at: time, byOutcome: { type: 'object', additionalProperties: whole } }))),
    }),
    reads: object({
      state: text,
      postgres: text,
      building: list(text),
      lagSeconds: orNull({ type: 'number' }),
      parkedStreams: orNull(whole),
      quarantinedEvents: orNull(whole),
    }),
    projecting: object({
      by: oneOf('this_process', 'another_process', 'nobody', 'unknown'),
      cause: orNull(text),
    }),
    verified: orNull(object({ folds: whole, faults: whole })),
    accessChanges: orNull(
      object({
        held: whole,
        endpoints: list(object({ name: text, waiting: whole, lagSeconds: { type: 'number' }, isStopped: flag })),
      }),
    ),
    versions: object({ ledger: text, node: text, postgres: orNull(text) }),
  }),
  OperationRequest: asSchema(operationRequest),
  Operation: object({
    id: text,
    request: { type: 'object', properties: { kind: text }, required: ['kind'], additionalProperties: true },
    by: text,
    requestedAt: time,
    state: oneOf('queued', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled', 'interrupted'),
    attempts: whole,
    startedAt: orNull(time),
    endedAt: orNull(time),
    progress: orNull(
      object({
        done: whole,
        unit: oneOf('events', 'streams'),
        perSecond: whole,
        share: orNull({ type: 'number' }),
        secondsLeft: orNull({ type: 'number' }),
      }),
    ),
    result: orNull({ type: 'object', additionalProperties: true }),
    cause: orNull(text),
  }),
  Operations: page('Operation'),
  Find: object({
    data: list(object({ kind: text, id: text, title: orNull(text), href: text, by: text })),
    searched: list(text),
  }),
  FindingLists: object({ data: list(object({ name: text, says: text, href: text })) }),
  Finding: object({
    kind: oneOf('invoice', 'subscription', 'customer'),
    id: text,
    at: time,
    customer: orNull(text),
    details: {
      ...object({}, findingDetails),
      description: 'What shows it: which of these is there depends on the list.',
    },
    href: text,
  }),
  Findings: page('Finding'),
  Parked: object(parkedFields),
  ParkedStreams: page('Parked'),
  ParkedWithStack: object({ data: list(object({ ...parkedFields, stack: orNull(text) })) }),
  Replay: object({ outcome: oneOf('replayed', 'parked_again', 'wanted'), parked: list(ref('Parked')) }),
  ReplaysWanted: object({ wanted: whole }),
  Index: object({
    name: text,
    webhook: text,
    reads: list(text),
    operations: list(text),
    problems: text,
    document: text,
    authorization: text,
  }),
  Alive: object({ status: text }),
  Health: object(
    {
      ready: flag,
      intake: object({ ready: flag, state: text }, { eventStore: text }),
      reads: object(
        { ready: flag, state: text },
        {
          postgres: text,
          catchUp: text,
          cause: text,
          building: list(text),
          parked: { type: 'object', additionalProperties: whole },
          lagSeconds: orNull({ type: 'number' }),
        },
      ),
    },
    { roles: list(text) },
  ),
  Acknowledged: object({
    outcome: oneOf('appended', 'duplicate', 'quarantined'),
    stream: text,
    revision: decimal,
    position: orNull(decimal),
  }),
};

/** Whose amounts: nothing is added up over modes, accounts or currencies. */
const scope: Properties = { livemode: flag, account: orNull(text), currency: text };
const booked: Properties = { isComplete: flag, books: ref('Books') };
const period: Properties = { from: text, to: text };
const view = oneOf('frozen', 'restated');
const whose: Properties = { livemode: flag, account: orNull(text) };
const closing: Properties = {
  ...whose,
  ...{ month: text, zone: text, position: decimal, policy: text, build: text, by: text, closedAt: time },
  accepted: list(oneOf('parked', 'unexplained')),
  ...{ previous: orNull(text), hash: text },
};
/** What it consists of, in the log. */
const closedRows: Properties = {
  rows: object({
    ...{ name: text, hash: text },
    chunks: object({ entries: whole, revenue: whole, schedules: whole, booked: whole }),
  }),
  rules: { type: 'object', additionalProperties: true, description: 'The policy that the books followed.' },
};
const growth: Properties = Object.fromEntries(KINDS.map((kind) => [`${kind}Minor`, minor]));
const entryFields: Properties = {
  ...fieldsOf(JOURNAL.tables.journal_entries),
  book: text,
  isIncomplete: flag,
  postings: list(ref('Posting')),
};
const movementFields: Properties = {
  ...fieldsOf(MRR.tables.mrr_movements, ['day', 'parts']),
  isIncomplete: flag,
  parts: list(
    object({
      ...{ subscription: text, item: text, at: time, cause: text, amountMinor: minor },
      ...{ by: orNull(text), stripeEventId: text },
    }),
  ),
};
const itemFields: Properties = {
  ...fieldsOf(SUBSCRIPTION_MRR.tables.mrr_items, ['no', 'livemode', 'account']),
  isIncomplete: flag,
};
const stepFields: Properties = Object.fromEntries(
  Object.entries(fieldsOf(MRR.tables.mrr_steps, ['day', 'livemode', 'account'])).filter(
    ([name]) => !name.includes('Change'),
  ),
);

const books: Properties = {
  Books: {
    ...object({
      ...{ position: orNull(decimal), policy: text },
      ...{ behindKeys: whole, parkedKeys: whole, parkedStreams: whole },
    }),
    description: 'How far the books are, by which policy, and what is known to be missing in them.',
  },
  Posting: {
    ...object({ name: text, currency: text, amountMinor: minor, line: orNull(text) }),
    description: 'Plus is debit. The postings of an entry add up to zero in each currency.',
  },
  JournalEntry: {
    ...row(entryFields),
    description:
      'One that corrects closed months (kind `correction`) follows from the last closing, `ledger.month_closed`.',
  },
  JournalEntries: page('JournalEntry', { ...booked, view }),
  JournalEntryWithBooks: row({ ...entryFields, ...booked }),
  JournalEntryWithBalances: row({
    ...entryFields,
    balances: list(object({ name: text, currency: text, balanceMinor: minor })),
  }),
  InvoiceBook: object(
    {
      invoice: text,
      data: list(ref('JournalEntryWithBalances')),
      months: list(
        object({
          ...{ month: text, line: text, part: oneOf('revenue', 'discount'), currency: text },
          ...{ revenueMinor: minor, contraMinor: minor },
        }),
      ),
      ...booked,
    },
    asOf,
  ),
  AccountBalance: object({
    ...{ name: text, startMinor: minor, debitMinor: minor, creditMinor: minor, endMinor: minor },
    correctionMinor: {
      ...minor,
      description: 'What of debit less credit corrects closed months: what became known of them later.',
    },
  }),
  TrialBalance: object({
    ...scope,
    ...{ accounts: list(ref('AccountBalance')), sumMinor: minor },
    closing: orNull(object({ closedAt: time, by: text, position: decimal })),
  }),
  TrialBalances: object({
    ...{ month: orNull(text), asOf: orNull(time), view, data: list(ref('TrialBalance')) },
    ...booked,
  }),
  Closing: object(closing, closedRows),
  Closings: page('Closing'),
  ClosedMonths: object({ data: list(ref('Closing')) }),
  ClosingWithBalances: object(
    {
      ...closing,
      balances: list(object({ currency: text, accounts: list(ref('AccountBalance')) })),
    },
    closedRows,
  ),
  Corrections: object({
    ...{ ...whose, month: text, position: decimal },
    accounts: list(object({ currency: text, name: text, closedMinor: minor, nowMinor: minor, changeMinor: minor })),
    ...{ data: list(ref('LateEntry')), nextCursor: orNull(text) },
    ...booked,
  }),
  LateEntry: object({
    ...{ id: text, kind: text, effectiveAt: time, object: text, book: text },
    ...{ invoice: orNull(text), customer: orNull(text), stripeEvent: text, position: decimal },
  }),
  ClosingRequest: asSchema(closingRequest),
  ReopeningRequest: asSchema(reopeningRequest),
  Reopening: object({ ...whose, month: text, by: text, reopenedAt: time, reason: orNull(text) }),
  OpenItem: object({
    ...{
      cause: oneOf(
        ...['no_balance_transaction', 'not_heard_of', 'amounts_differ'],
        ...['payout_not_asked', 'payout_differs', 'unknown_category'],
      ),
      object: text,
    },
    ...scope,
    ...{ at: time, ageDays: whole, amountMinor: minor },
  }),
  BalanceCheckpoint: {
    ...object({ at: time, stripeMinor: minor, balanceMinor: minor, clearingMinor: minor, unseenMinor: minor }),
    description: 'What Stripe said was in the balance the last time that it said it, and what the books had then.',
  },
  Reconciled: object({
    ...scope,
    accounts: list(object({ name: text, balanceMinor: minor })),
    checkpoint: orNull(ref('BalanceCheckpoint')),
  }),
  Reconciliation: object({
    ...{ since: time, data: list(ref('Reconciled')), open: list(ref('OpenItem')), isTruncated: flag },
    ...booked,
  }),
  ChartAccount: object({
    ...{ name: text, side: oneOf('debit', 'credit') },
    balances: list(object({ ...scope, balanceMinor: minor })),
  }),
  ChartOfAccounts: object({
    ...{ month: orNull(text), asOf: orNull(time), view, data: list(ref('ChartAccount')) },
    ...booked,
  }),
  AccountPostings: object({
    ...{ name: text, ...scope, ...period, view, startMinor: minor, endMinor: minor },
    ...{ data: list(ref('AccountPosting')), nextCursor: orNull(text) },
    ...booked,
  }),
  AccountPosting: object({
    ...{ entry: text, no: whole, kind: text, effectiveAt: time, amountMinor: minor, balanceMinor: minor },
    ...{ line: orNull(text), object: orNull(text), invoice: orNull(text), customer: orNull(text) },
    stripeEvent: orNull(text),
  }),
  PayoutReconciliation: object({
    ...{ data: list(ref('PayoutTransaction')), nextCursor: orNull(text) },
    payout: object({
      ...{ id: text, status: text, ...scope, amountMinor: minor, isAutomatic: orNull(flag) },
      ...{ reconciliationStatus: orNull(text), balanceTransaction: orNull(text) },
      ...{ createdAt: orNull(time), arrivesAt: orNull(time) },
    }),
    parts: list(object({ category: text, count: whole, amountMinor: minor, feeMinor: minor, netMinor: minor })),
    ...{ unseenTransactions: whole, sumMinor: minor, differenceMinor: minor, isExact: flag },
    cause: orNull(oneOf('not_automatic', 'payout_not_asked', 'transactions_not_seen', 'payout_differs')),
    ...booked,
  }),
  PayoutTransaction: object({
    ...{ id: text, isSeen: flag, category: orNull(text), source: orNull(text) },
    ...{ amountMinor: orNull(minor), feeMinor: orNull(minor), netMinor: orNull(minor), createdAt: orNull(time) },
    ...{ payment: orNull(text), customer: orNull(text), invoices: list(text), entry: orNull(text) },
  }),
  IncomeMonth: object({
    ...{ month: text, revenueMinor: minor, contraMinor: minor, otherMinor: minor },
    ...{ netMinor: minor, deferredMinor: minor },
  }),
  Incomes: object({ ...period, view, data: list(object({ ...scope, months: list(ref('IncomeMonth')) })), ...booked }),
  Recognised: object({ ...scope, key: orNull(text), revenueMinor: minor, contraMinor: minor, amountMinor: minor }),
  RecognisedRevenue: page('Recognised', { ...period, view, ...booked }),
  Deferred: object({
    ...scope,
    ...{ deferredMinor: minor, currentMinor: minor, longTermMinor: minor },
    by: list(object({ key: orNull(text), deferredMinor: minor })),
  }),
  DeferredRevenue: object({ month: orNull(text), asOf: orNull(time), view, data: list(ref('Deferred')), ...booked }),
  Waterfalls: object({
    ...period,
    view,
    data: list(
      object({
        ...scope,
        booked: list(
          object({
            bookedMonth: text,
            months: list(object({ month: text, revenueMinor: minor, contraMinor: minor, amountMinor: minor })),
          }),
        ),
      }),
    ),
    ...booked,
  }),
  MrrPeriod: object({
    ...{ start: text, end: text, mrrMinor: minor, annualMinor: minor, customers: whole, subscribers: whole },
    ...growth,
  }),
  MrrOverTime: object({
    ...period,
    interval: oneOf('day', 'week', 'month'),
    data: list(object({ ...scope, unknownItems: whole, periods: list(ref('MrrPeriod')) })),
    ...booked,
  }),
  MrrMovement: row(movementFields),
  MrrMovements: page('MrrMovement', booked),
  MrrMovementWithBooks: row({ ...movementFields, ...booked }),
  Rate: {
    ...object({ part: whole, whole, percent: orNull(text) }),
    description: 'A part of a whole; in percent to two places, null where the whole is nothing.',
  },
  Retention: object({
    ...scope,
    ...growth,
    ...{ startMinor: minor, endMinor: minor, startCustomers: whole, endCustomers: whole },
    ...Object.fromEntries(
      ['nrr', 'grr', 'logoChurn', 'grossChurn', 'netChurn', 'quickRatio'].map((name) => [name, ref('Rate')]),
    ),
    ...{ arpaMinor: orNull(minor), ltvMinor: orNull(minor) },
  }),
  Retentions: object({ ...period, data: list(ref('Retention')), ...booked }),
  MrrCohorts: object({
    ...period,
    until: text,
    data: list(
      object({
        ...scope,
        cohorts: list(
          object({
            ...{ month: text, size: whole, startMinor: minor },
            months: list(object({ month: text, customers: whole, mrrMinor: minor })),
          }),
        ),
      }),
    ),
    ...booked,
  }),
  CommittedMrr: object({
    ...{ at: time, until: time, withinDays: whole },
    data: list(
      object({
        ...{ ...scope, mrrMinor: minor, changesMinor: minor, endingMinor: minor, endingSubscriptions: whole },
        ...{ committedMinor: minor, scheduledSubscriptions: whole },
      }),
    ),
    ...booked,
  }),
  MrrTrials: object({
    ...period,
    withinDays: whole,
    data: list(
      object({
        ...{ livemode: flag, account: orNull(text), currency: orNull(text) },
        ...{ ended: whole, converted: whole, conversion: ref('Rate') },
      }),
    ),
    ...booked,
  }),
  MrrTrialsEnded: object({
    ...period,
    withinDays: whole,
    data: list(
      object({
        ...{ subscription: text, customer: text, livemode: flag, account: orNull(text), currency: orNull(text) },
        ...{ startedAt: time, endedAt: time, convertedAt: orNull(time), isConverted: flag },
      }),
    ),
    nextCursor: orNull(text),
    ...booked,
  }),
  MrrCustomers: object({
    on: text,
    data: list(
      object({ ...scope, customer: text, startMinor: minor, mrrMinor: minor, change: oneOf(...WORTH_CHANGES) }),
    ),
    nextCursor: orNull(text),
    ...booked,
  }),
  MrrItem: object(itemFields),
  CustomerMrr: object({
    customer: text,
    steps: list(object({ ...stepFields, isIncomplete: flag })),
    items: list(ref('MrrItem')),
    ...booked,
  }),
  SubscriptionMrr: object({
    subscription: text,
    items: list(ref('MrrItem')),
    changes: list(
      object({
        ...fieldsOf(SUBSCRIPTION_MRR.tables.mrr_parts, ['no', 'livemode', 'account']),
        isIncomplete: flag,
        changedBy: ref('ChangedBy'),
      }),
    ),
    trials: list(
      object({
        ...fieldsOf(SUBSCRIPTION_MRR.tables.mrr_trials, ['no', 'livemode', 'account']),
        isIncomplete: flag,
      }),
    ),
    ...booked,
  }),
};

/** Resources that are a table and no more: what they answer is their columns. */
export const plain = [CHECKOUT_SESSIONS, ...RESOURCES].filter(({ complete }) => complete === undefined);
/** `PaymentMethod` of the kind `payment method`, `UpcomingInvoice` of `upcoming invoice of the subscription`. */
export const schemaNameOf = ({ kind }: Resource): string =>
  kind.replace(/ of the .*/, '').replace(/(?:^| )(\w)/g, (_, letter: string) => letter.toUpperCase());
const ofPlain: Properties = Object.fromEntries(
  plain.flatMap((resource) => [
    [schemaNameOf(resource), row(fieldsOf(resource.table), resource === CHECKOUT_SESSIONS ? reference : {})],
    [`${schemaNameOf(resource)}Page`, page(schemaNameOf(resource), counted)],
  ]),
);

const all: Properties = {
  ...{ ...shared, ...ofPlain, ...billing, ...money, ...access },
  ...{ ...accessChanges, ...operations, ...books, ...stripeSide },
};

/** What a schema has inside, by its title: members of JSON columns, which columns of several tables share. */
const titledIn = (schema: unknown): [title: string, schema: JsonSchema][] => {
  if (typeof schema !== 'object' || schema === null) return [];
  const { title, ...rest } = schema as JsonSchema;
  const inner = Object.values(rest).flatMap(titledIn);
  return typeof title === 'string' ? [...inner, [title, { ...rest, type: 'object' }]] : inner;
};

/** A schema with those that have a title in components of their own. */
const apart = (schema: unknown): unknown => {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(apart);
  const { title, type } = schema as JsonSchema;
  if (typeof title !== 'string')
    return Object.fromEntries(Object.entries(schema).map(([name, one]) => [name, apart(one)]));
  return Array.isArray(type) ? orNull(ref(title)) : ref(title);
};

/** Every schema of the API's answers by its name, of which no answer has a member more. */
export const schemas = apart({ ...all, ...Object.fromEntries(titledIn(all)) }) as Properties;
