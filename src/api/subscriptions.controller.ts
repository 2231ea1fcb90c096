import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { subscriptions } from '../../projections/subscriptions.js';
import { Database } from '../read-models/database.js';
import { rowsWithStaleness } from '../read-models/stale-rows.js';
import { AsOf, freshnessOf, moment, momentOf, revision, type AsOfAnswer } from './as-of.js';
import { answerOf, type Answer } from './answer.js';
import { NeedsScope } from './auth.guard.js';
import { findById, listById, type Page } from './lists.js';
import { notFound } from './not-found.js';
import { freshness, listingOf, origin, paging, parseQuery, text } from './query.js';
import { ReadPosition } from './read-position.js';
import { Timeline, type TimelinePage } from './timeline.js';

const reading = z.strictObject({ ...freshness, ...moment, revision });
const filters = { ...freshness, ...paging, ...origin, status: text };
const listing = z.strictObject({ ...filters, customer: text, product: text, price: text });
const listingOfCustomer = z.strictObject({ ...filters, ...moment });
const events = z.strictObject({ ...freshness, include: z.literal('linked').optional(), after: z.coerce.number().int().min(0).default(0), limit: paging.limit });

/** What this build answers from. */
export const SUBSCRIPTIONS = rowsWithStaleness(subscriptions, 'subscriptions');

/** What the ledger knows of subscriptions. */
@Controller()
@NeedsScope('read')
export class SubscriptionsController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(Timeline) private readonly timeline: Timeline,
    @Inject(AsOf) private readonly past: AsOf,
  ) {}

  @Get('subscriptions/:id')
  async one(@Param('id') id: string, @Query() query: unknown): Promise<Answer> {
    const asked = parseQuery(reading, query);
    await this.position.satisfy(asked);
    const at = momentOf(asked);
    if (at !== null) {
      const { row, asOf } = await this.past.row({ projection: subscriptions, table: 'subscriptions', kind: 'subscription', id, stream: `subscription-${id}` }, at);
      return { ...answerOf(row), asOf };
    }
    const row = await findById(this.database, SUBSCRIPTIONS, id);
    if (row === null) throw notFound('subscription', id);
    return answerOf(row);
  }

  @Get('subscriptions/:id/events')
  async events(@Param('id') id: string, @Query() query: unknown): Promise<TimelinePage> {
    const asked = parseQuery(events, query);
    await this.position.satisfy(asked);
    const page = await this.timeline.page(id, { after: asked.after, limit: asked.limit, withLinked: asked.include === 'linked' });
    if (page === null) throw notFound('subscription', id);
    return page;
  }

  @Get('subscriptions')
  async list(@Query() query: unknown): Promise<Page> {
    const { product, price, ...wanted } = parseQuery(listing, query);
    await this.position.satisfy(wanted);
    const holding = product === undefined && price === undefined ? {} : { items: { product, price } };
    return listById(this.database, SUBSCRIPTIONS, { ...listingOf(wanted), holding });
  }

  @Get('customers/:id/subscriptions')
  async ofCustomer(@Param('id') customer: string, @Query() query: unknown): Promise<Page & { asOf?: AsOfAnswer }> {
    const asked = parseQuery(listingOfCustomer, query);
    await this.position.satisfy(freshnessOf(asked));
    const { trueAt, knownAt, ...wanted } = asked;
    const page = listingOf({ ...wanted, customer });
    const at = momentOf({ trueAt, knownAt });
    if (at === null) return listById(this.database, SUBSCRIPTIONS, page);
    return this.past.page({ projection: subscriptions, table: 'subscriptions', object: 'subscription' }, { ...page, owner: { customer } }, at);
  }
}
