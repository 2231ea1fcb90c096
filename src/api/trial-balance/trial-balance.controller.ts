import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { Books, type Booked } from '../books/books.js';
import { month, scope, view, type View } from '../books/query.js';
import { JOURNAL_BOOKS } from '../books/tokens.js';
import { Closings } from '../../closings/closing-log.js';
import { frozenIn } from '../closings/frozen-books.js';
import { freshness, instant } from '../query.js';
import { trialBalanceAt, trialBalanceOfMonth, type TrialBalance } from './trial-balance.js';

const asking = z
  .strictObject({ ...freshness, ...scope, month: month.optional(), asOf: instant.optional(), view: view.optional() })
  .refine(({ month: one, asOf }) => one === undefined || asOf === undefined, {
    path: ['asOf'],
    error: 'is for a moment, and month for a whole month: give one of them',
  })
  .refine(({ month: one, view: wanted }) => one !== undefined || wanted !== 'frozen', {
    path: ['view'],
    error: 'frozen is for a month: what a moment shows is what is known of it now',
  });

type Balances = Readonly<{ month: string | null; asOf: Date | null; view: View; data: readonly TrialBalance[] }>;

/** What stands on every account, at the end of a month or at a second: without either, now. */
@Controller('trial-balance')
@NeedsScope('read')
export class TrialBalanceController {
  constructor(
    @Inject(JOURNAL_BOOKS) private readonly books: Books,
    @Inject(Closings) private readonly closings: Closings,
  ) {}

  @Get()
  async balances(
    @Query({ schema: asking }) { month: wanted, asOf, view: asView, ...asked }: z.output<typeof asking>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Balances>> {
    const at = wanted === undefined ? (asOf ?? new Date()) : null;
    const shown = wanted === undefined ? 'restated' : (asView ?? 'frozen');
    const frozen =
      wanted === undefined || shown === 'restated'
        ? []
        : await frozenIn(this.closings, asked, { from: wanted, to: wanted });
    return this.books.ask(asked, asker, async (connection) => ({
      month: wanted ?? null,
      asOf: at,
      view: shown,
      data:
        wanted === undefined
          ? await trialBalanceAt(connection, at ?? new Date(), { ...asked, policy: this.books.policy })
          : await trialBalanceOfMonth(connection, wanted, { ...asked, frozen }),
    }));
  }
}
