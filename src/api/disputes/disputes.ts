import { disputes } from '../../../projections/disputes.js';
import type { Queryable } from '../../read-models/database.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import { answerOf, type Answer, type Row } from '../answer.js';
import { resourceOf } from '../resource.js';

/** Disputes, with the money that each has moved. */
export const DISPUTES = resourceOf(disputes, 'disputes', {
  name: 'disputes',
  kind: 'dispute',
  complete: async (connection, found) => {
    const movements = await movementsOf(
      connection,
      found.map(({ id }) => String(id)),
    );
    return found.map((one) => ({ ...one, movements: movements.get(String(one['id'])) ?? [] }));
  },
});

/** The movements of money of each of these disputes. */
async function movementsOf(connection: Queryable, ids: readonly string[]): Promise<Map<string, Answer[]>> {
  const { rows } = await connection.query<Row>(
    `select * from ${rowsWithStaleness(disputes, 'dispute_movements')} where dispute = any($1) order by id`,
    [ids],
  );
  const movements = new Map<string, Answer[]>(ids.map((id) => [id, []]));
  for (const row of rows) movements.get(String(row['dispute']))?.push(answerOf(row));
  return movements;
}
