import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { AnswersJson, type Answer } from '../answer.js';
import { freshnessOf, moment, momentOf, NO_OWNER, ownerOf } from '../past/as-of.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { counting, listingOf, listQuery, type Page } from '../lists.js';
import { notFound } from '../not-found.js';
import { PastThreads } from '../past/past-threads.js';
import { findPayment, listPayments, PAYMENTS_LIST } from './payment-queries.js';
import { freshness, pathId } from '../query.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';

const reading = z.strictObject({ ...freshness, ...moment });
const listing = listQuery(PAYMENTS_LIST, { more: { ...moment, ...counting } })
  .refine((asked) => momentOf(asked) === null || asked['invoice'] !== undefined || ownerOf(asked) !== null, NO_OWNER)
  .refine((asked) => asked.count !== true || (momentOf(asked) === null && asked['status'] === undefined), {
    path: ['count'],
    error: 'is available only without asOf and without status, which is computed for each payment',
  });

/** Payments. A payment intent and its charges are one payment, found by the id of either. */
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
    const wanted = listingOf(PAYMENTS_LIST, asked);
    await this.position.satisfy(freshnessOf(asked), asker);
    const at = momentOf(asked);
    if (at !== null) return this.past.ask({ kind: 'payments', listing: wanted, at }, asker);
    return this.reads.by(asker).snapshot((connection) => listPayments(connection, wanted, asked.count));
  }
}
