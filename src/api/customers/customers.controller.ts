import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { answerOf, type Answer } from '../answer.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { INVOICES } from '../invoices/invoices.js';
import { findById, listingOf, listQuery, type Page } from '../lists.js';
import { notFound } from '../not-found.js';
import { listPayments } from '../payments/payment-queries.js';
import { freshness, paging, pathId } from '../query.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';
import { findSome, listingWith } from '../resource.js';
import { SUBSCRIPTIONS } from '../subscriptions/subscriptions.js';
import { CUSTOMERS } from './customers.js';

const listing = listQuery(CUSTOMERS);
const reading = z.strictObject({ ...freshness, limit: paging.limit });

/** A customer's everything. `customer` is null while only other objects have told of it; lists go on at their own addresses, with `customer` and the cursor. */
type Everything = Readonly<{
  id: string;
  customer: Answer | null;
  subscriptions: Page;
  invoices: Page;
  payments: Page;
}>;

/** What the ledger knows of customers. */
@Controller('customers')
@NeedsScope('read')
export class CustomersController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(ReadPosition) private readonly position: ReadPosition,
  ) {}

  @Get(':id')
  async everything(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: reading }) wanted: z.output<typeof reading>,
    @AskedBy() asker: Asker,
  ): Promise<Everything> {
    await this.position.satisfy(wanted, asker);
    const own = listingWith({ customer: [id] }, wanted.limit);
    const everything = await this.reads.by(asker).snapshot(async (connection) => {
      const row = await findById(connection, CUSTOMERS, id);
      const customer = row === null ? null : answerOf(row);
      const subscriptions = await findSome(connection, SUBSCRIPTIONS, own);
      const invoices = await findSome(connection, INVOICES, own);
      return { id, customer, subscriptions, invoices, payments: await listPayments(connection, own) };
    });
    const { customer, subscriptions, invoices, payments } = everything;
    if (customer === null && [subscriptions, invoices, payments].every(({ data }) => data.length === 0))
      throw notFound('customer', id);
    return everything;
  }

  /** Customers of whom events of their own have told; others only `/customers/:id` knows. */
  @Get()
  async list(@Query({ schema: listing }) asked: z.output<typeof listing>, @AskedBy() asker: Asker): Promise<Page> {
    const wanted = listingOf(CUSTOMERS, asked);
    await this.position.satisfy(asked, asker);
    return this.reads.by(asker).snapshot((connection) => findSome(connection, CUSTOMERS, wanted));
  }
}
