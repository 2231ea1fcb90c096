import { creditNotes } from '../../../projections/credit-notes.js';
import { isFurtherRefund, refunds } from '../../../projections/refunds.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import { answerOf, type Answer, type Row } from '../answer.js';
import { partsOfCustomers, withCustomers } from '../payments/customers-of.js';
import type { Resource } from '../resource.js';
import { textOrNull } from '../values.js';

const OWN = viewOf(refunds, 'refunds');
const EVIDENCE = viewOf(refunds, 'refund_evidence');
const NOTES = viewOf(creditNotes, 'credit_notes');

const SHARED =
  'currency, charge, payment_intent, balance_transaction, failure_balance_transaction, failure_reason, reason, created_at, livemode, account, stripe_event_id, stripe_event_type, stripe_event_created, api_version, stream, stale_since, unread_event, stale_cause, stale_revision';

/**
 * SQL for the refunds of customers. In most API versions a refund names only its charge and payment intent, and one
 * known only from a credit note names nothing.
 */
const ofCustomers = (customers: string): string => `id in (
  with parts as (${partsOfCustomers(customers)})
  select id from ${OWN} where customer = any(${customers})
  union select id from ${OWN} where charge = any(array(select id from parts))
  union select id from ${OWN} where payment_intent = any(array(select id from parts))
  union select refund from ${EVIDENCE} where charge = any(array(select id from parts))
  union select noted.refund from ${NOTES} note join ${EVIDENCE} noted on noted.source = note.id where note.customer = any(${customers}))`;

/**
 * Each refund once: from its own events, else from the charge that lists it, else from a credit note that names it, as
 * for payments. `offset 0` keeps Postgres from joining both tables before it has a page.
 */
export const REFUNDS: Resource = {
  name: 'refunds',
  kind: 'refund',
  table: refunds.tables.refunds,
  sources: [
    `(select id, status, amount_minor, customer, ${SHARED} from ${rowsWithStaleness(refunds, 'refunds')}) refunds`,
    `(select refund as id, status, amount_minor, null as customer, ${SHARED} from ${rowsWithStaleness(refunds, 'refund_evidence')}
      where source_object = 'charge' and not exists (select 1 from ${OWN} own where own.id = refund offset 0)) refunds`,
    `(select refund as id, status, amount_minor, null as customer, ${SHARED} from ${rowsWithStaleness(refunds, 'refund_evidence')}
      where source_object = 'credit_note' and not exists (select 1 from ${OWN} own where own.id = refund offset 0)
        and not exists (select 1 from ${EVIDENCE} other where other.refund = refund_evidence.refund
          and (other.source_object = 'charge' or other.source < refund_evidence.source) offset 0)) refunds`,
  ],
  own: { customer: ofCustomers },
  complete: async (connection, found) => withEvidence(connection, await withCustomers(connection, found)),
};

/** Adds to refunds the credit notes that name them, and the later status that the listing charge shows. */
async function withEvidence(connection: Queryable, found: readonly Answer[]): Promise<Answer[]> {
  const { rows } = await connection.query<Row>(
    `select told.*, note.customer from ${EVIDENCE} told left join ${NOTES} note on note.id = told.source where refund = any($1) order by source`,
    [found.map(({ id }) => id)],
  );
  return found.map((one) => {
    const evidence = rows.filter(({ refund }) => refund === one['id']);
    const further = evidence.find(({ status }) => isFurtherRefund(textOrNull(one['status']), textOrNull(status)));
    const noted = evidence.filter((row) => row['source_object'] === 'credit_note');
    return {
      ...one,
      ...(further === undefined ? {} : evidenceAnswer(further)),
      customer: one['customer'] ?? noted.find(({ customer }) => customer !== null)?.['customer'] ?? null,
      creditNotes: noted.map(({ source }) => source),
    };
  });
}

/** The fields from a charge that shows a refund in a later status than its own events. */
function evidenceAnswer(further: Row): Answer {
  const { status, failureReason, failureBalanceTransaction, changedBy } = answerOf(further);
  return { status, failureReason, failureBalanceTransaction, changedBy };
}
