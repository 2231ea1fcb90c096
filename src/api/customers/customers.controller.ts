import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { answerOf, type Answer } from '../answer.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { INVOICES } from '../invoices/invoices.js';
import { findById, type Page } from '../lists.js';
import { notFound } from '../not-found.js';
import { listPayments } from '../payments/payment-queries.js';
import { freshness, paging, pathId } from '../query.js';
import { REFERENCE_KEY, referring, withReference } from '../reference.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';
import { findSome, listingWith } from '../resource.js';
import { SUBSCRIPTIONS } from '../subscriptions/subscriptions.js';
import { CUSTOMERS } from './customers.js';
import { PAYMENT_METHODS } from './payment-methods.js';

const reading = z.strictObject({ ...freshness, limit: paging.limit });

/**
 * A customer and its objects. `customer` is null while only other objects mention it; each list continues at its own
 * URL, with `customer` and the cursor.
 */
type Everything = Readonly<{
  id: string;
  customer: Answer | null;
  /** The newest, at most `limit`. */
  paymentMethods: readonly Answer[];
  subscriptions: Page;
  invoices: Page;
  payments: Page;
}>;

/** Customers and what belongs to them. */
@Controller('customers')
@NeedsScope('read')
export class CustomersController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(REFERENCE_KEY) private readonly referenceKey: string | null,
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
      const customer = row === null ? null : referring(this.referenceKey, answerOf(row));
      const methods = await findSome(connection, PAYMENT_METHODS, own);
      return {
        id,
        customer,
        paymentMethods: methods.data.map((one) => ({
          ...one,
          isDefault: one['id'] === customer?.['defaultPaymentMethod'],
        })),
        subscriptions: await findSome(connection, withReference(SUBSCRIPTIONS, this.referenceKey), own),
        invoices: await findSome(connection, INVOICES, own),
        payments: await listPayments(connection, own),
      };
    });
    const { customer, subscriptions, invoices, payments } = everything;
    if (customer === null && [subscriptions, invoices, payments].every(({ data }) => data.length === 0))
      throw notFound('customer', id);
    return everything;
  }
}
