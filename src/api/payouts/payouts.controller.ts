import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { Books, type Booked } from '../books/books.js';
import { JOURNAL_BOOKS } from '../books/tokens.js';
import { cursorOf, placeOfCursor } from '../cursor.js';
import { notFound } from '../not-found.js';
import { badQuery, freshness, paging, pathId } from '../query.js';
import {
  causeOf,
  findPayout,
  partsOf,
  transactionsOf,
  type Payout,
  type PayoutCause,
  type PayoutPart,
  type PayoutTransaction,
} from './payout.js';

const asking = z.strictObject({ ...freshness, ...paging });

type PayoutReconciliation = Readonly<{
  payout: Payout;
  parts: readonly PayoutPart[];
  unseenTransactions: number;
  sumMinor: number;
  differenceMinor: number;
  isExact: boolean;
  cause: PayoutCause | null;
  data: readonly PayoutTransaction[];
  nextCursor: string | null;
}>;

/** The charges, refunds, disputes and fees in a payout. */
@Controller('payouts')
@NeedsScope('read')
export class PayoutsController {
  constructor(@Inject(JOURNAL_BOOKS) private readonly books: Books) {}

  /** Returns the contents of a payout: each transaction with its cause, and the exact amount not explained yet. */
  @Get(':id/reconciliation')
  reconciliation(
    @Param('id', { schema: pathId }) id: string,
    @Query({ schema: asking }) { cursor, limit, ...asked }: z.output<typeof asking>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<PayoutReconciliation>> {
    const list = `payout ${id}`;
    const [after = ''] = cursor === undefined ? [] : (placeOfCursor(list, cursor) ?? [null]);
    if (after === null) throw badQuery('cursor: must be the nextCursor of the previous page, for the same payout');
    return this.books.ask(asked, asker, async (connection) => {
      const payout = await findPayout(connection, id);
      if (payout === null) throw notFound('payout', id);
      const { parts, unseen } = await partsOf(connection, payout);
      const found = await transactionsOf(connection, payout, { after, limit: limit + 1 });
      const data = found.slice(0, limit);
      const sumMinor = parts.reduce((sum, { netMinor }) => sum + netMinor, 0);
      const cause = causeOf(payout, { parts, unseen });
      const last = data.at(-1);
      return {
        ...{ payout, parts, unseenTransactions: unseen, sumMinor, differenceMinor: payout.amountMinor - sumMinor },
        ...{ isExact: cause === null, cause, data },
        nextCursor: found.length > limit && last !== undefined ? cursorOf(list, [last.id]) : null,
      };
    });
  }
}
