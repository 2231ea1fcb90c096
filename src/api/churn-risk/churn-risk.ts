import { churnRisk } from '../../../projections/churn-risk.js';
import { invoices } from '../../../projections/invoices.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import type { Answer, Row } from '../answer.js';
import { settledNow, unsettledIds, type SettledById } from '../invoices/settled.js';
import { counting, listQuery } from '../lists.js';
import { failureCodesOf } from '../payments/payment-queries.js';
import { resourceOf } from '../resource.js';

const OWED = viewOf(invoices, 'invoices');

/** Subscriptions that are past due, the latest first. */
export const CHURN_RISK = resourceOf(churnRisk, 'churn_risk', {
  name: 'churn-risk',
  kind: 'subscription at risk',
  complete: async (connection, found) => {
    const failed = found.map(({ lastFailedInvoice }) => lastFailedInvoice).filter((id) => id !== null);
    const codes = await failureCodesOf(connection, failed.map(String));
    const owed = await owedBy(connection, found);
    const settled = await settledNow(connection, unsettledIds(owed));
    return found.map((risk) => withLastFailure(lowered(risk, owed, settled), codes));
  },
});

/** The open invoices of subscriptions at risk. */
async function owedBy(connection: Queryable, found: readonly Answer[]): Promise<readonly Row[]> {
  const ids = found.filter(({ overdueInvoices }) => Number(overdueInvoices) > 0).map(({ id }) => id);
  if (ids.length === 0) return [];
  const { rows } = await connection.query<Row>(
    `select id, subscription, status, amount_remaining_minor, attempt_count, due_date from ${OWED}
     where subscription = any($1) and status = 'open' and not is_deleted`,
    [ids],
  );
  return rows;
}

/**
 * Returns a risk less what payments and credit notes have settled of its overdue invoices; the row itself reflects only
 * the invoices' own events. Pure.
 */
function lowered(risk: Answer, owed: readonly Row[], settled: SettledById): Answer {
  const { created: at } = risk['changedBy'] as Readonly<{ created: Date }>;
  const wasOverdue = ({ attempt_count: attempts, due_date: due }: Row): boolean =>
    Number(attempts) > 0 || (due !== null && (due as Date) <= at);
  const lower = owed
    .filter(
      (invoice) => invoice['subscription'] === risk['id'] && settled.has(String(invoice['id'])) && wasOverdue(invoice),
    )
    .map((invoice) => ({ invoice, now: settled.get(String(invoice['id'])) as Row }));
  const paid = lower.filter(({ now }) => now['moved_to'] !== null).map(({ invoice }) => invoice['id']);
  const byMinor = lower.reduce(
    (sum, { invoice, now }) => sum + Number(invoice['amount_remaining_minor']) - Number(now['amount_remaining_minor']),
    0,
  );
  return {
    ...risk,
    amountMinor: Number(risk['amountMinor']) - byMinor,
    overdueInvoices: Number(risk['overdueInvoices']) - paid.length,
    nextPaymentAttempt: paid.includes(risk['lastFailedInvoice']) ? null : risk['nextPaymentAttempt'],
  };
}

/** The query of their list. */
export const CHURN_RISK_QUERY = listQuery(CHURN_RISK, { more: counting })
  .refine(({ minAmountMinor, currency }) => minAmountMinor === undefined || currency !== undefined, {
    path: ['minAmountMinor'],
    error: 'needs currency too, since amounts in different currencies cannot be compared',
  })
  .refine(({ minAmountMinor, count }) => minAmountMinor === undefined || count !== true, {
    path: ['count'],
    error: 'cannot be combined with minAmountMinor, since payments may have reduced the amount owed',
  });

/** Combines the columns of the last failure in one object, with the reason where it is known. */
function withLastFailure(
  {
    lastFailedInvoice: invoice,
    lastFailedAt: at,
    lastFailedAttempt: attempt,
    nextPaymentAttempt: nextAttempt,
    ...risk
  }: Answer,
  codes: ReadonlyMap<string, string>,
): Answer {
  return {
    ...risk,
    lastFailure:
      invoice === null ? null : { invoice, at, attempt, nextAttempt, code: codes.get(String(invoice)) ?? null },
  };
}
