import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { ProblemError } from '../http/problem.js';
import { Database } from '../read-models/database.js';
import { NeedsScope } from './auth.guard.js';
import { cursorOf, freshness, idOfCursor, paging, parseQuery } from './query.js';
import { ReadPosition } from './read-position.js';
import { findSubscription, listSubscriptions, type SubscriptionFilter, type SubscriptionView } from './subscription-queries.js';
import { SubscriptionHistory, type HistoryPage } from './subscription-history.js';

const reading = z.object(freshness);
const listing = z.object({
  ...freshness,
  ...paging,
  status: z.string().max(60).optional(),
  customer: z.string().max(255).optional(),
  account: z.string().max(255).optional(),
  livemode: z.enum(['true', 'false']).transform((text) => text === 'true').optional(),
});
const history = z.object({ ...freshness, after: z.coerce.number().int().min(0).default(0), limit: paging.limit });

type Page = { data: SubscriptionView[]; nextCursor: string | null };

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
  async one(@Param('id') id: string, @Query() query: unknown): Promise<SubscriptionView> {
    await this.#reach(parseQuery(reading, query));
    const subscription = await findSubscription(this.database, id);
    if (subscription === null) throw notFound(id);
    return subscription;
  }

  @Get('subscriptions/:id/events')
  async events(@Param('id') id: string, @Query() query: unknown): Promise<HistoryPage> {
    const { after, limit } = parseQuery(history, query);
    const page = await this.histories.page(id, { after, limit });
    if (page === null) throw notFound(id);
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
    await this.#reach(query);
    const { limit, cursor, ...filter } = query;
    const wanted: SubscriptionFilter = { ...filter, after: cursor === undefined ? undefined : idOfCursor(cursor), limit: limit + 1 };
    const found = await listSubscriptions(this.database, wanted);
    const data = found.slice(0, limit);
    const last = data.at(-1);
    return { data, nextCursor: found.length > limit && last !== undefined ? cursorOf(last.id) : null };
  }

  async #reach({ minPosition, waitMs }: { minPosition?: bigint | undefined; waitMs: number }): Promise<void> {
    if (minPosition !== undefined) await this.position.reach(minPosition, waitMs);
  }
}

const notFound = (id: string) =>
  new ProblemError({ status: 404, code: 'not_found', title: 'No such subscription', detail: `No event about the subscription ${id} has been projected. If one was just sent, ask with minPosition from the webhook's answer.` });
