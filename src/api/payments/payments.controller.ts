import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { AnswersJson, type Answer } from '../answer.js';
import { freshnessOf, isOfOwner, moment, momentOf, NO_OWNER } from '../past/as-of.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import type { Page } from '../lists.js';
import { notFound } from '../not-found.js';
import { PastThreads } from '../past/past-threads.js';
import { findPayment, listPayments } from './payment-queries.js';
import { freshness, listingOf, origin, paging, pathId, text } from '../query.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';

const reading = z.strictObject({ ...freshness, ...moment });
const listing = z
  .strictObject({
    ...freshness,
    ...paging,
    ...origin,
    ...moment,
    status: text,
    customer: text,
    invoice: text,
    subscription: text,
  })
  .refine(isOfOwner, NO_OWNER);

/** What the ledger knows of payments; a payment intent and its charges are one payment, and either names it. */
@Controller('payments')
@NeedsScope('read')
export class PaymentsController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(PastThreads) private readonly past: PastThreads,
  ) {}

  @Get(':id')
  @AnswersJson()
  async one(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: reading }) asked: z.output<typeof reading>,
    @AskedBy() asker: Asker,
  ): Promise<Answer | Buffer> {
    await this.position.satisfy(freshnessOf(asked), asker);
    const at = momentOf(asked);
    if (at !== null) return this.past.ask({ kind: 'payment', id, at }, asker);
    const payment = await this.reads.by(asker).snapshot((connection) => findPayment(connection, id));
    if (payment === null) throw notFound('payment', id);
    return payment;
  }

  @Get()
  @AnswersJson()
  async list(
    @Query({ schema: listing }) asked: z.output<typeof listing>,
    @AskedBy() asker: Asker,
  ): Promise<Page | Buffer> {
    const { invoice, subscription, trueAt, knownAt, ...wanted } = asked;
    await this.position.satisfy(freshnessOf({ ...wanted, knownAt }), asker);
    const at = momentOf({ trueAt, knownAt });
    if (at !== null)
      return this.past.ask({ kind: 'payments', listing: { ...listingOf(wanted), invoice, subscription }, at }, asker);
    return this.reads
      .by(asker)
      .snapshot((connection) => listPayments(connection, listingOf(wanted), { invoice, subscription }));
  }
}
