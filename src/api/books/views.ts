import { journal } from '../../../derivations/journal/journal.js';
import { derivations } from '../../../derivations/index.js';
import { mrr, subscriptionMrrs } from '../../../derivations/mrr/mrr.js';
import { settledInvoices } from '../../../derivations/settling/settled-invoices.js';
import type { Tables } from '../../../projections/projection.js';
import type { AnyDerivation } from '../../../derivations/derivation.js';
import { viewOf } from '../../read-models/schema.js';

/** A derivation with its version in this build, which includes its projections'. */
function standing<T extends Tables>(derivation: AnyDerivation & Readonly<{ tables: T }>): typeof derivation {
  const found = derivations.find(({ name }) => name === derivation.name);
  if (found === undefined) throw new Error(`There is no derivation ${derivation.name}.`);
  return { ...derivation, version: found.version };
}

export const JOURNAL = standing(journal);
export const SUBSCRIPTION_MRR = standing(subscriptionMrrs);
export const MRR = standing(mrr);
export const SETTLED_INVOICES = standing(settledInvoices);

/** The views that money is read from. */
export const VIEWS = {
  entries: viewOf(JOURNAL, 'journal_entries'),
  postings: viewOf(JOURNAL, 'journal_postings'),
  schedules: viewOf(JOURNAL, 'revenue_schedules'),
  revenue: viewOf(JOURNAL, 'revenue_months'),
  months: `ledger.journal_months_v${JOURNAL.version}`,
  revenueByMonth: `ledger.revenue_by_month_v${JOURNAL.version}`,
  items: viewOf(SUBSCRIPTION_MRR, 'mrr_items'),
  parts: viewOf(SUBSCRIPTION_MRR, 'mrr_parts'),
  trials: viewOf(SUBSCRIPTION_MRR, 'mrr_trials'),
  steps: viewOf(MRR, 'mrr_steps'),
  movements: viewOf(MRR, 'mrr_movements'),
  days: `ledger.mrr_days_v${MRR.version}`,
  changes: `ledger.mrr_changes_v${MRR.version}`,
};

/** Rows of a derivation's table with staleness, like `rowsWithStaleness` of a projection; the key is the stream. */
export function rowsOfKeys<T extends Tables>(
  derivation: AnyDerivation & Readonly<{ tables: T }>,
  table: keyof T & string,
): string {
  return `(select shown.*, shown.key as stream, parked.since as stale_since, null::text as unread_event, parked.cause as stale_cause, parked.revision as stale_revision
    from ${viewOf(derivation, table)} shown left join ledger.parked_streams parked on parked.stream = shown.key
    and parked.generation = (select name from ledger.checkpoints where projection = '${derivation.name}' and version = ${derivation.version} and shown)) ${table}`;
}
