import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { Books, type Booked } from '../books/books.js';
import { scope } from '../books/query.js';
import { JOURNAL_BOOKS } from '../books/tokens.js';
import { freshness, time, wholeNumber } from '../query.js';
import { openItems, standingOf, type OpenItem, type Reconciled } from './reconciliation.js';

const asking = z.strictObject({
  ...freshness,
  ...scope,
  since: time.optional(),
  limit: wholeNumber({ min: 1, max: 1_000 }).default(200),
});

/** How far back open items are searched by default. */
const DAYS_BACK = 90;

type Answered = Readonly<{
  since: string;
  data: readonly Reconciled[];
  open: readonly (OpenItem & Readonly<{ ageDays: number }>)[];
  isTruncated: boolean;
}>;

/** Unexplained money at Stripe and in transit to the bank: how much, since when, and why. */
@Controller('reconciliation')
@NeedsScope('read')
export class ReconciliationController {
  constructor(@Inject(JOURNAL_BOOKS) private readonly books: Books) {}

  @Get()
  all(
    @Query({ schema: asking }) { since, limit, ...asked }: z.output<typeof asking>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Answered>> {
    const now = Date.now();
    const from = since ?? new Date(now - DAYS_BACK * A_DAY_MS).toISOString();
    return this.books.ask(asked, asker, async (connection) => {
      const open = await openItems(connection, { ...asked, since: from, limit: limit + 1 });
      return {
        since: from,
        data: await standingOf(connection, asked),
        open: open
          .slice(0, limit)
          .map((item) => ({ ...item, ageDays: Math.max(0, Math.floor((now - item.at.getTime()) / A_DAY_MS)) })),
        isTruncated: open.length > limit,
      };
    });
  }
}

const A_DAY_MS = 86_400_000;
