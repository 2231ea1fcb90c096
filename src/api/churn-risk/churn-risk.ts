import { churnRisk } from '../../../projections/churn-risk.js';
import type { Answer } from '../answer.js';
import { listQuery } from '../lists.js';
import { failureCodesOf } from '../payments/payment-queries.js';
import { resourceOf } from '../resource.js';

/** Which subscriptions are past due, the latest first. */
export const CHURN_RISK = resourceOf(churnRisk, 'churn_risk', {
  name: 'churn-risk',
  kind: 'subscription at risk',
  complete: async (connection, found) => {
    const invoices = found.map(({ lastFailedInvoice }) => lastFailedInvoice).filter((id) => id !== null);
    const codes = await failureCodesOf(connection, invoices.map(String));
    return found.map((risk) => withLastFailure(risk, codes));
  },
});

/** What may be asked of their list. */
export const CHURN_RISK_QUERY = listQuery(CHURN_RISK).refine(
  ({ minAmountMinor, currency }) => minAmountMinor === undefined || currency !== undefined,
  {
    path: ['minAmountMinor'],
    error: 'needs currency too: minor units of one currency say nothing of another',
  },
);

/** The columns of the last failure as one object, with the reason where it is known. */
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
