import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { Books, type Booked } from '../books/books.js';
import { month, monthAfter, monthOf, monthStart, nowSecond, scope, view, type View } from '../books/query.js';
import { JOURNAL_BOOKS } from '../books/tokens.js';
import { Closings } from '../../closings/closing-log.js';
import { frozenIn } from '../closings/frozen-books.js';
import { cursorOf, placeOfCursor } from '../cursor.js';
import { badQuery, freshness, instant, paging, text } from '../query.js';
import { deferredAt, DEFERRED_BY, type Deferred } from './deferred.js';
import { incomeByMonth, type Income } from './income.js';
import { recognised, RECOGNISED_BY, type Recognised } from './recognised.js';
import { waterfall, type Waterfall } from './waterfall.js';

const months = { from: month.optional(), to: month.optional() };
const summing = z.strictObject({ ...freshness, ...scope, ...months });
const incoming = z.strictObject({ ...freshness, ...scope, ...months, view: view.default('frozen') });
const sold = { customer: text, subscription: text, invoice: text, product: text, price: text };
const recognising = z.strictObject({
  ...freshness,
  ...scope,
  ...months,
  ...sold,
  bookedMonth: month.optional(),
  by: z.enum(RECOGNISED_BY).default('month'),
  ...paging,
});
const deferring = z
  .strictObject({
    ...freshness,
    ...scope,
    ...sold,
    month: month.optional(),
    asOf: instant.optional(),
    by: z.enum(DEFERRED_BY).default('month'),
  })
  .refine(({ month: one, asOf }) => one === undefined || asOf === undefined, {
    path: ['asOf'],
    error: 'is for a moment, and month for the end of a month: give one of them',
  });

type Months = Readonly<{ from: string; to: string }>;

/** Revenue by the rules of docs/money.md: what was recognised, and what is deferred. Months are those of the policy's zone, both included. */
@Controller('revenue')
@NeedsScope('read')
export class RevenueController {
  constructor(
    @Inject(JOURNAL_BOOKS) private readonly books: Books,
    @Inject(Closings) private readonly closings: Closings,
  ) {}

  @Get()
  async income(
    @Query({ schema: incoming }) { from, to, view: shown, ...asked }: z.output<typeof incoming>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Months & { view: View; data: readonly Income[] }>> {
    const wanted = this.#months(from, to);
    const frozen = shown === 'restated' ? [] : await frozenIn(this.closings, asked, wanted);
    return this.books.ask(asked, asker, async (connection) => ({
      ...wanted,
      view: shown,
      data: await incomeByMonth(connection, { ...asked, ...wanted, frozen }),
    }));
  }

  @Get('waterfall')
  waterfall(
    @Query({ schema: summing }) { from, to, ...asked }: z.output<typeof summing>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Months & { data: readonly Waterfall[] }>> {
    const wanted = this.#months(from, to);
    return this.books.ask(asked, asker, async (connection) => ({
      ...wanted,
      data: await waterfall(connection, { ...asked, ...wanted }),
    }));
  }

  @Get('recognised')
  recognised(
    @Query({ schema: recognising })
    { from, to, by, bookedMonth, limit, cursor, ...asked }: z.output<typeof recognising>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Months & { data: readonly Recognised[]; nextCursor: string | null }>> {
    const wanted = this.#months(from, to);
    const list = `revenue ${by} ${wanted.from} ${wanted.to}`;
    const after = cursor === undefined ? null : placeOfCursor(list, cursor);
    if (cursor !== undefined && after === null)
      throw badQuery('cursor: must be the nextCursor of the page before, of the same months and by');
    return this.books.ask(asked, asker, async (connection) => {
      const { data, next } = await recognised(connection, {
        ...asked,
        ...wanted,
        bookedMonth,
        of: asked,
        by,
        after,
        limit,
      });
      return { ...wanted, data, nextCursor: next === null ? null : cursorOf(list, next) };
    });
  }

  @Get('deferred')
  deferred(
    @Query({ schema: deferring }) { month: wanted, asOf, by, ...asked }: z.output<typeof deferring>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Readonly<{ month: string | null; asOf: Date | null; data: readonly Deferred[] }>>> {
    const { policy } = this.books;
    const second = asOf === undefined ? nowSecond() : Math.floor(asOf.getTime() / 1000);
    const at = wanted === undefined ? second + 1 : monthStart(monthAfter(wanted), policy.zone);
    return this.books.ask(asked, asker, async (connection) => ({
      month: wanted ?? null,
      asOf: wanted === undefined ? new Date(second * 1000) : null,
      data: await deferredAt(connection, { ...asked, at, by, of: asked, policy }),
    }));
  }

  /** The twelve months up to this one, unless told. @throws ProblemError 400 */
  #months(from: string | undefined, to: string | undefined): Months {
    const last = to ?? (from === undefined ? monthOf(nowSecond(), this.books.policy.zone) : monthAfter(from, 11));
    const first = from ?? monthAfter(last, -11);
    if (first > last) throw badQuery('to: must not be before from');
    return { from: first, to: last };
  }
}
