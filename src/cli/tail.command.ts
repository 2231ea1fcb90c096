import { textOption, wholeNumber, type Given } from './command.js';
import { eventLine, type EventAnswer } from './event-lines.js';
import type { ServiceCommand } from './on-service.js';
import type { Query } from './service-client.js';

/** Options that select events, for `tail` and `events list`. */
export const EVENT_FILTERS = {
  type: { type: 'string' },
  object: { type: 'string' },
  endpoint: { type: 'string' },
  account: { type: 'string' },
  livemode: { type: 'string' },
  quarantine: { type: 'string' },
} as const;
export const EVENT_FILTERS_HELP = `  --type <type>       only this type, or all types with this prefix: 'invoice.*'
  --object <id>       only events about this object: sub_123, in_123, cus_123
  --endpoint <label>  only events signed with the secret of this label
  --account <id>      only this connected account
  --livemode <which>  true or false
  --quarantine <why>  true, false, or the reason: conflict, no_object, …
`;
export const filterOf = (given: Given): Query =>
  Object.fromEntries(Object.keys(EVENT_FILTERS).map((name) => [name, textOption(given, name)]));

const COUNT = { min: 1, max: 1_000_000_000 };

export const tailCommand: ServiceCommand = {
  help: `Prints each event when it is appended, until Ctrl-C. Reconnects and resumes after a broken connection.

${EVENT_FILTERS_HELP}  --count <n>         end after n events
  --json              print each event as a line of JSON
`,
  options: { ...EVENT_FILTERS, count: { type: 'string' }, json: { type: 'boolean' } },
  check: ({ values }) => void countOf(values),
  run: async (given, { service, signal, print, printed, report }) => {
    const isJson = given.values['json'] === true;
    const ending = new AbortController();
    let left = countOf(given.values);
    const events = service.follow<EventAnswer>('/v1/events/live', {
      query: filterOf(given),
      signal: AbortSignal.any([signal, ending.signal]),
      connected: () => report('Following events; press Ctrl-C to stop.'),
      reconnecting: () => report('The connection broke; reconnecting …'),
    });
    for await (const event of events) {
      print(isJson ? JSON.stringify(event) : eventLine(event, { withDate: false }));
      await printed();
      left -= 1;
      if (left === 0) ending.abort();
    }
    return 0;
  },
};

const countOf = ({ count }: Given['values']): number =>
  count === undefined ? Infinity : wholeNumber('count', count, COUNT);
