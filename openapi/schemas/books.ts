import { decimal, flag, list, minor, object, oneOf, orNull, ref, text, time, whole, type Properties } from './words.js';

/** The scope of amounts: sums never mix modes, accounts or currencies. */
export const scope: Properties = { livemode: flag, account: orNull(text), currency: text };
export const booked: Properties = { isComplete: flag, books: ref('Books') };
export const period: Properties = { from: text, to: text };
export const view = oneOf('frozen', 'restated');
/**
 * Books with a month closed by an older build, which kept only sums: their lines and entries are shown as known now.
 */
export const shownRestated = list(object({ livemode: flag, account: orNull(text) }));
export const whose: Properties = { livemode: flag, account: orNull(text) };

export const booksSchemas: Properties = {
  Books: {
    ...object({
      ...{ position: orNull(decimal), policy: text },
      ...{ behindKeys: whole, parkedKeys: whole, parkedStreams: whole },
    }),
    description: 'The position and policy of the books, and what is known to be missing in them.',
  },
  ChartAccount: object({
    ...{ name: text, side: oneOf('debit', 'credit') },
    balances: list(object({ ...scope, balanceMinor: minor })),
  }),
  ChartOfAccounts: object({
    ...{ month: orNull(text), asOf: orNull(time), view, data: list(ref('ChartAccount')) },
    ...booked,
  }),
};
