import { invoicePayments } from '../../../projections/invoice-payments.js';
import { invoices } from '../../../projections/invoices.js';
import { links } from '../../../projections/links.js';
import { payments } from '../../../projections/payments.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import type { Answer } from '../answer.js';

const PAYMENTS = viewOf(payments, 'payments');
const LINKS = viewOf(links, 'links');
const INVOICES = viewOf(invoices, 'invoices');
/** SQL for invoice payments: with events of their own, and as listed on invoices. */
const TIES = `(select invoice, payment_intent, charge from ${viewOf(invoicePayments, 'invoice_payments')}
  union all select invoice, payment_intent, charge from ${viewOf(invoicePayments, 'invoice_payment_evidence')})`;

/**
 * SQL for the ids of all parts of these customers' payments, including charges and intents without events of their own
 * that another part, or an invoice payment, names.
 */
export const partsOfCustomers = (customers: string): string => `
  select part.id from ${PAYMENTS} paid join ${PAYMENTS} part using (payment) where paid.customer = any(${customers})
  union select payment from ${PAYMENTS} where customer = any(${customers})
  union select attempt.target from ${PAYMENTS} paid join ${LINKS} attempt on attempt.id = paid.payment and attempt.object = 'payment_intent' and attempt.target_kind = 'payment'
    where paid.customer = any(${customers})
  union select coalesce(tie.payment_intent, tie.charge) from ${INVOICES} billed
    cross join lateral (select payment_intent, charge from ${TIES} ties where invoice = billed.id) tie where billed.customer = any(${customers})`;

/** Adds customers to refunds or disputes, from their payments: most name none themselves. */
export async function withCustomers(connection: Queryable, found: readonly Answer[]): Promise<Answer[]> {
  const { rows } = await connection.query<{ part: string; customer: string }>(
    `with named as (
       select id as part, payment from ${PAYMENTS} where id = any($1)
       union select payment, payment from ${PAYMENTS} where payment = any($1)
       union select target, id from ${LINKS} where target = any($1) and target_kind = 'payment' and object = 'payment_intent'),
     tied as (
       select payment_intent as part, invoice from ${TIES} ties where payment_intent = any($1)
       union select charge, invoice from ${TIES} ties where charge = any($1)),
     owned as (
       select part, customer from named join ${PAYMENTS} using (payment)
       union select part, billed.customer from tied join ${INVOICES} billed on billed.id = tied.invoice
         where not exists (select from named where named.part = tied.part))
     select part, min(customer) as customer from owned where customer is not null group by part`,
    [found.flatMap(({ charge, paymentIntent }) => [charge, paymentIntent]).filter((id) => id !== null)],
  );
  const customers = new Map(rows.map(({ part, customer }) => [part, customer]));
  return found.map((one) => ({
    ...one,
    customer:
      one['customer'] ?? customers.get(String(one['charge'])) ?? customers.get(String(one['paymentIntent'])) ?? null,
  }));
}
