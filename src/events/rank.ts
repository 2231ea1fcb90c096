import { field, type Json, type JsonObject } from './json.js';

/**
 * Kinds in the order in which Stripe's objects come to be, where it does not show in their events: a customer before its
 * subscription, that before its invoice, that before its payment. Others come after these.
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

/** The rank of an object's kind among events of one second. */
export function kindRankOf(object: JsonObject): number {
  return kindRanks.get(String(field(object, 'object'))) ?? kinds.length;
}

/** For each kind its statuses from first to last; those of one line have no order among them. */
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
/** The statuses that objects of Stripe's name are known to have, from first to last, those of one stage together. */
export const lifecycleOf = (object: keyof typeof lifecycles): readonly (readonly string[])[] => lifecycles[object];
/** The same in one list. */
export const statusesOf = (object: keyof typeof lifecycles): readonly string[] => lifecycleOf(object).flat();

/** Kinds whose status may go back: a past due subscription becomes active, a payment intent needs another method again. */
const twoWay = new Set(['subscription', 'payment_intent', 'setup_intent']);

const rankStep = 1_000;
const lifecycleRanks = new Map(
  Object.entries(lifecycles).flatMap(([kind, steps]) =>
    steps.flatMap((statuses, rank) => statuses.map((status) => [`${kind} ${status}`, rank * rankStep] as const)),
  ),
);
/** Where a status unknown to us stands, and a kind without one: neither at the start nor at the end. */
const middleRank = 2.5 * rankStep;

/**
 * How far on in its life a snapshot shows its object: by its status and, for an invoice, by how often its payment was
 * attempted. Comparable between snapshots of one kind only.
 */
export function lifecycleRankOf(object: JsonObject): number {
  if (isTestClock(object)) return clockRankOf(object);
  const attempts = Number(field(object, 'object') === 'invoice' && field(object, 'attempt_count'));
  const rank = lifecycleRanks.get(`${String(field(object, 'object'))} ${String(statusOf(object))}`) ?? middleRank;
  return rank + (attempts > 0 ? Math.min(attempts, rankStep - 1) : 0);
}

const isTestClock = (object: JsonObject): boolean => field(object, 'object') === 'test_helpers.test_clock';

/** A test clock's time only goes forward, and at one time the clock is ready before it begins to advance. */
function clockRankOf(clock: JsonObject): number {
  const step = field(clock, 'status') === 'ready' ? 0 : 1;
  return (Number(field(clock, 'frozen_time') ?? 0) * 2 + step) * rankStep;
}

/** The stage of a life that a rank is of: attempts to collect an invoice do not begin another. */
export const stageOf = (rank: number): number => Math.floor(rank / rankStep);

/** Whether an object's status never goes back, so that of two snapshots with different ranks the lower is the earlier. */
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

/** The status of a charge: until 2015-02-18 `paid` where it is `succeeded` now, and before 2014 none. */
export function chargeStatusOf(object: JsonObject): string {
  const status = field(object, 'status');
  if (typeof status === 'string') return status === 'paid' ? 'succeeded' : status;
  return field(object, 'paid') === true ? 'succeeded' : 'failed';
}

/**
 * The status of an invoice from before 2018-11-08, when it was spread over `paid`, `forgiven`, `closed` and `attempted`. A closed one is
 * collected no further by itself, and is owed all the same: `closed` became `auto_advance: false`, not `void`
 * (docs.stripe.com/changelog/2018-11-08). None of the signs of a finalised invoice is on a draft.
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

/** A number, a due date or a page of its own: what only an invoice has that can be sent, and an attempt to collect it. */
const signsOfAFinalInvoice = ['number', 'due_date', 'finalized_at', 'hosted_invoice_url', 'invoice_pdf', 'charge'];

/** Whether a subscription's status is its last: its id is never revived, whatever arrives later. */
export function isFinalStatus(status: string): boolean {
  return status === 'canceled' || status === 'incomplete_expired';
}
