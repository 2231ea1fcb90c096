import { id, time } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';
import type { RelatedObjectSnapshot } from '../src/events/normalise.js';

const columns = { id: id(), frozen_at: time() };
type Row = ReturnType<typeof clockRow>;

/** How late is it on each of Stripe's test clocks? Customers on one live by it, and it only goes forward. */
export const testClocks = defineProjection({
  name: 'test_clocks',
  version: 1,
  tables: { test_clocks: { columns: { ...columns, ...provenanceColumns }, key: ['id'], indexes: [] } },
  objectOf: ({ snapshot, order }) =>
    snapshot.kind === 'related_object' && snapshot.frozenAt !== null ? order.objectKey : null,
  initial: (): Row | null => null,
  evolve: {
    related_object: (row, fact) => {
      const { frozenAt } = fact.snapshot;
      return frozenAt === null || (row !== null && row.frozen_at >= frozenAt) ? row : clockRow(fact, frozenAt);
    },
    ...allBut('related_object'),
  },
  rows: (row) => ({ test_clocks: row === null ? [] : [row] }),
});

const clockRow = (fact: Fact<RelatedObjectSnapshot>, frozenAt: string) => ({
  ...rowOf(columns, { id: fact.snapshot.id, frozenAt }),
  ...provenanceOf(fact),
});
