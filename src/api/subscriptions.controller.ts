import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { subscriptions } from '../../projections/subscriptions.js';
import { Database } from '../read-models/database.js';
import { rowsWithStaleness } from '../read-models/stale-rows.js';
import { answerOf, type Answer } from './answer.js';
import { NeedsScope } from './auth.guard.js';
import { findById, listById, type Page } from './lists.js';
import { notFound } from './not-found.js';
import { freshness, listingOf, origin, paging, parseQuery, text } from './query.js';
import { ReadPosition } from './read-position.js';
import { SubscriptionHistory, type HistoryPage } from './subscription-history.js';

const reading = z.object(freshness);
const listing = z.object({ ...freshness, ...paging, ...origin, status: text, customer: text });
const history = z.object({ ...freshness, after: z.coerce.number().int().min(0).default(0), limit: paging.limit });

/** What this build answers from. */
export const SUBSCRIPTIONS = rowsWithStaleness(subscriptions, 'subscriptions');

/** What the ledger knows of subscriptions. */
@Controller()
@NeedsScope('read')
export class SubscriptionsController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(SubscriptionHistory) private readonly histories: SubscriptionHistory,
  ) {}

  @Get('subscriptions/:id')
  async one(@Param('id') id: string, @Query() query: unknown): Promise<Answer> {
    await this.position.satisfy(parseQuery(reading, query));
    const row = await findById(this.database, SUBSCRIPTIONS, id);
    if (row === null) throw notFound('subscription', id);
    return answerOf(row);
  }

  @Get('subscriptions/:id/events')
  async events(@Param('id') id: string, @Query() query: unknown): Promise<HistoryPage> {
    const { after, limit } = parseQuery(history, query);
    const page = await this.histories.page(id, { after, limit });
    if (page === null) throw notFound('subscription', id);
    return page;
  }

  @Get('subscriptions')
  list(@Query() query: unknown): Promise<Page> {
    return this.#page(parseQuery(listing, query));
  }

  @Get('customers/:id/subscriptions')
  ofCustomer(@Param('id') customer: string, @Query() query: unknown): Promise<Page> {
    return this.#page({ ...parseQuery(listing, query), customer });
  }

  async #page(query: z.output<typeof listing>): Promise<Page> {
    await this.position.satisfy(query);
    return listById(this.database, SUBSCRIPTIONS, listingOf(query));
  }
}
