import Stripe from 'stripe';
import { environment } from '../config/environment.js';
import { textOption, UsageError, wholeNumber, type Given } from './command.js';
import { eventLine, type EventAnswer } from './event-lines.js';
import type { ServiceCommand } from './on-service.js';
import type { ServiceClient } from './service-client.js';
import { EVENT_FILTERS, EVENT_FILTERS_HELP, filterOf } from './tail.command.js';
import { timeOption } from './texts.js';

const LIMIT = { min: 1, max: 100_000 };
const SEND_WITHIN_MS = 30_000;

const HELP = `  events list                 list recorded events, newest first
  events show <event>         show an event: its deliveries, its place in the log, its changes
  events send <event>         sign the recorded body and deliver it to another endpoint

list:
${EVENT_FILTERS_HELP}  --since <time>      received since then: 2026-01-31T12:00:00Z, or an age: 30m, 2h, 3d
  --until <time>      received until then
  --limit <n>         list at most n events                              (20)

show:
  --body              print only the body, byte for byte as Stripe sent it

send:
  --to <url>          the endpoint, e.g. http://localhost:4242/webhook
  --secret <secret>   the signing secret of that endpoint                (LEDGER_SEND_SECRET)

  --json              print JSON; for a list, one line for each event
`;

export const eventsCommand: ServiceCommand = {
  help: HELP,
  takesNames: true,
  options: {
    ...EVENT_FILTERS,
    since: { type: 'string' },
    until: { type: 'string' },
    limit: { type: 'string', default: '20' },
    body: { type: 'boolean' },
    to: { type: 'string' },
    secret: { type: 'string' },
    json: { type: 'boolean' },
  },
  check: (given) => void requestOf(given),
  run: async (given, { service, print, printed, report }) => {
    const request = requestOf(given);
    const isJson = given.values['json'] === true;
    switch (request.action) {
      case 'list': {
        let left = request.limit;
        const query = { ...request.query, limit: String(Math.min(left, 100)) };
        for await (const event of service.list<EventAnswer>('/v1/events', query)) {
          print(isJson ? JSON.stringify(event) : eventLine(event, { withDate: true }));
          await printed();
          if ((left -= 1) === 0) break;
        }
        return 0;
      }
      case 'show':
        if (request.bodyAlone) process.stdout.write(await bodyOf(request.event, service));
        else print(await shown(request.event, { service, isJson }));
        return 0;
      case 'send': {
        const answer = await send(await bodyOf(request.event, service), request);
        report(`${request.to} answered ${answer.status}.`);
        if (answer.text !== '') print(answer.text);
        return answer.status >= 200 && answer.status < 300 ? 0 : 1;
      }
    }
  },
};

type Request =
  | Readonly<{ action: 'list'; limit: number; query: Readonly<Record<string, string | undefined>> }>
  | Readonly<{ action: 'show'; event: string; bodyAlone: boolean }>
  | Readonly<{ action: 'send'; event: string; to: string; secret: string }>;

function requestOf(given: Given): Request {
  const { names, values } = given;
  const [action, event] = names;
  if (action === 'list' && names.length === 1) {
    const since = timeOption('since', textOption(given, 'since'));
    const until = timeOption('until', textOption(given, 'until'));
    return { action, limit: wholeNumber('limit', values['limit'], LIMIT), query: { ...filterOf(given), since, until } };
  }
  if (action === 'show' && event !== undefined && names.length === 2)
    return { action, event, bodyAlone: values['body'] === true };
  if (action === 'send' && event !== undefined && names.length === 2) {
    const to = textOption(given, 'to');
    const secret = textOption(given, 'secret') ?? environment()['LEDGER_SEND_SECRET'];
    if (to === undefined || !/^https?:\/\//.test(to))
      throw new UsageError('events send needs --to, the URL of an endpoint: --to http://localhost:4242/webhook.');
    if (secret === undefined || secret === '')
      throw new UsageError('events send needs the signing secret of the endpoint: LEDGER_SEND_SECRET, or --secret.');
    return { action, event, to, secret };
  }
  throw new UsageError(`events needs a subcommand:\n\n${HELP}`);
}

const pathOf = (event: string): string => `/v1/events/${encodeURIComponent(event)}`;
const bodyOf = (event: string, service: ServiceClient): Promise<Buffer> => service.bytes(`${pathOf(event)}/body`);

type Whole = EventAnswer &
  Readonly<{
    apiVersion: string | null;
    endpoint: string | null;
    deliveries: readonly Readonly<{ at: string; outcome: string; endpoint: string }>[] | null;
    changed: readonly Readonly<{ table: string; key: Readonly<Record<string, unknown>> }>[];
  }>;

async function shown(id: string, { service, isJson }: { service: ServiceClient; isJson: boolean }): Promise<string> {
  const event = await service.get<Whole>(pathOf(id));
  if (isJson) return JSON.stringify(event, null, 2);
  const { object, deliveries, changed } = event;
  return [
    eventLine(event, { withDate: true }),
    `  created      ${event.created ?? 'not known'}`,
    `  object       ${object.kind ?? '-'} ${object.id ?? ''}`,
    `  API version  ${event.apiVersion ?? '-'}`,
    `  endpoint     ${event.endpoint ?? '-'}`,
    ...(deliveries ?? []).map(({ at, outcome, endpoint }) => `  delivery     ${at} ${outcome} (${endpoint})`),
    ...changed.map(
      ({ table, key }) =>
        `  changed      ${table} ${Object.entries(key)
          .map(([column, value]) => `${column}=${String(value)}`)
          .join(' ')}`,
    ),
  ].join('\n');
}

/** Delivers a body as Stripe does, signed now. @throws UsageError when there is no answer */
async function send(
  body: Buffer,
  { to, secret }: { to: string; secret: string },
): Promise<{ status: number; text: string }> {
  const signature = Stripe.webhooks.generateTestHeaderString({ payload: body.toString('utf8'), secret });
  try {
    const response = await fetch(to, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature },
      body: new Uint8Array(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(SEND_WITHIN_MS),
    });
    return { status: response.status, text: await response.text() };
  } catch {
    throw new UsageError(`No server answers on ${to}.`);
  }
}
