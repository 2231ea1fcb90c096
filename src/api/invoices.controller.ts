import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { invoices } from '../../projections/invoices.js';
import { Database } from '../read-models/database.js';
import { rowsWithStaleness } from '../read-models/stale-rows.js';
import { AsOf, freshnessOf, isOfOwner, moment, momentOf, NO_OWNER, type PageThen } from './as-of.js';
import { answerOf, type Answer } from './answer.js';
import { NeedsScope } from './auth.guard.js';
import { findById, inSnapshot, listById, type Page } from './lists.js';
import { notFound } from './not-found.js';
import { pastInvoice } from './past-payments.js';
import { paymentsOfInvoice } from './payment-queries.js';
import { created, freshness, listingOf, origin, paging, parseQuery, text } from './query.js';
import { ReadPosition } from './read-position.js';

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
    @Inject(Database) private readonly database: Database,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(AsOf) private readonly past: AsOf,
  ) {}

  /** An invoice with the payments that it was, or was meant to be, paid by. */
  @Get('invoices/:id')
  async one(@Param('id') id: string, @Query() query: unknown): Promise<Answer> {
    const asked = parseQuery(reading, query);
    await this.position.satisfy(freshnessOf(asked));
    const at = momentOf(asked);
    if (at !== null) return pastInvoice({ past: this.past, database: this.database }, id, at);
    return inSnapshot(this.database, async (connection) => {
      const row = await findById(connection, INVOICES, id);
      if (row === null) throw notFound('invoice', id);
      return { ...answerOf(row), payments: await paymentsOfInvoice(connection, id) };
    });
  }

  @Get('invoices')
  list(@Query() query: unknown): Promise<Page | PageThen> {
    return this.#page(parseQuery(listing, query));
  }

  @Get('customers/:id/invoices')
  ofCustomer(@Param('id') customer: string, @Query() query: unknown): Promise<Page | PageThen> {
    return this.#page({ ...parseQuery(listingOfCustomer, query), customer });
  }

  async #page({ trueAt, knownAt, ...wanted }: z.output<typeof listing>): Promise<Page | PageThen> {
    await this.position.satisfy(freshnessOf({ ...wanted, knownAt }));
    const page = listingOf(wanted);
    const at = momentOf({ trueAt, knownAt });
    if (at === null) return listById(this.database, INVOICES, page);
    return this.past.page({ projection: invoices, table: 'invoices', object: 'invoice' }, { ...page, owner: wanted }, at);
  }
}
