import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { Books, type Booked } from '../books/books.js';
import {
  month,
  monthAfter,
  monthEndedBy,
  monthOf,
  monthStart,
  nowSecond,
  scope,
  view,
  type AskedScope,
  type View,
} from '../books/query.js';
import { JOURNAL_BOOKS } from '../books/tokens.js';
import { Closings } from '../../closings/closing-log.js';
import { shownRestated, frozenIn, keptIn, type FrozenBooks } from '../closings/frozen-books.js';
import type { Whose } from '../../closings/closing.js';
import { cursorOf, placeOfCursor } from '../cursor.js';
import { badQuery, freshness, instant, paging, text } from '../query.js';
import { deferredAt, DEFERRED_BY, type Deferred } from './deferred.js';
import { incomeByMonth, type Income } from './income.js';
import { recognised, RECOGNISED_BY, type Recognised } from './recognised.js';
import { waterfall, type Waterfall } from './waterfall.js';

const months = { from: month.optional(), to: month.optional() };
const incoming = z.strictObject({ ...freshness, ...scope, ...months, view: view.default('frozen') });
const sold = { customer: text, subscription: text, invoice: text, product: text, price: text };
const recognising = z.strictObject({
  ...freshness,
  ...scope,
  ...months,
  ...sold,
  bookedMonth: month.optional(),
  view: view.default('frozen'),
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
    view: view.optional(),
    by: z.enum(DEFERRED_BY).default('month'),
  })
  .refine(({ month: one, asOf }) => one === undefined || asOf === undefined, {
    path: ['asOf'],
    error: 'gives a moment, month the end of a month: give only one of them',
  })
  .refine(({ month: one, view: wanted }) => one !== undefined || wanted !== 'frozen', {
    path: ['view'],
    error: 'frozen needs month; a moment always shows what is known now',
  });

/** The last possible month. */
const LAST_MONTH = '9998-12';

type Months = Readonly<{ from: string; to: string }>;
type Shown = Readonly<{ view: View; shownRestated: readonly Whose[] }>;

/** Revenue by the rules of docs/money.md: recognised and deferred. Months are inclusive, in the policy's time zone. */
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
  async waterfall(
    @Query({ schema: incoming }) { from, to, view: shown, ...asked }: z.output<typeof incoming>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Months & Shown & { data: readonly Waterfall[] }>> {
    const wanted = this.#months(from, to);
    // What is billed in a month is earned in any later one.
    const frozen = await this.#frozen(shown, asked, { from: wanted.from, to: LAST_MONTH });
    const { closings } = this;
    return this.books.ask(asked, asker, async (connection) => ({
      ...wanted,
      ...this.#shown(shown, asked),
      data: await waterfall(connection, { ...asked, ...wanted, closings, frozen }),
    }));
  }

  @Get('recognised')
  async recognised(
    @Query({ schema: recognising })
    { from, to, by, bookedMonth, limit, cursor, view: shown, ...asked }: z.output<typeof recognising>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Months & Shown & { data: readonly Recognised[]; nextCursor: string | null }>> {
    const wanted = this.#months(from, to);
    const list = `revenue ${by} ${wanted.from} ${wanted.to} ${shown}`;
    const after = cursor === undefined ? null : placeOfCursor(list, cursor);
    if (cursor !== undefined && after === null)
      throw badQuery('cursor: must be the nextCursor of the previous page, for the same months and by');
    const frozen = await this.#frozen(shown, asked, wanted);
    const { closings } = this;
    return this.books.ask(asked, asker, async (connection) => {
      const { data, next } = await recognised(connection, {
        ...{ closings, frozen },
        ...asked,
        ...wanted,
        bookedMonth,
        of: asked,
        by,
        after,
        limit,
      });
      return { ...wanted, ...this.#shown(shown, asked), data, nextCursor: next === null ? null : cursorOf(list, next) };
    });
  }

  @Get('deferred')
  async deferred(
    @Query({ schema: deferring }) { month: wanted, asOf, by, view: asView, ...asked }: z.output<typeof deferring>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Shown & Readonly<{ month: string | null; asOf: Date | null; data: readonly Deferred[] }>>> {
    const { policy } = this.books;
    const second = asOf === undefined ? nowSecond() : Math.floor(asOf.getTime() / 1000);
    const at = wanted === undefined ? second + 1 : monthStart(monthAfter(wanted), policy.zone);
    const whole = monthEndedBy(new Date((at - 1) * 1000), policy.zone);
    const shown = whole === null ? 'restated' : (asView ?? 'frozen');
    const frozen = whole === null ? [] : await this.#frozen(shown, asked, { from: whole, to: whole });
    const { closings } = this;
    return this.books.ask(asked, asker, async (connection) => ({
      month: wanted ?? null,
      asOf: wanted === undefined ? new Date(second * 1000) : null,
      ...this.#shown(shown, asked),
      data: await deferredAt(connection, { ...asked, at, by, of: asked, policy, closings, frozen }),
    }));
  }

  /** The view of an answer, and the books that it shows in another view. */
  #shown(shown: View, asked: AskedScope): Shown {
    return { view: shown, shownRestated: shown === 'restated' ? [] : shownRestated(this.closings, asked) };
  }

  /** Returns the closings of these months and of the one before them; none for the restated view. */
  async #frozen(shown: View, asked: AskedScope, { from, to }: Months): Promise<readonly FrozenBooks[]> {
    return shown === 'restated' ? [] : keptIn(this.closings, asked, { from: monthAfter(from, -1), to });
  }

  /** The range of months; by default the 12 months up to this one. @throws ProblemError 400 */
  #months(from: string | undefined, to: string | undefined): Months {
    const last = to ?? (from === undefined ? monthOf(nowSecond(), this.books.policy.zone) : monthAfter(from, 11));
    const first = from ?? monthAfter(last, -11);
    if (first > last) throw badQuery('to: must not be before from');
    return { from: first, to: last };
  }
}
