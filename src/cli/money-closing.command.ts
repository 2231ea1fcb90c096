import { textOption, UsageError, type Given } from './command.js';
import type { ServiceCommand } from './on-service.js';
import { tableOf } from './texts.js';

type Closing = Readonly<{
  livemode: boolean;
  account: string | null;
  month: string;
  closedAt: string;
  by: string;
  position: string;
  policy: string;
  accepted: readonly string[];
}>;

const BOOKS = `
  --account <acct>    the books of this connected account        (your own account)
  --test              the books of test mode                     (live mode)
  --json              print the JSON of the API
`;
const options = { account: { type: 'string' }, test: { type: 'boolean' }, json: { type: 'boolean' } } as const;

/** The month in a command line. @throws UsageError */
function monthOf({ names }: Given, command: string): string {
  const [month, ...rest] = names;
  if (month === undefined || !/^\d{4}-\d{2}$/.test(month) || rest.length > 0)
    throw new UsageError(`money ${command} needs one month: money ${command} 2026-01.`);
  return month;
}

const booksOf = (given: Given) => ({
  livemode: given.values['test'] !== true,
  ...(textOption(given, 'account') === undefined ? {} : { account: textOption(given, 'account') }),
});

const textOf = (closings: readonly Closing[]): string =>
  closings.length === 0
    ? 'No months are closed.'
    : tableOf(
        ['month', 'books', 'closed at', 'by', 'position', 'policy', 'accepted'],
        closings.map(({ month, livemode, account, closedAt, by, position, policy, accepted }) => [
          ...[month, [livemode ? 'live' : 'test', account].filter((part) => part !== null).join(' ')],
          ...[closedAt, by, position, policy, accepted.join(', ')],
        ]),
      );

const close: ServiceCommand = {
  help: `Closes a month and all open months before it. Their figures no longer change; what becomes known later is posted in the
first open month. Needs a token with the scope admin. Refused while the month is not over, while rows cannot be derived,
and while Equity:Unexplained is not zero.

  --accept            close anyway; the closing records what was accepted
${BOOKS}`,
  takesNames: true,
  options: { ...options, accept: { type: 'boolean' } },
  check: (given) => void monthOf(given, 'close'),
  async run(given, { service, print }) {
    const { data } = await service.post<{ data: readonly Closing[] }>('/v1/closings', {
      ...{ month: monthOf(given, 'close'), ...booksOf(given), accept: given.values['accept'] === true },
    });
    print(given.values['json'] === true ? JSON.stringify(data, null, 2) : textOf(data.toReversed()));
    return 0;
  },
};

const reopen: ServiceCommand = {
  help: `Reopens the last closed month, e.g. to close it again with what is known now. Needs a token with the scope admin. The log
records who closed it, who reopened it, and why.

  --reason <text>     the reason
${BOOKS}`,
  takesNames: true,
  options: { ...options, reason: { type: 'string' } },
  check: (given) => void monthOf(given, 'reopen'),
  async run(given, { service, print }) {
    const reason = textOption(given, 'reason');
    const month = monthOf(given, 'reopen');
    const answer = await service.post(`/v1/closings/${month}/reopen`, {
      ...booksOf(given),
      ...(reason === undefined ? {} : { reason }),
    });
    print(given.values['json'] === true ? JSON.stringify(answer, null, 2) : `${month} is open again.`);
    return 0;
  },
};

const closings: ServiceCommand = {
  help: `Lists the closed months of all books, newest first. "money trial-balance --month" shows a month as it was closed; with
"--view restated", as it is known now.

  --account <acct>    only this connected account; "" for your own account
  --test              only test mode
  --json              print the JSON of the API
`,
  options,
  async run(given, { service, print }) {
    const query = {
      account: textOption(given, 'account'),
      ...(given.values['test'] === true ? { livemode: 'false' } : {}),
    };
    const all: Closing[] = [];
    for await (const closing of service.list<Closing>('/v1/closings', query)) all.push(closing);
    print(given.values['json'] === true ? JSON.stringify(all, null, 2) : textOf(all));
    return 0;
  },
};

/** The commands that close, reopen and list months. */
export const closingCommands = { close, reopen, closings };
