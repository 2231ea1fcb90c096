import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { invoices } from '../../../projections/invoices.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import { AnswersJson, answerOf, type Answer } from '../answer.js';
import { freshnessOf, isOfOwner, moment, momentOf, NO_OWNER } from '../past/as-of.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { findById, listById, type Page } from '../lists.js';
import { notFound } from '../not-found.js';
import { PastThreads } from '../past/past-threads.js';
import { paymentsOfInvoice } from '../payments/payment-queries.js';
import { created, freshness, listingOf, origin, paging, pathId, text } from '../query.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';

const reading = z.strictObject({ ...freshness, ...moment });
const filters = { ...freshness, ...paging, ...origin, subscription: text, status: text };
const listing = z.strictObject({ ...filters, ...created, ...moment, customer: text }).refine(isOfOwner, NO_OWNER);
const listingOfCustomer = z.strictObject({ ...filters, ...moment });

/** What this build answers from. */
export const INVOICES = rowsWithStaleness(invoices, 'invoices');

/** What the ledger knows of invoices. */
@Controller()
@NeedsScope('read')
export class InvoicesController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(PastThreads) private readonly past: PastThreads,
  ) {}

  /** An invoice with the payments that it was, or was meant to be, paid by. */
  @Get('invoices/:id')
  @AnswersJson()
  async one(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: reading }) asked: z.output<typeof reading>,
    @AskedBy() asker: Asker,
  ): Promise<Answer | Buffer> {
    await this.position.satisfy(freshnessOf(asked), asker);
    const at = momentOf(asked);
    if (at !== null) return this.past.ask({ kind: 'invoice', id, at }, asker);
    return this.reads.by(asker).snapshot(async (connection) => {
      const row = await findById(connection, INVOICES, id);
      if (row === null) throw notFound('invoice', id);
      return { ...answerOf(row), payments: await paymentsOfInvoice(connection, id) };
    });
  }

  @Get('invoices')
  @AnswersJson()
  list(@Query({ schema: listing }) asked: z.output<typeof listing>, @AskedBy() asker: Asker): Promise<Page | Buffer> {
    return this.#page(asked, asker);
  }

  @Get('customers/:id/invoices')
  @AnswersJson()
  ofCustomer(
    @Param('id', { schema: pathId }) customer: string,
    @Query({ schema: listingOfCustomer }) asked: z.output<typeof listingOfCustomer>,
    @AskedBy() asker: Asker,
  ): Promise<Page | Buffer> {
    return this.#page({ ...asked, customer }, asker);
  }

  async #page({ trueAt, knownAt, ...wanted }: z.output<typeof listing>, asker: Asker): Promise<Page | Buffer> {
    await this.position.satisfy(freshnessOf({ ...wanted, knownAt }), asker);
    const page = listingOf(wanted);
    const at = momentOf({ trueAt, knownAt });
    if (at === null) return this.reads.by(asker).snapshot((connection) => listById(connection, INVOICES, page));
    return this.past.ask(
      { kind: 'invoices', listing: page, owner: { customer: wanted.customer, subscription: wanted.subscription }, at },
      asker,
    );
  }
}
