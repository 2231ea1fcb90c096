import { Controller, Get, Inject, Query } from '@nestjs/common';
import type { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { Books, type Booked } from '../books/books.js';
import { JOURNAL_BOOKS } from '../books/tokens.js';
import { Closings } from '../../closings/closing-log.js';
import { askingBalances, balancesAsked, type Balances } from './balances.js';

/** The balances of all accounts, at the end of a month, at a second, or by default now. */
@Controller('trial-balance')
@NeedsScope('read')
export class TrialBalanceController {
  constructor(
    @Inject(JOURNAL_BOOKS) private readonly books: Books,
    @Inject(Closings) private readonly closings: Closings,
  ) {}

  @Get()
  balances(
    @Query({ schema: askingBalances }) asked: z.output<typeof askingBalances>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Balances>> {
    return balancesAsked({ books: this.books, closings: this.closings }, asked, asker);
  }
}
