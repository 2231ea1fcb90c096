import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { Closings } from '../../closings/closing-log.js';
import type { Queryable } from '../../read-models/database.js';
import type { Listing } from '../../read-models/listing.js';
import { AnswersJson, type Answer } from '../answer.js';
import { freshnessOf, moment, momentOf } from '../past/as-of.js';
import { PastThreads } from '../past/past-threads.js';
import { ReadPosition } from '../read-position.js';
import { Books, type Booked } from '../books/books.js';
import { days, onDays, view, type AskedScope, type View } from '../books/query.js';
import { JOURNAL_BOOKS } from '../books/tokens.js';
import { VIEWS } from '../books/views.js';
import { amountOf } from '../books/amounts.js';
import { INVOICES } from '../invoices/invoices.js';
import { counting, findById, listingOf, listQuery, type Page } from '../lists.js';
import { notFound } from '../not-found.js';
import { badQuery, freshness, pathId } from '../query.js';
import { findCounted, findOne, findSome } from '../resource.js';
import type { Whose } from '../../closings/closing.js';
import { shownRestated } from '../closings/frozen-books.js';
import { frozenPage } from './frozen-journal.js';
import { ENTRIES, withBalances } from './journal.js';

const reading = z.strictObject(freshness);
const readingThen = z.strictObject({ ...freshness, ...moment });
const listing = listQuery(ENTRIES, { more: { ...days, view: view.default('frozen'), ...counting } });
/** An invoice with more entries than this is refused. */
const BOOK_ENTRIES_MAX = 1_000;

/** The double-entry journal: its entries, and the book of an invoice. */
@Controller()
@NeedsScope('read')
export class JournalController {
  constructor(
    @Inject(JOURNAL_BOOKS) private readonly books: Books,
    @Inject(ReadPosition) private readonly position: ReadPosition,
    @Inject(PastThreads) private readonly threads: PastThreads,
    @Inject(Closings) private readonly closings: Closings,
  ) {}

  @Get('journal')
  async list(
    @Query({ schema: listing }) asked: z.output<typeof listing>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Page & { view: View; shownRestated: readonly Whose[] }>> {
    const { zone } = this.books.policy;
    const wanted = onDays(listingOf(ENTRIES, asked), asked, zone);
    const shown = asked['view'] as View;
    const { closings } = this;
    if (shown === 'frozen') await closings.refresh();
    const frozen = { closings, asked: scopeAsked(wanted), zone, listing: wanted };
    return this.books.ask(asked, asker, async (connection) => ({
      ...(shown === 'frozen' && closings.books.length > 0
        ? await frozenPage(connection, frozen, asked.count)
        : await findCounted(connection, ENTRIES, wanted, asked.count)),
      view: shown,
      shownRestated: shown === 'frozen' ? shownRestated(closings, frozen.asked) : [],
    }));
  }

  @Get('journal/:id')
  one(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: reading }) asked: z.output<typeof reading>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Answer>> {
    return this.books.ask(asked, asker, (connection) => findOne(connection, ENTRIES, id));
  }

  /**
   * Returns the book of an invoice, now or at a past moment: its entries with the balances after each, and what its
   * lines earn in which month.
   */
  @Get('invoices/:id/journal')
  @AnswersJson()
  async ofInvoice(
    @Param('id', { schema: pathId }) invoice: string,
    @Query({ schema: readingThen }) asked: z.output<typeof readingThen>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Answer> | Buffer> {
    const at = momentOf(asked);
    if (at !== null) {
      await this.position.satisfy(freshnessOf(asked), asker);
      return this.threads.ask({ kind: 'invoice_book', id: invoice, at }, asker);
    }
    return this.books.ask(asked, asker, (connection) => bookOf(connection, invoice));
  }
}

/** The scope of a list, where its filters select a single one. */
function scopeAsked({ filters: { livemode, account } }: Listing): AskedScope {
  return {
    ...(livemode?.length === 1 ? { livemode: livemode[0] === true } : {}),
    ...(account?.length === 1 ? { account: String(account[0]) } : {}),
  };
}

async function bookOf(connection: Queryable, invoice: string): Promise<Answer> {
  const { data, nextCursor } = await findSome(connection, ENTRIES, {
    filters: { book: [invoice] },
    isNewestFirst: false,
    after: null,
    limit: BOOK_ENTRIES_MAX,
  });
  if (nextCursor !== null)
    throw badQuery(`id: ${invoice} has more than ${BOOK_ENTRIES_MAX} entries; use /v1/journal?book=${invoice}`);
  const months = await monthsOf(connection, invoice);
  if (data.length === 0 && (await findById(connection, INVOICES, invoice)) === null) throw notFound('invoice', invoice);
  return { invoice, data: withBalances(data), months };
}

type MonthRow = Readonly<{
  month: string;
  line: string;
  part: string;
  currency: string;
  revenue: bigint;
  contra: bigint;
}>;

async function monthsOf(connection: Queryable, invoice: string): Promise<readonly Answer[]> {
  const { rows } = await connection.query<MonthRow>(
    `select month, line, part, currency, revenue_minor as revenue, contra_minor as contra from ${VIEWS.revenue} where invoice = $1 order by month, line, part`,
    [invoice],
  );
  return rows.map(({ revenue, contra, ...row }) => ({
    ...row,
    revenueMinor: amountOf(revenue),
    contraMinor: amountOf(contra),
  }));
}
