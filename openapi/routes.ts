import { UPCOMING_INVOICES } from '../src/api/subscriptions/schedules.js';
import { plain, schemaNameOf } from './schemas.js';

/** The description of a route; its parameters come from the schemas in the code. */
export type RouteDescription = Readonly<{
  summary: string;
  /** The name of the answer's schema, or its media type if it is not JSON. */
  answer: string | Readonly<{ media: string }>;
  status?: number;
  /** The name of the request body's schema. */
  body?: string;
  /** Optional request headers besides the token. */
  headers?: readonly string[];
}>;

const EVENT_STREAM = { media: 'text/event-stream' };

/** Every route. A test fails for a route that is missing here. */
export const routes: Readonly<Record<string, RouteDescription>> = {
  ...Object.fromEntries(
    plain.flatMap((resource) => [
      [`GET /v1/${resource.name}`, { summary: `A list: ${resource.kind}`, answer: `${schemaNameOf(resource)}Page` }],
      [`GET /v1/${resource.name}/{id}`, { summary: `One ${resource.kind}`, answer: schemaNameOf(resource) }],
    ]),
  ),
  'GET /v1/find': { summary: 'Find objects by id, e-mail address or reference', answer: 'Find' },
  'GET /v1/findings': { summary: 'The lists of findings', answer: 'FindingLists' },
  'GET /v1/findings/{name}': { summary: 'The findings of one list', answer: 'Findings' },
  'GET /v1/subscriptions/{id}/upcoming': {
    summary: 'The next invoice of a subscription, as previewed',
    answer: schemaNameOf(UPCOMING_INVOICES),
  },
  'GET /': { summary: 'An index of the service', answer: 'Index' },
  'GET /health/live': { summary: 'The process runs and answers', answer: 'Alive' },
  'GET /health/ready': { summary: 'Whether this process can do the work of its roles', answer: 'Health' },
  'GET /health/ready/reads': { summary: 'Whether the read API is ready here', answer: 'Health' },
  'GET /metrics': { summary: 'Metrics for Prometheus', answer: { media: 'text/plain' } },
  'GET /openapi.json': { summary: 'This document', answer: { media: 'application/json' } },
  'GET /problems': { summary: 'All problem codes and their meaning', answer: 'ProblemKinds' },
  'GET /problems/{code}': { summary: 'The meaning of a problem code', answer: 'ProblemKind' },
  'POST /webhooks/stripe': { summary: 'Receives Stripe’s deliveries', answer: 'Acknowledged' },
  'GET /v1/status': { summary: 'The health of the service, in a sentence and in numbers', answer: 'Status' },
  'GET /v1/projections': { summary: 'The positions of the read models', answer: 'Projections' },
  'GET /v1/access': { summary: 'Whether a customer, or a person by email, has access', answer: 'Access' },
  'GET /v1/subscriptions': { summary: 'Subscriptions', answer: 'Subscriptions' },
  'GET /v1/subscriptions/{id}': { summary: 'A subscription', answer: 'Subscription' },
  'GET /v1/subscriptions/{id}/events': { summary: 'The events of a subscription in logical order', answer: 'Timeline' },
  'GET /v1/subscriptions/{id}/live': {
    summary: 'The current state of a subscription, and each later one',
    answer: EVENT_STREAM,
  },
  'GET /v1/customers': { summary: 'Customers', answer: 'Customers' },
  'GET /v1/customers/{id}': {
    summary: 'A customer, with subscriptions, invoices and payments',
    answer: 'CustomerEverything',
  },
  'GET /v1/customers/{id}/access': { summary: 'Whether a customer has access, until when, and why', answer: 'Access' },
  'GET /v1/customers/{id}/invoices': { summary: 'The invoices of a customer', answer: 'Invoices' },
  'GET /v1/customers/{id}/live': {
    summary: 'The current state of a customer, and each later one',
    answer: EVENT_STREAM,
  },
  'GET /v1/customers/{id}/subscriptions': { summary: 'The subscriptions of a customer', answer: 'Subscriptions' },
  'GET /v1/events': { summary: 'Recorded events, newest first', answer: 'Events' },
  'GET /v1/events/live': { summary: 'Each new event, as it is recorded', answer: EVENT_STREAM },
  'GET /v1/events/{id}': {
    summary: 'An event: its deliveries, its place in the log, its changes',
    answer: 'EventWithDeliveries',
  },
  'GET /v1/events/{id}/body': { summary: 'The body of an event, byte by byte', answer: { media: 'application/json' } },
  'GET /v1/streams/{name}': { summary: 'The events of a stream', answer: 'Stream' },
  'GET /v1/invoices': { summary: 'Invoices', answer: 'Invoices' },
  'GET /v1/invoices/{id}': { summary: 'An invoice with its payments', answer: 'Invoice' },
  'GET /v1/payments': { summary: 'Payments', answer: 'Payments' },
  'GET /v1/payments/{id}': { summary: 'A payment, by its intent or a charge', answer: 'Payment' },
  'GET /v1/refunds': { summary: 'Refunds', answer: 'Refunds' },
  'GET /v1/refunds/{id}': { summary: 'A refund', answer: 'Refund' },
  'GET /v1/disputes': { summary: 'Disputes', answer: 'Disputes' },
  'GET /v1/disputes/{id}': { summary: 'A dispute with its movements of money', answer: 'Dispute' },
  'GET /v1/churn-risk': { summary: 'Subscriptions at risk because of failed payments', answer: 'ChurnRisks' },
  'GET /v1/access-changes': {
    summary: 'Access changes with their reasons, in log order',
    answer: 'AccessFeed',
  },
  'GET /v1/access-changes/live': { summary: 'Each access change, as it is recorded', answer: EVENT_STREAM },
  'GET /v1/access-changes/held': { summary: 'Access changes that wait for approval', answer: 'HeldChanges' },
  'POST /v1/access-changes/approve': {
    summary: 'Approve the held access changes',
    answer: 'Approved',
    status: 202,
  },
  'POST /v1/access-changes/reject': {
    summary: 'Reject the held access changes, with a reason',
    answer: 'Rejected',
    status: 202,
    body: 'Rejection',
  },
  'GET /v1/customers/{id}/access-changes': {
    summary: 'The access decisions about a customer, newest first',
    answer: 'AccessHistory',
  },
  'GET /v1/operations': { summary: 'Operations, newest first', answer: 'Operations' },
  'POST /v1/operations': {
    summary: 'Request a rebuild, dry run, rollback, replay or verification',
    answer: 'Operation',
    status: 202,
    body: 'OperationRequest',
    headers: ['Idempotency-Key'],
  },
  'GET /v1/operations/{id}': { summary: 'An operation with its progress and result', answer: 'Operation' },
  'DELETE /v1/operations/{id}': { summary: 'Cancel an operation', answer: 'Operation' },
  'GET /v1/stripe/coverage': {
    summary: 'The time until which the log has all events that Stripe lists',
    answer: 'StripeCoverage',
  },
  'GET /v1/stripe/runs': { summary: 'Backfills, recoveries and comparisons, newest first', answer: 'StripeRuns' },
  'POST /v1/stripe/runs': {
    summary: 'Start a backfill, a recovery of events, or a comparison',
    answer: 'StripeRun',
    status: 202,
    body: 'StripeRunRequest',
  },
  'POST /v1/stripe/runs/{id}/stop': { summary: 'Stop a run', answer: 'StripeRun', status: 202 },
  'GET /v1/stripe/runs/{id}': { summary: 'A run with its progress and result', answer: 'StripeRun' },
  'GET /v1/stripe/runs/{id}/findings': {
    summary: 'The differences from Stripe that a run found',
    answer: 'StripeFindings',
  },
  'POST /v1/subscriptions/{id}/refresh': {
    summary: 'Read a subscription from Stripe now, and append what the ledger lacks',
    answer: 'Refreshed',
  },
  'POST /v1/customers/{id}/refresh': {
    summary: 'Read a customer, its subscriptions and open invoices from Stripe now',
    answer: 'Refreshed',
  },
  'GET /v1/journal': { summary: 'Entries of the double-entry journal, with their postings', answer: 'JournalEntries' },
  'GET /v1/journal/export': {
    summary: 'The journal as a file for beancount, hledger, a spreadsheet or a program',
    answer: { media: 'text/plain' },
  },
  'GET /v1/journal/{id}': { summary: 'An entry of the journal', answer: 'JournalEntryWithBooks' },
  'GET /v1/invoices/{id}/journal': {
    summary: 'The book of an invoice: entries, balances after each, and revenue by month',
    answer: 'InvoiceBook',
  },
  'GET /v1/trial-balance': {
    summary: 'The balance of every account, at the end of a month or at a moment',
    answer: 'TrialBalances',
  },
  'GET /v1/reconciliation': {
    summary: 'Unexplained money at Stripe and on its way to the bank',
    answer: 'Reconciliation',
  },
  'GET /v1/revenue': { summary: 'Income by month, and deferred revenue at the end of each', answer: 'Incomes' },
  'GET /v1/revenue/recognised': { summary: 'Recognised revenue, by what was sold', answer: 'RecognisedRevenue' },
  'GET /v1/revenue/deferred': {
    summary: 'Deferred revenue at a moment, by earning month or by what was sold',
    answer: 'DeferredRevenue',
  },
  'GET /v1/revenue/waterfall': { summary: 'Revenue by month of billing and month of earning', answer: 'Waterfalls' },
  'GET /v1/payouts/{id}/reconciliation': {
    summary: 'The transactions of a payout, and what is unexplained',
    answer: 'PayoutReconciliation',
  },
  'GET /v1/accounts': { summary: 'The chart of accounts, with balances', answer: 'ChartOfAccounts' },
  'GET /v1/accounts/{name}/postings': {
    summary: 'The postings of an account',
    answer: 'AccountPostings',
  },
  'GET /v1/closings': { summary: 'Closed months, newest first', answer: 'Closings' },
  'POST /v1/closings': {
    summary: 'Close a month and the open months before it',
    answer: 'ClosedMonths',
    body: 'ClosingRequest',
  },
  'GET /v1/closings/{month}': { summary: 'A closed month, with its balances', answer: 'ClosingWithBalances' },
  'GET /v1/closings/{month}/corrections': {
    summary: 'Corrections of a closed month since its closing',
    answer: 'Corrections',
  },
  'GET /v1/closings/{month}/posted-corrections': {
    summary: 'Corrections of closed months that are posted in a month',
    answer: 'PostedCorrections',
  },
  'POST /v1/closings/{month}/reopen': {
    summary: 'Reopen the last closed month',
    answer: 'Reopening',
    body: 'ReopeningRequest',
  },
  'GET /v1/mrr': { summary: 'Monthly recurring revenue over time, with its movements', answer: 'MrrOverTime' },
  'GET /v1/mrr/movements': { summary: 'Movements of MRR, each with its causes', answer: 'MrrMovements' },
  'GET /v1/mrr/movements/{id}': { summary: 'A movement of MRR', answer: 'MrrMovementWithBooks' },
  'GET /v1/mrr/retention': { summary: 'Retention of MRR and customers', answer: 'Retentions' },
  'GET /v1/mrr/cohorts': {
    summary: 'Customers by starting month, and how many remain',
    answer: 'MrrCohorts',
  },
  'GET /v1/mrr/committed': { summary: 'MRR less subscriptions set to end within some days', answer: 'CommittedMrr' },
  'GET /v1/mrr/trials': { summary: 'Trials that ended, and those that converted', answer: 'MrrTrials' },
  'GET /v1/mrr/trials/ended': { summary: 'The trials that ended, one by one', answer: 'MrrTrialsEnded' },
  'GET /v1/mrr/customers': {
    summary: 'MRR by customer at the end of a day, compared with an earlier day',
    answer: 'MrrCustomers',
  },
  'GET /v1/customers/{id}/mrr': { summary: 'A customer’s MRR over time, with causes', answer: 'CustomerMrr' },
  'GET /v1/subscriptions/{id}/mrr': {
    summary: 'A subscription’s MRR over time, with causes',
    answer: 'SubscriptionMrr',
  },
  'GET /v1/parked': { summary: 'Streams that a projection could not fold', answer: 'ParkedStreams' },
  'GET /v1/parked/{projection}/{stream}': {
    summary: 'A parked stream, with the stack of its error',
    answer: 'ParkedWithStack',
  },
  'POST /v1/parked/{projection}/{stream}/replay': { summary: 'Fold a parked stream again', answer: 'Replay' },
  'POST /v1/parked/replay': { summary: 'Fold all parked streams again', answer: 'ReplaysWanted', status: 202 },
};
