import { commodity, decimal, onOneLine, type ExportFormat, type ExportedPosting } from './exported.js';

const quoted = (text: string): string => `"${onOneLine(text).replace(/["\\]/g, (character) => `\\${character}`)}"`;
/** The id as a beancount link where its characters allow it; other ids are only in the metadata. */
const linkOf = (object: string | null): string =>
  object !== null && /^[A-Za-z0-9\-_/.]{1,200}$/.test(object) ? ` ^${object}` : '';
const amount = ({ amountMinor, currency }: ExportedPosting): string =>
  `${decimal(amountMinor, currency)} ${commodity(currency)}`;
const metadata = (name: string, value: string | null): string =>
  value === null ? '' : `  ${name}: ${quoted(value)}\n`;

/** beancount.github.io/docs/beancount_language_syntax.html */
export const beancount: ExportFormat = {
  mediaType: 'text/x-beancount; charset=utf-8',
  extension: 'beancount',
  head: ({ livemode, account, from, to, policy, position, accounts, currencies }) =>
    [
      `; The books of ${account === null ? 'one’s own account' : onOneLine(account)}, ${livemode ? 'live' : 'test'} mode, ${from} to ${to}; policy ${policy}, position ${position ?? 'not known'}.`,
      ...currencies.map((currency) => `option "operating_currency" "${commodity(currency)}"`),
      ...accounts.map((name) => `1970-01-01 open ${name}`),
      '',
      '',
    ].join('\n'),
  entry: ({ id, kind, day, customer, object, inference, stripeEventId, postings }) =>
    `${day} * ${quoted(customer ?? '')} ${quoted(object === null ? kind : `${kind} ${object}`)}${linkOf(object)}\n` +
    metadata('entry', id) +
    metadata('stripe_event', stripeEventId) +
    metadata('inference', inference) +
    postings.map((posting) => `  ${posting.name}  ${amount(posting)}\n`).join('') +
    '\n',
  balances: (day, balances) =>
    balances
      .map(
        ({ name, currency, amountMinor }) =>
          `${day} balance ${name}  ${decimal(amountMinor, currency)} ~ ${decimal(0, currency)} ${commodity(currency)}\n`,
      )
      .join(''),
};
