import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { accountNames, sideOf, type Account, type Side } from '../../../derivations/journal/accounts.js';
import { AskedBy, type Asker } from '../../http/asker.js';
import { NeedsScope } from '../../http/auth.guard.js';
import { ProblemError } from '../../http/problem.js';
import { Closings } from '../../closings/closing-log.js';
import type { Scope } from '../books/amounts.js';
import { Books, type Booked } from '../books/books.js';
import { month, monthAfter, monthOf, nowSecond, scope, view, type View } from '../books/query.js';
import { keptIn, shownRestated } from '../closings/frozen-books.js';
import { JOURNAL_BOOKS } from '../books/tokens.js';
import { cursorOf, placeOfCursor } from '../cursor.js';
import { badQuery, freshness, paging, whose } from '../query.js';
import { askingBalances, balancesAsked, type Balances } from '../trial-balance/balances.js';
import { trialBalanceOfMonth } from '../trial-balance/trial-balance.js';
import { postingsShown } from './frozen-postings.js';
import type { AccountPosting, AskedAccount, PostingPlace } from './postings.js';

const asking = z.strictObject({
  ...freshness,
  ...paging,
  from: month.optional(),
  to: month.optional(),
  currency: scope.currency.unwrap(),
  view: view.default('frozen'),
  ...whose,
});

type Postings = Readonly<{
  name: string;
  livemode: boolean;
  account: string | null;
  currency: string;
  from: string;
  to: string;
  view: View;
  /** The account's balance before the first month, and after the last one. */
  startMinor: number;
  endMinor: number;
  data: readonly AccountPosting[];
  nextCursor: string | null;
}>;

/** An account of the chart, and its balances; positive is debit. Empty: never used. */
type ChartAccount = Readonly<{
  name: Account;
  side: Side;
  balances: readonly (Scope & Readonly<{ balanceMinor: number }>)[];
}>;
type Chart = Omit<Balances, 'data'> & Readonly<{ data: readonly ChartAccount[] }>;

/** The accounts of the chart: their balances and postings. */
@Controller('accounts')
@NeedsScope('read')
export class AccountsController {
  constructor(
    @Inject(JOURNAL_BOOKS) private readonly books: Books,
    @Inject(Closings) private readonly closings: Closings,
  ) {}

  /**
   * Lists the chart of accounts, each with its balances as in the trial balance, by currency, mode and Stripe account.
   */
  @Get()
  async chart(
    @Query({ schema: askingBalances }) asked: z.output<typeof askingBalances>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Chart>> {
    const { data, ...shown } = await balancesAsked({ books: this.books, closings: this.closings }, asked, asker);
    const balances = data.flatMap(({ livemode, account, currency, accounts }) =>
      accounts.map(({ name, endMinor }) => ({ name, livemode, account, currency, balanceMinor: endMinor })),
    );
    return {
      ...shown,
      data: accountNames.map((name) => ({
        ...{ name, side: sideOf(name) },
        balances: balances.filter((one) => one.name === name).map(({ name: _, ...balance }) => balance),
      })),
    };
  }

  /**
   * Lists the postings on an account in some months, each with the balance after it. @throws ProblemError 404 for a
   * name that is not in the chart
   */
  @Get(':name/postings')
  async postings(
    @Param('name') name: string,
    @Query({ schema: asking })
    { cursor, limit, from, to, account = '', livemode, currency, view: shown, ...fresh }: z.output<typeof asking>,
    @AskedBy() asker: Asker,
  ): Promise<Booked<Postings>> {
    if (!(accountNames as readonly string[]).includes(name))
      throw new ProblemError(
        'not_found',
        `The chart has no account "${name.slice(0, 100)}". Accounts: ${accountNames.join(', ')}.`,
      );
    const { zone } = this.books.policy;
    const last = to ?? monthOf(nowSecond(), zone);
    const first = from ?? monthAfter(last, -11);
    if (first > last) throw badQuery('to: must not be before from');
    const asked: AskedAccount = { name, livemode, account, currency };
    const list = `postings ${JSON.stringify([asked, first, last, shown])}`;
    const after = cursor === undefined ? null : placeOf(list, cursor);
    const { closings } = this;
    const [books] =
      shown === 'restated'
        ? []
        : await keptIn(closings, { livemode, account }, { from: monthAfter(first, -1), to: last });
    const frozen = books === undefined ? [] : [books];
    return this.books.ask(fresh, asker, async (connection) => {
      const standing = async (of: string): Promise<number> =>
        (await trialBalanceOfMonth(connection, of, { livemode, account, currency, frozen }))
          .flatMap(({ accounts }) => accounts)
          .find((one) => one.name === name)?.endMinor ?? 0;
      const startMinor = await standing(monthAfter(first, -1));
      const { data, next } = await postingsShown(connection, asked, {
        ...{ from: first, to: last, zone, limit, closings, books },
        after: after ?? { at: '-1', entry: '', no: 0, balance: String(startMinor) },
      });
      return {
        ...{ name, livemode, account: account === '' ? null : account, currency, from: first, to: last },
        // A closing of an older build has no rows behind its figures.
        view: shownRestated(closings, { livemode, account }).length > 0 ? 'restated' : shown,
        ...{ startMinor, endMinor: await standing(last), data },
        nextCursor: next === null ? null : cursorOf(list, [next.at, next.entry, String(next.no), next.balance]),
      };
    });
  }
}

function placeOf(list: string, cursor: string): PostingPlace {
  const [at, entry, no, balance] = placeOfCursor(list, cursor) ?? [];
  if (at == null || entry == null || no == null || balance == null)
    throw badQuery('cursor: must be the nextCursor of the previous page, for the same account and months');
  return { at, entry, no: Number(no), balance };
}
