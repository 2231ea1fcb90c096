import type { DisputeSnapshot } from '../src/events/normalise.js';
import { statusesOf } from '../src/events/rank.js';
import { isStale, type Life } from './life.js';
import { between, flag, id, money, oneOf, text, time } from './columns.js';
import { allBut, defineProjection, type Fact } from './projection.js';
import { provenanceColumns, provenanceOf, rowOf, type ById } from './row.js';

/** Amounts in minor units of `currency`, that of the charge. */
const columns = {
  id: id(),
  status: id().filtered(oneOf(statusesOf('dispute'))),
  is_inquiry: flag(),
  reason: text().orNull(),
  amount_minor: money(),
  currency: text(),
  charge: id().filtered(),
  payment_intent: id().orNull().filtered(),
  evidence_due_by: time().orNull(),
  created_at: time().orNull().filtered(between('created')),
};
/** Amounts in minor units of `currency`, that of the account. */
const movementColumns = {
  dispute: id(),
  id: id(),
  amount_minor: money(),
  fee_minor: money(),
  net_minor: money(),
  currency: text(),
  created_at: time().orNull(),
};

type Row = ReturnType<typeof disputeRow>;
type Movement = ReturnType<typeof movementRow>;
type State = Readonly<{ dispute: Row | null; movements: ById<Movement> }>;

/** An inquiry (`warning_…`) may become a dispute. */
const life: Life = [
  ['warning_needs_response'],
  ['warning_under_review'],
  ['warning_closed'],
  ['needs_response'],
  ['under_review'],
  ['won', 'lost', 'charge_refunded', 'prevented'],
];
/** Since API version 2026-10-28.endive a decision can be appealed, and the dispute is then decided again. */
const isAppealed = (status: string): boolean => status.startsWith('appeal_');

/**
 * What is each dispute now, and which money has it moved? Movements are balance transactions: each counts once by its
 * id, whichever events show it, and stays when a later snapshot omits it. (A dispute from before 2014 has no id; it is
 * in the stream of its charge and uses the charge's id.)
 */
export const disputes = defineProjection({
  name: 'disputes',
  version: 7,
  tables: {
    disputes: {
      columns: { ...columns, ...provenanceColumns },
      key: ['id'],
      indexes: [],
      listedBy: { time: 'created_at', id: 'id' },
    },
    dispute_movements: { columns: { ...movementColumns, ...provenanceColumns }, key: ['dispute', 'id'], indexes: [] },
  },
  initial: (): State => ({ dispute: null, movements: {} }),
  evolve: {
    dispute: ({ dispute, movements: known }, fact) => {
      const { status, movements } = fact.snapshot;
      return {
        dispute:
          dispute !== null && !isAppealed(status) && isStale(life, dispute.status, status) ? dispute : disputeRow(fact),
        movements: { ...Object.fromEntries(movements.map((one) => [one.id, movementRow(fact, one)])), ...known },
      };
    },
    ...allBut('dispute'),
  },
  rows: ({ dispute, movements }) => ({
    disputes: dispute === null ? [] : [dispute],
    dispute_movements: Object.values(movements),
  }),
});

const disputeRow = (fact: Fact<DisputeSnapshot>) => rowOf(columns, fact.snapshot, provenanceOf(fact));
const movementRow = (fact: Fact<DisputeSnapshot>, movement: DisputeSnapshot['movements'][number]) =>
  rowOf(movementColumns, { ...movement, dispute: fact.snapshot.id }, provenanceOf(fact));
