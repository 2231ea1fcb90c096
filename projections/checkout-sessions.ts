import type { CheckoutSessionSnapshot, Metadata } from '../src/events/normalise.js';
import { lifecycleOf, statusesOf } from '../src/events/rank.js';
import { between, entry, id, inAnyCase, json, money, oneOf, text, time } from './columns.js';
import { isStale, type Life } from './life.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';
import { metadata } from './shapes.js';

const TEXT_BYTES_MAX = 2_000;
const PAYMENT_STATUSES = ['unpaid', 'paid', 'no_payment_required'];

/** Amounts in minor units of `currency`. */
const columns = {
  id: id(),
  mode: id()
    .orNull()
    .filtered(oneOf(['payment', 'setup', 'subscription'])),
  status: id()
    .orNull()
    .filtered(oneOf(statusesOf('checkout.session'))),
  payment_status: id().orNull().filtered(oneOf(PAYMENT_STATUSES)),
  customer: id().orNull().filtered(),
  email: text({ bytesMax: TEXT_BYTES_MAX }).orNull().filtered(inAnyCase()),
  client_reference_id: id().orNull().filtered(),
  subscription: id().orNull().filtered(),
  invoice: id().orNull().filtered(),
  payment_intent: id().orNull().filtered(),
  setup_intent: id().orNull(),
  payment_link: id().orNull().filtered(),
  currency: text().orNull(),
  amount_subtotal_minor: money().orNull(),
  amount_total_minor: money().orNull(),
  metadata: json<Metadata>(metadata).orNull().filtered(entry()),
  created_at: time().orNull().filtered(between('created')),
  expires_at: time().orNull(),
};
type Row = ReturnType<typeof sessionRow>;

const life = lifecycleOf('checkout.session');
/** A payment that takes days is `unpaid` when the session completes, and `paid` once it succeeds. */
const paying: Life = [['unpaid'], ['paid', 'no_payment_required']];

/** How did each Checkout Session end, was it paid, for which of your users, and which objects resulted from it? */
export const checkoutSessions = defineProjection({
  name: 'checkout_sessions',
  version: 3,
  tables: {
    checkout_sessions: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [],
      listedBy: { time: 'created_at', id: 'id' },
    },
  },
  initial: (): Row | null => null,
  evolve: {
    checkout_session: (row, fact) => (row !== null && isOutdated(row, fact.snapshot) ? row : sessionRow(fact)),
    ...allBut('checkout_session'),
  },
  rows: (row) => ({ checkout_sessions: row === null ? [] : [row] }),
});

const isOutdated = (row: Row, { status, paymentStatus }: CheckoutSessionSnapshot): boolean =>
  (row.status !== null && status !== null && isStale(life, row.status, status)) ||
  (row.payment_status !== null && paymentStatus !== null && isStale(paying, row.payment_status, paymentStatus));

const sessionRow = (fact: Fact<CheckoutSessionSnapshot>) => rowOf(columns, fact.snapshot, provenanceOf(fact));
