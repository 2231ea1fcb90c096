import type { Queryable } from '../../read-models/database.js';
import type { Answer } from '../answer.js';
import { MRR, rowsOfKeys } from '../books/views.js';
import type { Resource } from '../resource.js';

/** Movements of MRR, each with its parts and their causes. */
export const MOVEMENTS: Resource = {
  name: 'mrr/movements',
  kind: 'MRR movement',
  table: MRR.tables.mrr_movements,
  sources: [rowsOfKeys(MRR, 'mrr_movements')],
  complete: withoutKeys,
};

async function withoutKeys(_: Queryable, movements: readonly Answer[]): Promise<readonly Answer[]> {
  return movements.map(({ key: __, day: ___, ...movement }) => movement);
}
