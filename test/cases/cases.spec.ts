import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startEmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, read, type Answer } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { preparedDatabase, type TestServer } from '../support/servers.js';

/** The prefix of the cases' paths. */
const API = '/v1';
/** Operational answers, which wait for no position. */
const WAITS_FOR_NOTHING = /^\/(projections|parked|health)/;

/**
 * Webhooks that Stripe may send, in order of arrival, and the right answers after them. An expectation queries the API
 * (`get`), or takes the webhook's answer to an event (`reply`, from 0). In a `path`, `#` is a length and `[?key=value]`
 * selects a member.
 */
type Case = Readonly<{ about: string; events: readonly unknown[]; expect: readonly Expectation[] }>;
type Expectation = Readonly<{ path: string; equals: unknown } & ({ get: string } | { reply: number })>;

const files = readdirSync(fileURLToPath(new URL('.', import.meta.url)))
  .filter((name) => name.endsWith('.json'))
  .sort();

const caseOf = (file: string): Case =>
  JSON.parse(readFileSync(fileURLToPath(new URL(file, import.meta.url)), 'utf8')) as Case;

let ledger: TestLedger;
let servers: readonly TestServer[];
beforeAll(async () => {
  // The cases' ids are fixed, so they need an empty log.
  const [eventStore, database] = [await startEmbeddedEventStore({ directory: 'memory' }), await preparedDatabase()];
  servers = [eventStore, database];
  ledger = await startLedger({ eventStore, database });
});
afterAll(async () => {
  await ledger.stop();
  for (const server of servers) await server.stop();
});

describe('the cases', () => {
  it.each(files)('%s', async (file) => {
    const { events, expect: expected } = caseOf(file);
    const replies: Answer[] = [];
    for (const event of events) replies.push((await deliver(ledger.url, JSON.stringify(event))).body);
    const last = replies.map(({ position }) => BigInt(position ?? 0)).reduce((a, b) => (a > b ? a : b), 0n);
    const found = [];
    for (const one of expected) {
      const from = 'get' in one ? await answerTo(one.get, last) : replies[one.reply];
      found.push({ ...one, equals: pick(from, one.path) ?? null });
    }
    expect(found).toEqual(expected);
    for (const path of new Set(events.flatMap(pathsAbout))) await expectPastAsPresent(path, last);
  });
});

/** The API paths that concern an event's object and accept a past moment. */
function pathsAbout(event: unknown): string[] {
  const { object: kind, id, customer } = (event as { data?: { object?: Record<string, unknown> } }).data?.object ?? {};
  const name = { charge: 'payments', payment_intent: 'payments', invoice: 'invoices', subscription: 'subscriptions' }[
    String(kind)
  ];
  return [
    ...(name === undefined || typeof id !== 'string' ? [] : [`/${name}/${id}`]),
    ...(typeof customer === 'string'
      ? [
          `/payments?customer=${customer}`,
          `/invoices?customer=${customer}`,
          `/customers/${customer}/access`,
          `/customers/${customer}/subscriptions`,
        ]
      : []),
  ];
}

/** As of the last event, the past equals the present. */
async function expectPastAsPresent(path: string, position: bigint): Promise<void> {
  const now = await answerTo(path, position);
  const then = await answerTo(`${path}${path.includes('?') ? '&' : '?'}knownAt=${position}`, position);
  // An unreadable event holds back answers about the past, while the present passes over it.
  if (then['$status'] !== 422) expect({ path, ...timeless(then) }).toEqual({ path, ...timeless(now) });
}

/** An answer without its time and without the members about missing or unread events. */
const timeless = (answer: unknown): Record<string, unknown> =>
  JSON.parse(
    JSON.stringify(answer, (key, value: unknown) =>
      ['asOf', 'at', 'stale', 'unread', 'code', 'detail', 'title', 'type', 'instance'].includes(key)
        ? undefined
        : value,
    ),
  ) as Record<string, unknown>;

async function answerTo(path: string, position: bigint): Promise<Readonly<Record<string, unknown>>> {
  const url = new URL(`${API}${path}`, ledger.url);
  if (!WAITS_FOR_NOTHING.test(path)) {
    url.searchParams.set('minPosition', String(position));
    url.searchParams.set('waitMs', '20000');
  }
  const { status, body } = await read(ledger.url, `${url.pathname}${url.search}`);
  return { $status: status, ...body };
}

function pick(value: unknown, path: string): unknown {
  let at: unknown = value;
  for (const part of path.match(/[^.[\]]+|\[[^\]]*\]/g) ?? []) {
    if (at === undefined || at === null) return undefined;
    at = memberOf(at, part);
  }
  return at;
}

function memberOf(value: unknown, part: string): unknown {
  if (part === '#') return (value as readonly unknown[]).length;
  if (!part.startsWith('[')) return (value as Record<string, unknown>)[part];
  const [key, wanted] = part.slice(1, -1).replace('?', '').split('=') as [string, string?];
  if (wanted === undefined) return (value as readonly unknown[])[Number(key)];
  return (value as readonly Record<string, unknown>[]).find((member) => String(member[key]) === wanted);
}
