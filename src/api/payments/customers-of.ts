import { links } from '../../../projections/links.js';
import { payments } from '../../../projections/payments.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import type { Answer } from '../answer.js';

const PAYMENTS = viewOf(payments, 'payments');
const LINKS = viewOf(links, 'links');

/** SQL for the ids of all parts of these customers' payments, including charges that only their intent names. */
export const partsOfCustomers = (customers: string): string => `
  select part.id from ${PAYMENTS} paid join ${PAYMENTS} part using (payment) where paid.customer = any(${customers})
  union select attempt.target from ${PAYMENTS} paid join ${LINKS} attempt on attempt.id = paid.payment and attempt.object = 'payment_intent' and attempt.target_kind = 'payment'
    where paid.customer = any(${customers})`;

/** Adds the customers of their payments to refunds or disputes, most of which name none themselves. */
export async function withCustomers(connection: Queryable, found: readonly Answer[]): Promise<Answer[]> {
  const { rows } = await connection.query<{ part: string; customer: string }>(
    `with named as (
       select id as part, payment from ${PAYMENTS} where id = any($1)
       union select target, id from ${LINKS} where target = any($1) and target_kind = 'payment' and object = 'payment_intent')
     select part, min(customer) as customer from named join ${PAYMENTS} using (payment) where customer is not null group by part`,
    [found.flatMap(({ charge, paymentIntent }) => [charge, paymentIntent]).filter((id) => id !== null)],
  );
  const customers = new Map(rows.map(({ part, customer }) => [part, customer]));
  return found.map((one) => ({
    ...one,
    customer:
      one['customer'] ?? customers.get(String(one['charge'])) ?? customers.get(String(one['paymentIntent'])) ?? null,
  }));
}
