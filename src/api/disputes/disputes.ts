import { disputes } from '../../../projections/disputes.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import { answerOf, type Answer, type Row } from '../answer.js';
import { partsOfCustomers, withCustomers } from '../payments/customers-of.js';
import { resourceOf, type Resource } from '../resource.js';

const OWN = viewOf(disputes, 'disputes');

/** SQL for the disputes of customers: a dispute names only its charge and payment intent. */
const ofCustomers = (customers: string): string => `id in (
  with parts as (${partsOfCustomers(customers)})
  select id from ${OWN} where charge = any(array(select id from parts))
  union select id from ${OWN} where payment_intent = any(array(select id from parts)))`;

/** Disputes, with their customers and the money that each moved. */
export const DISPUTES: Resource = {
  ...resourceOf(disputes, 'disputes', {
    name: 'disputes',
    kind: 'dispute',
    complete: async (connection, found) => {
      const movements = await movementsOf(
        connection,
        found.map(({ id }) => String(id)),
      );
      return (await withCustomers(connection, found)).map((one) => ({
        ...one,
        movements: movements.get(String(one['id'])) ?? [],
      }));
    },
  }),
  own: { customer: ofCustomers },
};

/** The money movements of each of these disputes. */
async function movementsOf(connection: Queryable, ids: readonly string[]): Promise<Map<string, Answer[]>> {
  const { rows } = await connection.query<Row>(
    `select * from ${rowsWithStaleness(disputes, 'dispute_movements')} where dispute = any($1) order by id`,
    [ids],
  );
  const movements = new Map<string, Answer[]>(ids.map((id) => [id, []]));
  for (const row of rows) movements.get(String(row['dispute']))?.push(answerOf(row));
  return movements;
}
