import { id, time } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf } from './row.js';
import type { Snapshot } from '../src/events/normalise.js';

const columns = { id: id(), frozen_at: time() };
type Row = ReturnType<typeof clockRow>;

/**
 * What is the time on each of Stripe's test clocks? The customers on a clock live by it. The time only moves forward,
 * and the clock's deletion may be the only event about it.
 */
export const testClocks = defineProjection({
  name: 'test_clocks',
  version: 3,
  tables: { test_clocks: { columns: { ...columns, ...provenanceColumns }, key: ['id'], indexes: [] } },
  objectOf: ({ snapshot, order }) => (clockIn(snapshot) === null ? null : order.objectKey),
  initial: (): Row | null => null,
  evolve: {
    related_object: (row, fact) => withClock(row, fact),
    deletion: (row, fact) => withClock(row, fact),
    ...allBut('related_object', 'deletion'),
  },
  rows: (row) => ({ test_clocks: row === null ? [] : [row] }),
});

/** The clock that a snapshot shows, or that a deletion showed last. */
function clockIn(snapshot: Snapshot | null): Readonly<{ id: string; frozen_at: string }> | null {
  if (snapshot?.kind === 'deletion') return clockIn(snapshot.last);
  if (snapshot?.kind !== 'related_object' || snapshot.frozenAt === null) return null;
  return { id: snapshot.id, frozen_at: snapshot.frozenAt };
}

function withClock(row: Row | null, fact: Fact): Row | null {
  const clock = clockIn(fact.snapshot);
  if (clock === null || (row !== null && row.frozen_at >= clock.frozen_at)) return row;
  return clockRow(fact, clock);
}

const clockRow = (fact: Fact, { id: name, frozen_at: frozenAt }: Readonly<{ id: string; frozen_at: string }>) =>
  rowOf(columns, { id: name, frozenAt }, provenanceOf(fact));
