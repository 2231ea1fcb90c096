import { field, type Json, type JsonObject } from './json.js';

/**
 * Kinds in the order in which Stripe creates objects, for events that do not show it: a customer before its
 * subscription, the subscription before its invoice, the invoice before its payment. Other kinds come after these.
 */
const kinds = [
  'account',
  'customer',
  'product',
  'plan',
  'price',
  'coupon',
  'promotion_code',
  'payment_method',
  'quote',
  'subscription_schedule',
  'subscription',
  'discount',
  'invoiceitem',
  'invoice',
  'setup_intent',
  'payment_intent',
  'charge',
  'invoice_payment',
  'refund',
  'dispute',
  'credit_note',
  'checkout.session',
];
const kindRanks = new Map(kinds.map((kind, rank) => [kind, rank]));

/** The rank of an object's kind among the events of one second. */
export function kindRankOf(object: JsonObject): number {
  return kindRanks.get(String(field(object, 'object'))) ?? kinds.length;
}

/** The statuses of each kind from first to last; those on one line have no order among them. */
const lifecycles = {
  subscription: [
    ['incomplete'],
    ['trialing'],
    ['active'],
    ['past_due'],
    ['unpaid'],
    ['paused'],
    ['incomplete_expired', 'canceled'],
  ],
  payment_intent: [
    ['requires_payment_method', 'requires_source'],
    ['requires_confirmation'],
    ['requires_action', 'requires_source_action'],
    ['processing'],
    ['requires_capture'],
    ['succeeded', 'canceled'],
  ],
  setup_intent: [
    ['requires_payment_method'],
    ['requires_confirmation'],
    ['requires_action'],
    ['processing'],
    ['succeeded', 'canceled'],
  ],
  invoice: [['draft'], ['open'], ['uncollectible'], ['paid'], ['void']],
  charge: [['pending'], ['succeeded', 'failed']],
  refund: [['pending', 'requires_action'], ['succeeded'], ['failed', 'canceled']],
  dispute: [
    ['warning_needs_response'],
    ['warning_under_review'],
    ['warning_closed'],
    ['needs_response'],
    ['under_review'],
    ['won', 'lost', 'charge_refunded', 'prevented'],
    ['appeal_needs_response'],
    ['appeal_under_review'],
  ],
  credit_note: [['issued'], ['void']],
  invoice_payment: [['open'], ['paid', 'canceled']],
  'checkout.session': [['open'], ['complete', 'expired']],
  subscription_schedule: [['not_started'], ['active'], ['completed', 'released', 'canceled']],
  payout: [['pending'], ['in_transit'], ['paid', 'canceled'], ['failed']],
  quote: [['draft'], ['open'], ['accepted', 'canceled']],
} satisfies Readonly<Record<string, readonly (readonly string[])[]>>;
/** The known statuses of a kind of Stripe object, from first to last, grouped by stage. */
export const lifecycleOf = (object: keyof typeof lifecycles): readonly (readonly string[])[] => lifecycles[object];
/** The same statuses as a flat list. */
export const statusesOf = (object: keyof typeof lifecycles): readonly string[] => lifecycleOf(object).flat();

/** Kinds whose status may go back: a past due subscription becomes active, an intent needs a new payment method. */
const twoWay = new Set(['subscription', 'payment_intent', 'setup_intent']);

const rankStep = 1_000;
const lifecycleRanks = new Map(
  Object.entries(lifecycles).flatMap(([kind, steps]) =>
    steps.flatMap((statuses, rank) => statuses.map((status) => [`${kind} ${status}`, rank * rankStep] as const)),
  ),
);
/** The rank of an unknown status, and of a kind without statuses: neither first nor last. */
const middleRank = 2.5 * rankStep;

/**
 * Returns how far an object is in its life cycle: by its status and, for an invoice, its number of payment attempts.
 * Comparable only between snapshots of one kind.
 */
export function lifecycleRankOf(object: JsonObject): number {
  if (isTestClock(object)) return clockRankOf(object);
  const attempts = Number(field(object, 'object') === 'invoice' && field(object, 'attempt_count'));
  const rank = lifecycleRanks.get(`${String(field(object, 'object'))} ${String(statusOf(object))}`) ?? middleRank;
  return rank + (attempts > 0 ? Math.min(attempts, rankStep - 1) : 0);
}

const isTestClock = (object: JsonObject): boolean => field(object, 'object') === 'test_helpers.test_clock';

/** A test clock's time only moves forward, and at any one time the clock is ready before it advances. */
function clockRankOf(clock: JsonObject): number {
  const step = field(clock, 'status') === 'ready' ? 0 : 1;
  return (Number(field(clock, 'frozen_time') ?? 0) * 2 + step) * rankStep;
}

/** The stage of a lifecycle rank: payment attempts on an invoice do not start a new stage. */
export const stageOf = (rank: number): number => Math.floor(rank / rankStep);

/** Whether an object's status never goes back, so that the snapshot with the lower rank is the earlier one. */
export function isOneWay(object: JsonObject): boolean {
  const kind = String(field(object, 'object'));
  return isTestClock(object) || (Object.hasOwn(lifecycles, kind) && !twoWay.has(kind));
}

function statusOf(object: JsonObject): Json {
  const kind = field(object, 'object');
  const status = field(object, 'status');
  if (kind === 'charge') return chargeStatusOf(object);
  return status ?? (kind === 'invoice' ? invoiceStatusOf(object) : null);
}

/** The status of a charge. Until 2015-02-18 `paid` meant `succeeded`; before 2014 there was no status. */
export function chargeStatusOf(object: JsonObject): string {
  const status = field(object, 'status');
  if (typeof status === 'string') return status === 'paid' ? 'succeeded' : status;
  return field(object, 'paid') === true ? 'succeeded' : 'failed';
}

/**
 * Returns the status of an invoice from before 2018-11-08, when it was spread over `paid`, `forgiven`, `closed` and
 * `attempted`. A closed invoice is no longer collected automatically but still owed: `closed` became `auto_advance:
 * false`, not `void` (docs.stripe.com/changelog/2018-11-08). An invoice that shows a sign of finalisation is not a
 * draft.
 */
export function invoiceStatusOf(object: JsonObject): string {
  const is = (name: string): boolean => field(object, name) === true;
  if (is('paid')) return 'paid';
  if (is('forgiven')) return 'uncollectible';
  const isAttempted = is('attempted') || Number(field(object, 'attempt_count') ?? 0) > 0;
  return is('closed') || isAttempted || signsOfAFinalInvoice.some((name) => field(object, name) !== null)
    ? 'open'
    : 'draft';
}

/** Fields that only a finalised invoice has: its number, due date, hosted page, PDF, or a charge. */
const signsOfAFinalInvoice = ['number', 'due_date', 'finalized_at', 'hosted_invoice_url', 'invoice_pdf', 'charge'];

/** Whether a subscription's status is final: the subscription never becomes active again, whatever arrives later. */
export function isFinalStatus(status: string): boolean {
  return status === 'canceled' || status === 'incomplete_expired';
}
