import type { EntitlementsSnapshot, Snapshot } from '../src/events/normalise.js';
import { defineProjection, ignored, type Fact } from './projection.js';
import { ID, provenanceColumns, provenanceOf, rowOf, withId, type ById } from './row.js';

const columns = { customer: ID, id: ID, feature: `${ID} not null`, lookup_key: 'text not null' };
/** `has_all_entitlements` is false when the customer has more than Stripe's last summary shows. */
const summaryColumns = { customer: ID, has_all_entitlements: 'boolean not null', is_customer_deleted: 'boolean not null' };

type Row = ReturnType<typeof entitlementRow>;
type State = Readonly<{ summary: ReturnType<typeof summaryRow> | null; entitlements: ById<Row> }>;

/**
 * To which features is each customer entitled, since which event? Stripe's summary lists all of them, so that what is
 * not listed was lost; a row keeps the event that listed it first without a break. A deleted customer has none, for good.
 */
export const entitlements = defineProjection({
  name: 'entitlements',
  version: 2,
  tables: {
    entitlements: { columns: { ...columns, ...provenanceColumns }, key: ['customer', 'id'], indexes: [['lookup_key']] },
    entitlement_summaries: { columns: { ...summaryColumns, ...provenanceColumns }, key: ['customer'], indexes: [] },
  },
  initial: (): State => ({ summary: null, entitlements: {} }),
  evolve: {
    entitlements: (state, fact) => {
      if (state.summary?.is_customer_deleted === true) return state;
      const { customer, hasAllEntitlements } = fact.snapshot;
      const listed = fact.snapshot.entitlements.map((one) => [one.id, listedRow(withId(state.entitlements, one.id), entitlementRow(fact, { ...one, customer }))] as const);
      return { summary: summaryRow(fact, { customer, hasAllEntitlements, isCustomerDeleted: false }), entitlements: Object.fromEntries(listed) };
    },
    deletion: (state, fact) => {
      const { object, id } = fact.snapshot;
      if (object !== 'customer' || id === null) return state;
      return { summary: summaryRow(fact, { customer: id, hasAllEntitlements: true, isCustomerDeleted: true }), entitlements: {} };
    },
    ...ignored(
      'subscription', 'invoice', 'upcoming_invoice', 'invoice_item', 'invoice_payment', 'payment', 'refund', 'dispute', 'credit_note', 'checkout_session',
      'subscription_schedule', 'customer', 'discount', 'price', 'plan', 'product', 'coupon', 'related_object',
    ),
  },
  rows: ({ summary, entitlements: listed }) => ({ entitlements: Object.values(listed), entitlement_summaries: summary === null ? [] : [summary] }),
});

/** The row as it was, while it says the same. */
const listedRow = (before: Row | undefined, now: Row): Row => (before?.feature === now.feature && before.lookup_key === now.lookup_key ? before : now);

const entitlementRow = (fact: Fact<EntitlementsSnapshot>, fields: Parameters<typeof rowOf<typeof columns>>[1]) => ({ ...rowOf(columns, fields), ...provenanceOf(fact) });
const summaryRow = (fact: Fact<Snapshot>, fields: Parameters<typeof rowOf<typeof summaryColumns>>[1]) => ({ ...rowOf(summaryColumns, fields), ...provenanceOf(fact) });
