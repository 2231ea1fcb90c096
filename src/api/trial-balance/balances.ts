import { z } from 'zod';
import type { Asker } from '../../http/asker.js';
import { Closings } from '../../closings/closing-log.js';
import type { Books, Booked } from '../books/books.js';
import { month, monthEndedBy, scope, view, type View } from '../books/query.js';
import { frozenIn } from '../closings/frozen-books.js';
import { freshness, instant } from '../query.js';
import { trialBalanceAt, trialBalanceOfMonth, type TrialBalance } from './trial-balance.js';

/** The query of balances: at the end of a month, at a second, or by default now. */
export const askingBalances = z
  .strictObject({ ...freshness, ...scope, month: month.optional(), asOf: instant.optional(), view: view.optional() })
  .refine(({ month: one, asOf }) => one === undefined || asOf === undefined, {
    path: ['asOf'],
    error: 'gives a moment, month a whole month: give only one of them',
  })
  .refine(({ month: one, view: wanted }) => one !== undefined || wanted !== 'frozen', {
    path: ['view'],
    error: 'frozen needs month; a moment always shows what is known now',
  });

export type Balances = Readonly<{
  month: string | null;
  asOf: Date | null;
  view: View;
  data: readonly TrialBalance[];
}>;

/** Returns the balances of all accounts; for a closed month, and its last second, as closed, unless restated. */
export async function balancesAsked(
  { books, closings }: Readonly<{ books: Books; closings: Closings }>,
  { month: wanted, asOf, view: asView, ...asked }: z.output<typeof askingBalances>,
  asker: Asker,
): Promise<Booked<Balances>> {
  const at = wanted === undefined ? (asOf ?? new Date()) : null;
  const whole = wanted ?? (at === null ? null : monthEndedBy(at, books.policy.zone));
  const shown = whole === null ? 'restated' : (asView ?? 'frozen');
  const frozen =
    whole === null || shown === 'restated' ? [] : await frozenIn(closings, asked, { from: whole, to: whole });
  return books.ask(asked, asker, async (connection) => ({
    ...{ month: wanted ?? null, asOf: at, view: shown },
    data:
      whole === null
        ? await trialBalanceAt(connection, at ?? new Date(), { ...asked, policy: books.policy })
        : await trialBalanceOfMonth(connection, whole, { ...asked, frozen }),
  }));
}
