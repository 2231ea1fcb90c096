import type { EntitlementsSnapshot, Snapshot } from '../src/events/normalise.js';
import { flag, id, text } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf, withId, type ById, type FieldsOf } from './row.js';

/** Stripe's own limit is 80 characters. The column needs a limit because entitlements are searched by it. */
const LOOKUP_KEY_BYTES_MAX = 2_000;

const columns = { customer: id(), id: id(), feature: id(), lookup_key: text({ bytesMax: LOOKUP_KEY_BYTES_MAX }) };
/** `has_all_entitlements` is false when the customer has more entitlements than Stripe's last summary lists. */
const summaryColumns = { customer: id(), has_all_entitlements: flag(), is_customer_deleted: flag() };

type Row = ReturnType<typeof entitlementRow>;
type State = Readonly<{ summary: ReturnType<typeof summaryRow> | null; entitlements: ById<Row> }>;

/**
 * Which features is each customer entitled to, and since which event? An entitlement that a summary omits has ended,
 * unless the summary says that it is incomplete. A row keeps the first event since which it was listed without a break.
 * A deleted customer has no entitlements, for good.
 */
export const entitlements = defineProjection({
  name: 'entitlements',
  version: 6,
  tables: {
    entitlements: { columns: { ...columns, ...provenanceColumns }, key: ['customer', 'id'], indexes: [['lookup_key']] },
    entitlement_summaries: { columns: { ...summaryColumns, ...provenanceColumns }, key: ['customer'], indexes: [] },
  },
  // The summary, which has no id, and the deletion are both about the customer.
  objectOf: ({ snapshot }) => {
    if (snapshot.kind === 'entitlements') return `customer ${snapshot.customer}`;
    return snapshot.kind === 'deletion' && snapshot.object === 'customer' && snapshot.id !== null
      ? `customer ${snapshot.id}`
      : null;
  },
  initial: (): State => ({ summary: null, entitlements: {} }),
  evolve: {
    entitlements: (state, fact) => {
      if (state.summary?.is_customer_deleted) return state;
      const { customer, hasAllEntitlements } = fact.snapshot;
      const listed = fact.snapshot.entitlements.map(
        (one) =>
          [one.id, listedRow(withId(state.entitlements, one.id), entitlementRow(fact, { ...one, customer }))] as const,
      );
      return {
        summary: summaryRow(fact, { customer, hasAllEntitlements, isCustomerDeleted: false }),
        entitlements: { ...(hasAllEntitlements ? {} : state.entitlements), ...Object.fromEntries(listed) },
      };
    },
    deletion: (state, fact) => {
      const { id } = fact.snapshot;
      if (id === null) return state;
      return {
        summary: summaryRow(fact, { customer: id, hasAllEntitlements: true, isCustomerDeleted: true }),
        entitlements: {},
      };
    },
    ...allBut('entitlements', 'deletion'),
  },
  rows: ({ summary, entitlements: listed }) => ({
    entitlements: Object.values(listed),
    entitlement_summaries: summary === null ? [] : [summary],
  }),
});

/** The earlier row if it is the same, else the new one. */
const listedRow = (before: Row | undefined, now: Row): Row =>
  before?.feature === now.feature && before.lookup_key === now.lookup_key ? before : now;

const entitlementRow = (fact: Fact<EntitlementsSnapshot>, fields: FieldsOf<typeof columns>) =>
  rowOf(columns, fields, provenanceOf(fact));
const summaryRow = (fact: Fact<Snapshot>, fields: FieldsOf<typeof summaryColumns>) =>
  rowOf(summaryColumns, fields, provenanceOf(fact));
