/** Compares read-model rows with the true state at Stripe. */
import { projections } from '../../projections/index.js';
import type { StripeObject } from '../../simulator/json.js';
import { answerOf } from '../../src/api/answer.js';
import { viewOf } from '../../src/read-models/schema.js';
import { differences } from './expected-row.js';
import { oracle } from './oracle.js';
import { query } from './read-models.js';

/** The differences between the rows and these Stripe objects. */
export async function wrongRowsIn(databaseUrl: string, objects: Iterable<StripeObject>): Promise<string[]> {
  const wrong: string[] = [];
  for (const [table, { objects: kinds, rowsOf }] of Object.entries(oracle)) {
    const projection = projections.find(({ tables }) => Object.hasOwn(tables, table));
    if (projection === undefined) throw new Error(`No projection has ${table}.`);
    const rows = await query<Record<string, unknown>>(databaseUrl, `select * from ${viewOf(projection, table)}`);
    const answers = JSON.parse(JSON.stringify(rows.map(answerOf))) as Record<string, unknown>[];
    const found = new Map(answers.map((row) => [row['id'], row]));
    for (const shape of objects) {
      if (!kinds.includes(shape.object)) continue;
      for (const row of rowsOf(shape))
        for (const difference of differences(row, found.get(row['id'])))
          wrong.push(`${table} ${String(row['id'])}: ${difference}`);
    }
  }
  return wrong;
}
