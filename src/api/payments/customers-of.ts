import { payments } from '../../../projections/payments.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import type { Answer } from '../answer.js';

/** Refunds or disputes with the customers of their payments, where they name none themselves: most API versions do not. */
export async function withCustomers(connection: Queryable, found: readonly Answer[]): Promise<Answer[]> {
  const { rows } = await connection.query<{ id: string; customer: string }>(
    `select id, customer from ${viewOf(payments, 'payments')} where id = any($1) and customer is not null`,
    [found.flatMap(({ charge, paymentIntent }) => [charge, paymentIntent]).filter((id) => id !== null)],
  );
  const customers = new Map(rows.map(({ id, customer }) => [id, customer]));
  return found.map((one) => ({
    ...one,
    customer:
      one['customer'] ?? customers.get(String(one['charge'])) ?? customers.get(String(one['paymentIntent'])) ?? null,
  }));
}
