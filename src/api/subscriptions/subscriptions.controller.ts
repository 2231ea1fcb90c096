import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { subscriptions } from '../../../projections/subscriptions.js';
import { rowsWithStaleness } from '../../read-models/stale-rows.js';
import { AnswersJson, answerOf, type Answer } from '../answer.js';
import { freshnessOf, moment, momentOf, revision } from '../past/as-of.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { LIMITS } from '../limits.js';
import { findById, listById, type Page } from '../lists.js';
import { notFound } from '../not-found.js';
import { PastThreads } from '../past/past-threads.js';
import { freshness, listingOf, origin, paging, pathId, text, wholeNumber } from '../query.js';
import { ReadPosition } from '../read-position.js';
import { Reads } from '../reads.js';

const reading = z.strictObject({ ...freshness, ...moment, revision });
const filters = { ...freshness, ...paging, ...origin, status: text };
const listing = z.strictObject({ ...filters, customer: text, product: text, price: text });
const listingOfCustomer = z.strictObject({ ...filters, ...moment });
const events = z.strictObject({
  ...freshness,
  include: z.literal('linked').optional(),
  after: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER }).default(0),
  limit: paging.limit,
});

/** What this build answers from. */
export const SUBSCRIPTIONS = rowsWithStaleness(subscriptions, 'subscriptions');

/** What the ledger knows of subscriptions. */
@Controller()
@NeedsScope('read')
export class SubscriptionsController {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(PastThreads) private readonly past: PastThreads,
  ) {}

  @Get('subscriptions/:id')
  @AnswersJson()
  async one(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: reading }) asked: z.output<typeof reading>,
    @AskedBy() asker: Asker,
  ): Promise<Answer | Buffer> {
    await this.position.satisfy(asked, asker);
    const at = momentOf(asked);
    if (at !== null) return this.past.ask({ kind: 'subscription', id, at }, asker);
    const row = await this.reads.by(asker).snapshot((connection) => findById(connection, SUBSCRIPTIONS, id));
    if (row === null) throw notFound('subscription', id);
    return answerOf(row);
  }

  @Get('subscriptions/:id/events')
  @AnswersJson()
  async events(
    @Param('id', { schema: pathId }) subscription: string,
    @Query({ schema: events }) asked: z.output<typeof events>,
    @AskedBy() asker: Asker,
  ): Promise<Buffer> {
    await this.position.satisfy(asked, asker);
    const { after, limit, include } = asked;
    return this.past.ask(
      {
        kind: 'timeline',
        subscription,
        after,
        limit,
        withLinked: include === 'linked',
        bytesMax: LIMITS.timelinePageBytesMax,
      },
      asker,
    );
  }

  @Get('subscriptions')
  async list(@Query({ schema: listing }) asked: z.output<typeof listing>, @AskedBy() asker: Asker): Promise<Page> {
    const { product, price, ...wanted } = asked;
    await this.position.satisfy(wanted, asker);
    const holding = product === undefined && price === undefined ? {} : { items: { product, price } };
    return this.reads
      .by(asker)
      .snapshot((connection) => listById(connection, SUBSCRIPTIONS, { ...listingOf(wanted), holding }));
  }

  @Get('customers/:id/subscriptions')
  @AnswersJson()
  async ofCustomer(
    @Param('id', { schema: pathId }) customer: string,
    @Query({ schema: listingOfCustomer }) asked: z.output<typeof listingOfCustomer>,
    @AskedBy() asker: Asker,
  ): Promise<Page | Buffer> {
    await this.position.satisfy(freshnessOf(asked), asker);
    const { trueAt, knownAt, ...wanted } = asked;
    const page = listingOf({ ...wanted, customer });
    const at = momentOf({ trueAt, knownAt });
    if (at === null) return this.reads.by(asker).snapshot((connection) => listById(connection, SUBSCRIPTIONS, page));
    return this.past.ask({ kind: 'subscriptions', listing: page, owner: { customer }, at }, asker);
  }
}
