import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { refunds } from '../../../projections/refunds.js';
import type { Queryable } from '../../read-models/database.js';
import { viewOf } from '../../read-models/schema.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import { answerOf, type Answer } from '../answer.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { findById, listById, type Page } from '../lists.js';
import { notFound } from '../not-found.js';
import { created, freshness, listingOf, origin, paging, pathId, text } from '../query.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';

const reading = z.strictObject(freshness);
const listing = z.strictObject({
  ...freshness,
  ...paging,
  ...origin,
  ...created,
  status: text,
  customer: text,
  charge: text,
  paymentIntent: text,
});

const SHARED =
  'currency, charge, payment_intent, balance_transaction, failure_balance_transaction, failure_reason, reason, created_at, livemode, account, stripe_event_id, stripe_event_type, stripe_event_created, api_version, stream, stale_since, stale_cause, stale_revision';
/** Each refund once: from its own events, else from the charge that lists it, as payments have them too. */
const REFUNDS = `(
  select id, status, amount_minor, customer, ${SHARED} from ${rowsWithStaleness(refunds, 'refunds')}
  union all
  select refund, status, amount_minor, null, ${SHARED} from ${rowsWithStaleness(refunds, 'refund_evidence')}
  where source_object = 'charge' and not exists (select 1 from ${viewOf(refunds, 'refunds')} own where own.id = refund)
) refunds`;

/** What the ledger knows of refunds. */
@Controller('refunds')
@NeedsScope('read')
export class RefundsController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(ReadPosition) private readonly position: ReadPosition,
  ) {}

  @Get(':id')
  async one(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: reading }) asked: z.output<typeof reading>,
    @AskedBy() asker: Asker,
  ): Promise<Answer> {
    await this.position.satisfy(asked, asker);
    return this.reads.by(asker).snapshot(async (connection) => {
      const row = await findById(connection, REFUNDS, id);
      const [refund] = row === null ? [] : await withCreditNotes(connection, [answerOf(row)]);
      if (refund === undefined) throw notFound('refund', id);
      return refund;
    });
  }

  @Get()
  async list(@Query({ schema: listing }) asked: z.output<typeof listing>, @AskedBy() asker: Asker): Promise<Page> {
    const { paymentIntent, ...wanted } = asked;
    await this.position.satisfy(wanted, asker);
    const { filter, ...rest } = listingOf(wanted);
    return this.reads.by(asker).snapshot(async (connection) => {
      const page = await listById(connection, REFUNDS, {
        ...rest,
        filter: { ...filter, payment_intent: paymentIntent },
      });
      return { ...page, data: await withCreditNotes(connection, page.data) };
    });
  }
}

/** Refunds with the credit notes that tell of them. */
async function withCreditNotes(connection: Queryable, found: readonly Answer[]): Promise<Answer[]> {
  const { rows } = await connection.query<{ refund: string; source: string }>(
    `select refund, source from ${viewOf(refunds, 'refund_evidence')} where source_object = 'credit_note' and refund = any($1) order by source`,
    [found.map(({ id }) => id)],
  );
  return found.map((one) => ({
    ...one,
    creditNotes: rows.filter(({ refund }) => refund === one['id']).map(({ source }) => source),
  }));
}
