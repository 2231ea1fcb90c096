import type { DeletionSnapshot, Metadata, PriceSnapshot, PriceTerms, Tier } from '../src/events/normalise.js';
import { between, count, entry, flag, id, json, money, text, time, whetherDeleted } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { concernsRow, endsRow, isAbout, provenanceColumns, provenanceOf, rowOf, rowOfDeleted, scopeOf } from './row.js';
import { listOf, metadata, tier, transformQuantity } from './shapes.js';

/**
 * Amounts in minor units of `currency`. Users choose plan ids, which are unique in the `scope` of an account and mode.
 */
const columns = {
  id: id(),
  scope: id(),
  product: id().orNull().filtered(),
  is_active: flag().orNull().filtered({ by: 'value', name: 'active', known: null }),
  nickname: text().orNull(),
  lookup_key: id().orNull().filtered(),
  currency: text().orNull(),
  unit_amount_minor: money().orNull(),
  unit_amount_decimal: text().orNull(),
  interval: text().orNull(),
  interval_count: count().orNull(),
  usage_type: text().orNull(),
  billing_scheme: text().orNull(),
  /** Null when no event shows them. */
  tiers: json<readonly Tier[]>(listOf(tier)).orNull(),
  tiers_mode: text().orNull(),
  transform_quantity: json<NonNullable<PriceTerms['transformQuantity']>>(transformQuantity).orNull(),
  metadata: json<Metadata>(metadata).orNull().filtered(entry()),
  created_at: time().orNull().filtered(between('created')),
  is_deleted: flag().filtered(whetherDeleted()),
};
type Row = ReturnType<typeof priceRow>;
type State = Readonly<{ object: 'price' | 'plan'; row: Row }> | null;

const table = {
  columns: { ...columns, ...provenanceColumns },
  key: ['id', 'scope'],
  indexes: [],
  listedBy: { time: 'created_at', id: 'id' },
};

/**
 * What does each price charge, how does it recur, and is it still sold? `plans` has the same prices under their older
 * name, from Stripe's plan events; prices from before 2020 are known only from these.
 */
export const prices = defineProjection({
  name: 'prices',
  version: 5,
  tables: { prices: table, plans: table },
  objectOf: isAbout('price', 'plan'),
  initial: (): State => null,
  evolve: {
    price: (state, fact) => shown(state, fact),
    plan: (state, fact) => shown(state, fact),
    deletion: (state, fact) => deleted(state, fact),
    ...allBut('price', 'plan', 'deletion'),
  },
  rows: (state) => ({
    prices: state?.object === 'price' ? [state.row] : [],
    plans: state?.object === 'plan' ? [state.row] : [],
  }),
});

const shown = (state: State, fact: Fact<PriceSnapshot>): State =>
  concernsRow(state?.row ?? null, fact.snapshot.createdAt)
    ? { object: fact.snapshot.kind, row: priceRow(fact, fact.snapshot) }
    : state;

const priceRow = (fact: Fact, price: PriceSnapshot, isDeleted = false) =>
  rowOf(columns, { ...price, isActive: price.active, scope: scopeOf(price), isDeleted }, provenanceOf(fact));

/** A deletion shows the whole price, or only its id. */
function deleted(state: State, fact: Fact<DeletionSnapshot>): State {
  if (!endsRow(state?.row ?? null, fact)) return state;
  const { last } = fact.snapshot;
  if (last?.kind === 'price' || last?.kind === 'plan') return { object: last.kind, row: priceRow(fact, last, true) };
  const row = rowOfDeleted(state?.row ?? null, fact);
  return state && row && { ...state, row };
}
