import type { CreditNoteSnapshot, PaymentSnapshot, RefundFacts, RefundSnapshot } from '../src/events/normalise.js';
import { lifecycleOf, statusesOf } from '../src/events/rank.js';
import { isStale } from './life.js';
import { between, id, money, oneOf, text, time } from './columns.js';
import { defineProjection, ignored, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf, withId, type ById, type FieldsOf } from './row.js';

/** What is known of a refund, from any source. Amounts in minor units of `currency`. */
const fields = {
  currency: text(),
  charge: id().orNull().filtered(),
  payment_intent: id().orNull().filtered(),
  balance_transaction: id().orNull(),
  failure_balance_transaction: id().orNull(),
  failure_reason: text().orNull(),
  reason: text().orNull(),
  created_at: time().orNull().filtered(between('created')),
  /** When the first event that shows it happened. */
  known_since: time(),
};
const columns = {
  id: id(),
  status: id().filtered(oneOf(statusesOf('refund'))),
  amount_minor: money(),
  customer: id().orNull().filtered(),
  ...fields,
};
/** A credit note has no status and not always an amount, which is its own share of the refund. */
const evidenceColumns = {
  refund: id(),
  source: id(),
  source_object: id().filtered(),
  status: id().orNull().filtered(),
  amount_minor: money().orNull(),
  invoice: id().orNull(),
  ...fields,
};

type Row = ReturnType<typeof refundRow>;
type Evidence = ReturnType<typeof evidenceRow>;
/** For a refund, its row; for a charge or credit note, what it says about refunds, by refund id. */
type State = Readonly<{ refund: Row | null; evidence: ById<Evidence> }>;

/** A refund may fail after it has succeeded. */
const life = lifecycleOf('refund');

/** Whether the second of two refund statuses is further along in its lifecycle; null: unknown. */
export function isFurtherRefund(was: string | null, is: string | null): boolean {
  if (is === null) return false;
  return was === null || (was !== is && !isStale(life, was, is) && isStale(life, is, was));
}

/**
 * What is each refund now? `refunds` has those with events of their own, each once by its id, even when several Stripe
 * events report one change (`charge.refund.updated` and `refund.updated`). `refund_evidence` has what charges (until
 * 2022-11-15) and credit notes say about refunds, by refund and source: all that is known of a refund whose own events
 * were never sent.
 */
export const refunds = defineProjection({
  name: 'refunds',
  version: 6,
  tables: {
    refunds: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [],
      listedBy: { time: 'created_at', id: 'id' },
    },
    refund_evidence: {
      columns: { ...evidenceColumns, ...provenanceColumns },
      key: ['refund', 'source'],
      indexes: [['source'], ['invoice']],
      listedBy: { time: 'created_at', id: 'refund' },
    },
  },
  // A payment intent says nothing about refunds.
  objectOf: ({ snapshot, order }) =>
    snapshot.kind === 'payment' && snapshot.object === 'payment_intent' ? null : order.objectKey,
  initial: (): State => ({ refund: null, evidence: {} }),
  evolve: {
    refund: (state, fact) =>
      state.refund !== null && isStale(life, state.refund.status, fact.snapshot.status)
        ? state
        : { ...state, refund: refundRow(fact, state.refund?.known_since ?? fact.event.created) },
    payment: (state, fact) =>
      withEvidence(
        state,
        fact.snapshot.refunds.map((refund) => ofCharge(fact, refund)),
      ),
    credit_note: (state, fact) =>
      withEvidence(
        state,
        fact.snapshot.refunds.map((refund) => ofCreditNote(fact, refund)),
      ),
    ...ignored(
      'subscription',
      'invoice',
      'upcoming_invoice',
      'invoice_item',
      'invoice_payment',
      'dispute',
      'checkout_session',
      'subscription_schedule',
      'customer',
      'discount',
      'entitlements',
      'price',
      'plan',
      'product',
      'coupon',
      'deletion',
      'related_object',
      'movement',
      'balance_transaction',
      'balance',
      'payout_transactions',
      'payment_method',
      'promotion_code',
    ),
  },
  rows: ({ refund, evidence }) => ({
    refunds: refund === null ? [] : [refund],
    refund_evidence: Object.values(evidence),
  }),
});

const refundRow = (fact: Fact<RefundSnapshot>, knownSince: string) =>
  rowOf(columns, { ...fact.snapshot, knownSince }, provenanceOf(fact));

function withEvidence(state: State, evidence: readonly Evidence[]): State {
  const fresh = evidence.map((row) => {
    const before = withId(state.evidence, row.refund);
    return [row.refund, before === undefined ? row : { ...row, known_since: before.known_since }] as const;
  });
  return { ...state, evidence: { ...state.evidence, ...Object.fromEntries(fresh) } };
}

const evidenceRow = (fact: Fact, fields: Omit<FieldsOf<typeof evidenceColumns>, 'knownSince'>) =>
  rowOf(evidenceColumns, { ...fields, knownSince: fact.event.created }, provenanceOf(fact));

/** Before 2014 refunds had no id, so their balance transaction names them. */
function ofCharge(fact: Fact<PaymentSnapshot>, refund: RefundFacts): Evidence {
  const { id, paymentIntent } = fact.snapshot;
  const name = refund.id ?? refund.balanceTransaction ?? `${id} ${refund.createdAt}`;
  return evidenceRow(fact, {
    ...refund,
    refund: name,
    source: id,
    sourceObject: 'charge',
    charge: id,
    paymentIntent,
    invoice: null,
  });
}

function ofCreditNote(fact: Fact<CreditNoteSnapshot>, refund: CreditNoteSnapshot['refunds'][number]): Evidence {
  const { id, currency, invoice } = fact.snapshot;
  const unknown = {
    status: null,
    charge: null,
    paymentIntent: null,
    balanceTransaction: null,
    failureBalanceTransaction: null,
    failureReason: null,
    reason: null,
    createdAt: null,
  };
  return evidenceRow(fact, { ...unknown, ...refund, source: id, sourceObject: 'credit_note', currency, invoice });
}
