import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { READ_TOKEN } from './delivery.js';
import { until } from './until.js';

export type LiveEvent = Readonly<{ event: string; id: string; data: Record<string, unknown> }>;

/** A client of Server-Sent Events. */
export type LiveClient = Readonly<{
  status: number;
  events: readonly LiveEvent[];
  /** Resolves with the first event that matches, received now or earlier. */
  told(what: string, is: (event: LiveEvent) => boolean): Promise<LiveEvent>;
  /** Resolves with how the stream ended: `ended` by the server, or `broken`. */
  ended: Promise<'ended' | 'broken'>;
  close(): void;
}>;

/** Connects with node:http as `EventSource` does, and reads until one side ends the stream. */
export async function connectLive(
  url: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<LiveClient> {
  const outgoing = request(`${url}${path}`, {
    headers: { authorization: `Bearer ${READ_TOKEN}`, accept: 'text/event-stream', ...headers },
    agent: false,
  });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const events: LiveEvent[] = [];
  const ended = new Promise<'ended' | 'broken'>((resolve) => {
    response.on('end', () => resolve('ended'));
    response.on('error', () => resolve('broken'));
  });
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (text + chunk).split('\n\n');
    text = parts.pop() ?? '';
    events.push(...parts.flatMap(eventOf));
  });
  return {
    status: response.statusCode ?? 0,
    events,
    told: (what, is) => until(what, async () => events.find(is)),
    ended,
    close: () => outgoing.destroy(),
  };
}

/** Comments and `retry` are not events. */
function eventOf(block: string): LiveEvent[] {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const data = fields.get('data');
  return data === undefined
    ? []
    : [
        {
          event: fields.get('event') ?? '',
          id: fields.get('id') ?? '',
          data: JSON.parse(data) as Record<string, unknown>,
        },
      ];
}
