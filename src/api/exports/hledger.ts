import { commodity, decimal, decimalsOf, onOneLine, type ExportFormat, type ExportedPosting } from './exported.js';

/** Removes `;`, which ends a description, and `|`, which separates payee and note. */
const plain = (text: string): string => onOneLine(text).replace(/[;|]/g, ' ');
/** A tag; commas are removed from its value, because they end it. */
const tag = (name: string, value: string | null): string =>
  value === null ? '' : `    ; ${name}: ${onOneLine(value).replaceAll(',', ' ')}\n`;
const amount = ({ amountMinor, currency }: ExportedPosting): string =>
  `${decimal(amountMinor, currency)} ${commodity(currency)}`;

/** hledger.org/hledger.html#journal */
export const hledger: ExportFormat = {
  mediaType: 'text/x-hledger; charset=utf-8',
  extension: 'journal',
  head: ({ livemode, account, from, to, policy, position, accounts, currencies }) =>
    [
      `; The books of ${account === null ? 'one’s own account' : onOneLine(account)}, ${livemode ? 'live' : 'test'} mode, ${from} to ${to}; policy ${policy}, position ${position ?? 'not known'}.`,
      'decimal-mark .',
      ...currencies.map((currency) => {
        const zeros = '0'.repeat(decimalsOf(currency));
        return `commodity 1000.${zeros} ${commodity(currency)}`;
      }),
      ...accounts.map((name) => `account ${name}`),
      '',
      '',
    ].join('\n'),
  entry: ({ id, kind, day, customer, object, inference, stripeEventId, postings }) =>
    `${day} * ${plain([kind, object].filter((word) => word !== null).join(' '))}\n` +
    tag('entry', id) +
    tag('customer', customer) +
    tag('stripe_event', stripeEventId) +
    tag('inference', inference) +
    postings.map((posting) => `    ${posting.name}  ${amount(posting)}\n`).join('') +
    '\n',
  balances: (day, balances) =>
    balances.length === 0
      ? ''
      : `${day} * balances\n${balances
          .map((balance) => `    ${balance.name}  ${amount({ ...balance, amountMinor: 0 })} = ${amount(balance)}\n`)
          .join('')}\n`,
};
