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
  'GET /v1/find': { summary: 'What an id, an email or a reference names', answer: 'Find' },
  'GET /v1/findings': { summary: 'Questions about the whole ledger that have an answer', answer: 'FindingLists' },
  'GET /v1/findings/{name}': { summary: 'What one of these questions has found', answer: 'Findings' },
  'GET /v1/subscriptions/{id}/upcoming': {
    summary: 'What the next invoice of a subscription will ask',
    answer: schemaNameOf(UPCOMING_INVOICES),
  },
  'GET /': { summary: 'What the service has', answer: 'Index' },
  'GET /health/live': { summary: 'The process runs and answers', answer: 'Alive' },
  'GET /health/ready': { summary: 'Whether this process can do what its roles ask', answer: 'Health' },
  'GET /health/ready/reads': { summary: 'Whether the read API may be asked here', answer: 'Health' },
  'GET /metrics': { summary: 'What the process counts, for Prometheus', answer: { media: 'text/plain' } },
  'GET /openapi.json': { summary: 'This document', answer: { media: 'application/json' } },
  'GET /problems': { summary: 'What the codes of problems mean', answer: 'ProblemKinds' },
  'GET /problems/{code}': { summary: 'What the code of a problem means', answer: 'ProblemKind' },
  'POST /webhooks/stripe': { summary: 'Where Stripe delivers', answer: 'Acknowledged' },
  'GET /v1/status': { summary: 'How the service is, in a sentence and its numbers', answer: 'Status' },
  'GET /v1/projections': { summary: 'How far the read models are', answer: 'Projections' },
  'GET /v1/access': { summary: 'Whether a customer, or a person by email, has access', answer: 'Access' },
  'GET /v1/subscriptions': { summary: 'Subscriptions', answer: 'Subscriptions' },
  'GET /v1/subscriptions/{id}': { summary: 'A subscription', answer: 'Subscription' },
  'GET /v1/subscriptions/{id}/events': { summary: 'The events of a subscription in logical order', answer: 'Timeline' },
  'GET /v1/subscriptions/{id}/live': { summary: 'A subscription now, and each later state', answer: EVENT_STREAM },
  'GET /v1/customers': { summary: 'Customers', answer: 'Customers' },
  'GET /v1/customers/{id}': {
    summary: 'A customer, with subscriptions, invoices and payments',
    answer: 'CustomerEverything',
  },
  'GET /v1/customers/{id}/access': { summary: 'Whether a customer has access, until when, and why', answer: 'Access' },
  'GET /v1/customers/{id}/invoices': { summary: 'The invoices of a customer', answer: 'Invoices' },
  'GET /v1/customers/{id}/live': { summary: 'A customer now, and each later state', answer: EVENT_STREAM },
  'GET /v1/customers/{id}/subscriptions': { summary: 'The subscriptions of a customer', answer: 'Subscriptions' },
  'GET /v1/events': { summary: 'Events as they were recorded, the newest first', answer: 'Events' },
  'GET /v1/events/live': { summary: 'Each new event, as it comes', answer: EVENT_STREAM },
  'GET /v1/events/{id}': {
    summary: 'An event: how it came, where it stands, what it changed',
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
  'GET /v1/disputes/{id}': { summary: 'A dispute with the money that it moved', answer: 'Dispute' },
  'GET /v1/churn-risk': { summary: 'Subscriptions about to be lost for want of payment', answer: 'ChurnRisks' },
  'GET /v1/access-changes': {
    summary: 'Whose access has changed, and why, in the order of the log',
    answer: 'AccessFeed',
  },
  'GET /v1/access-changes/live': { summary: 'Each change of access, as it comes', answer: EVENT_STREAM },
  'GET /v1/access-changes/held': { summary: 'Changes of access that wait for an approval', answer: 'HeldChanges' },
  'POST /v1/access-changes/approve': {
    summary: 'Record the changes of access that are held',
    answer: 'Approved',
    status: 202,
  },
  'POST /v1/access-changes/reject': {
    summary: 'Do not record the changes of access that are held, and say why',
    answer: 'Rejected',
    status: 202,
    body: 'Rejection',
  },
  'GET /v1/customers/{id}/access-changes': {
    summary: 'The decisions about the access of a customer, the newest first',
    answer: 'AccessHistory',
  },
  'GET /v1/operations': { summary: 'Long work that was asked for, the newest first', answer: 'Operations' },
  'POST /v1/operations': {
    summary: 'Ask for a rebuild, a dry run, a rollback, a replay or a verification',
    answer: 'Operation',
    status: 202,
    body: 'OperationRequest',
    headers: ['Idempotency-Key'],
  },
  'GET /v1/operations/{id}': { summary: 'An operation: how far it is, and what came of it', answer: 'Operation' },
  'DELETE /v1/operations/{id}': { summary: 'Cancel an operation', answer: 'Operation' },
  'GET /v1/stripe/coverage': {
    summary: 'Up to when all events that Stripe lists are in the log',
    answer: 'StripeCoverage',
  },
  'GET /v1/stripe/runs': { summary: 'What Stripe was asked for, the newest first', answer: 'StripeRuns' },
  'POST /v1/stripe/runs': {
    summary: 'Ask Stripe: a backfill, a recovery of events, or a comparison',
    answer: 'StripeRun',
    status: 202,
    body: 'StripeRunRequest',
  },
  'POST /v1/stripe/runs/{id}/stop': { summary: 'Stop a run', answer: 'StripeRun', status: 202 },
  'GET /v1/stripe/runs/{id}': { summary: 'A run: how far it is, and what came of it', answer: 'StripeRun' },
  'GET /v1/stripe/runs/{id}/findings': {
    summary: 'What a run found that differs from Stripe',
    answer: 'StripeFindings',
  },
  'POST /v1/subscriptions/{id}/refresh': {
    summary: 'Look at a subscription at Stripe now, and append what the ledger does not know',
    answer: 'Refreshed',
  },
  'POST /v1/customers/{id}/refresh': {
    summary: 'The same of a customer, its subscriptions and open invoices',
    answer: 'Refreshed',
  },
  'GET /v1/journal': { summary: 'Entries of the double-entry journal, with their postings', answer: 'JournalEntries' },
  'GET /v1/journal/export': {
    summary: 'The journal as a file for beancount, hledger, a spreadsheet or a program',
    answer: { media: 'text/plain' },
  },
  'GET /v1/journal/{id}': { summary: 'An entry of the journal', answer: 'JournalEntryWithBooks' },
  'GET /v1/invoices/{id}/journal': {
    summary: 'The book of an invoice: its entries, the balances after each, and what is earned when',
    answer: 'InvoiceBook',
  },
  'GET /v1/trial-balance': {
    summary: 'What stands on every account, at the end of a month or at a second',
    answer: 'TrialBalances',
  },
  'GET /v1/reconciliation': {
    summary: 'What is not explained yet of the money at Stripe and on its way to the bank',
    answer: 'Reconciliation',
  },
  'GET /v1/revenue': { summary: 'Income by month, and what is deferred at the end of each', answer: 'Incomes' },
  'GET /v1/revenue/recognised': { summary: 'What was earned, by what was sold', answer: 'RecognisedRevenue' },
  'GET /v1/revenue/deferred': {
    summary: 'What is deferred at a moment, by the month in which it is earned or by what was sold',
    answer: 'DeferredRevenue',
  },
  'GET /v1/revenue/waterfall': { summary: 'What was billed in each month, by when it is earned', answer: 'Waterfalls' },
  'GET /v1/payouts/{id}/reconciliation': {
    summary: 'What a payout consists of, and what is not explained of it yet',
    answer: 'PayoutReconciliation',
  },
  'GET /v1/accounts': { summary: 'The chart of accounts, with what stands on each', answer: 'ChartOfAccounts' },
  'GET /v1/accounts/{name}/postings': {
    summary: 'What moved on an account of the chart, posting by posting',
    answer: 'AccountPostings',
  },
  'GET /v1/closings': { summary: 'Months that are closed, the newest first', answer: 'Closings' },
  'POST /v1/closings': {
    summary: 'Close a month, and the open ones before it',
    answer: 'ClosedMonths',
    body: 'ClosingRequest',
  },
  'GET /v1/closings/{month}': { summary: 'A closed month, with its balances', answer: 'ClosingWithBalances' },
  'GET /v1/closings/{month}/corrections': {
    summary: 'What became known of a closed month since it was closed',
    answer: 'Corrections',
  },
  'GET /v1/closings/{month}/posted-corrections': {
    summary: 'What a month has of corrections of closed months, part by part',
    answer: 'PostedCorrections',
  },
  'POST /v1/closings/{month}/reopen': {
    summary: 'Open the last closed month again',
    answer: 'Reopening',
    body: 'ReopeningRequest',
  },
  'GET /v1/mrr': { summary: 'Monthly recurring revenue over time, and what moved it', answer: 'MrrOverTime' },
  'GET /v1/mrr/movements': { summary: 'Movements of MRR, each with its causes', answer: 'MrrMovements' },
  'GET /v1/mrr/movements/{id}': { summary: 'A movement of MRR', answer: 'MrrMovementWithBooks' },
  'GET /v1/mrr/retention': { summary: 'What MRR and which customers were kept', answer: 'Retentions' },
  'GET /v1/mrr/cohorts': {
    summary: 'Customers by the month they began in, and what is left of them',
    answer: 'MrrCohorts',
  },
  'GET /v1/mrr/committed': { summary: 'MRR less what is known to end within some days', answer: 'CommittedMrr' },
  'GET /v1/mrr/trials': { summary: 'Trials that ended, and those that converted', answer: 'MrrTrials' },
  'GET /v1/mrr/trials/ended': { summary: 'The trials that ended, one by one', answer: 'MrrTrialsEnded' },
  'GET /v1/mrr/customers': { summary: 'Whose MRR it is at the end of a day, against before', answer: 'MrrCustomers' },
  'GET /v1/customers/{id}/mrr': { summary: 'What a customer is worth over time, and why', answer: 'CustomerMrr' },
  'GET /v1/subscriptions/{id}/mrr': {
    summary: 'What a subscription is worth over time, and why',
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
