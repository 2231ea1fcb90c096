import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../read-models/database.js';
import type { Answer } from './answer.js';
import { AsOf, freshnessOf, isOfOwner, moment, momentOf, NO_OWNER, type PageThen } from './as-of.js';
import { NeedsScope } from './auth.guard.js';
import { inSnapshot, type Page } from './lists.js';
import { notFound } from './not-found.js';
import { pastPayment, pastPayments } from './past-payments.js';
import { findPayment, listPayments } from './payment-queries.js';
import { freshness, listingOf, origin, paging, parseQuery, text } from './query.js';
import { ReadPosition } from './read-position.js';

const reading = z.strictObject({ ...freshness, ...moment });
const listing = z.strictObject({ ...freshness, ...paging, ...origin, ...moment, status: text, customer: text, invoice: text, subscription: text }).refine(isOfOwner, NO_OWNER);

/** What the ledger knows of payments; a payment intent and its charges are one payment, and either names it. */
@Controller('payments')
@NeedsScope('read')
export class PaymentsController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(AsOf) private readonly past: AsOf,
  ) {}

  @Get(':id')
  async one(@Param('id') id: string, @Query() query: unknown): Promise<Answer> {
    const asked = parseQuery(reading, query);
    await this.position.satisfy(freshnessOf(asked));
    const at = momentOf(asked);
    if (at !== null) return pastPayment({ past: this.past, database: this.database }, id, at);
    const payment = await inSnapshot(this.database, (connection) => findPayment(connection, id));
    if (payment === null) throw notFound('payment', id);
    return payment;
  }

  @Get()
  async list(@Query() query: unknown): Promise<Page | PageThen> {
    const { invoice, subscription, trueAt, knownAt, ...wanted } = parseQuery(listing, query);
    await this.position.satisfy(freshnessOf({ ...wanted, knownAt }));
    const at = momentOf({ trueAt, knownAt });
    if (at !== null) return pastPayments({ past: this.past, database: this.database }, { ...listingOf(wanted), invoice, subscription }, at);
    return inSnapshot(this.database, (connection) => listPayments(connection, listingOf(wanted), { invoice, subscription }));
  }
}
