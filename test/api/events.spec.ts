import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { deliver, deliverBytes, read, READ_TOKEN, type Answer } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { connectLive } from '../support/live-client.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

type Entry = { stripeEventId: string; position: string; stream: string; quarantine: string | null; type: string };
type Page = { data: Entry[]; nextCursor: string | null };

let ledger: TestLedger;
const sub = randomId('sub');
const other = randomId('sub');
const first = randomId('evt');
const second = randomId('evt');
const conflicting = randomId('evt');
/** With whitespace and escapes that no serialiser would write. */
const body = JSON.stringify(subscriptionEvent(sub, { eventId: first, created: START }), null, 3).replace(
  '"active"',
  '"\\u0061ctive"',
);
const sha256 = createHash('sha256').update(body).digest('hex');
let answers: Answer[];
let last: string;

const get = <T = Record<string, unknown>>(path: string) => read<T>(ledger.url, path);
const idsOf = ({ data }: Page): string[] => data.map(({ stripeEventId }) => stripeEventId);

beforeAll(async () => {
  ledger = await startLedger();
  const bodies = [
    body,
    body,
    JSON.stringify(subscriptionEvent(sub, { eventId: second, created: START + 5, object: { status: 'past_due' } })),
    JSON.stringify(subscriptionEvent(other, { eventId: conflicting })),
    JSON.stringify(subscriptionEvent(other, { eventId: conflicting, object: { status: 'unpaid' } })),
  ];
  answers = [];
  for (const one of bodies) answers.push((await deliver(ledger.url, one)).body);
  last = String(answers.at(-1)?.position);
}, 60_000);
afterAll(() => ledger.stop());

describe('GET /v1/events/:id', () => {
  it('shows how an event came, its place, and what it changed', async () => {
    const { status, body: event } = await get(`/v1/events/${second}?minPosition=${last}`);
    expect(status).toBe(200);
    expect(event).toEqual({
      stripeEventId: second,
      eventId: expect.stringMatching(/^[\da-f-]{36}$/),
      type: 'customer.subscription.updated',
      created: new Date((START + 5) * 1_000).toISOString(),
      object: { kind: 'subscription', id: sub },
      account: null,
      livemode: false,
      apiVersion: '2025-03-31.basil',
      source: 'webhook',
      observation: null,
      endpoint: 'tests',
      receivedAt: expect.any(String),
      signedAt: expect.any(String),
      recordedAt: expect.any(String),
      stream: `subscription-${sub}`,
      revision: '1',
      position: answers[2]?.position,
      bodySha256: expect.stringMatching(/^[\da-f]{64}$/),
      contentHash: expect.any(String),
      quarantine: null,
      renderings: [
        {
          eventId: event['eventId'],
          apiVersion: '2025-03-31.basil',
          stream: `subscription-${sub}`,
          revision: '1',
          position: answers[2]?.position,
        },
      ],
      deliveries: [
        { at: expect.any(String), outcome: 'appended', endpoint: 'tests', signatureAgeS: expect.any(Number) },
      ],
      changed: expect.arrayContaining([{ table: 'subscriptions', key: { id: sub } }]),
    });
  });

  it('counts every delivery of this process, the latest first', async () => {
    const { body: event } = await get<{ deliveries: { outcome: string }[] }>(`/v1/events/${first}?minPosition=${last}`);
    expect(event.deliveries.map(({ outcome }) => outcome)).toEqual(['duplicate', 'appended']);
  });

  it('finds an event by the id under which the log has it, and one in quarantine by Stripe’s where no other has that', async () => {
    const { body: list } = await get<Page>(`/v1/events?quarantine=true&minPosition=${last}`);
    const [quarantined] = list.data as (Entry & { eventId: string })[];
    expect(quarantined).toMatchObject({ stripeEventId: conflicting, quarantine: 'conflict' });
    const byLogId = await get<Entry>(`/v1/events/${quarantined?.eventId}`);
    expect(byLogId.body).toMatchObject({ stream: quarantined?.stream, quarantine: 'conflict', changed: [] });
    expect((await get<Entry>(`/v1/events/${conflicting}`)).body).toMatchObject({ quarantine: null });
  });

  it('is 404 for an unknown event', async () => {
    expect((await get(`/v1/events/${randomId('evt')}`)).body).toMatchObject({ status: 404, code: 'not_found' });
    expect((await get(`/v1/events/${randomId('evt')}/body`)).body).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('GET /v1/events/:id/body', () => {
  it('is the delivered body, byte by byte, under the hash of the bytes', async () => {
    const ask = (headers: Record<string, string> = {}) =>
      fetch(`${ledger.url}/v1/events/${first}/body?minPosition=${last}`, {
        headers: { authorization: `Bearer ${READ_TOKEN}`, 'accept-encoding': 'gzip', ...headers },
      });
    const answer = await ask();
    expect(await answer.text()).toBe(body);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      etag: `"${sha256}"`,
      'content-type': 'application/json',
    });
    expect((await ask({ 'if-none-match': `"${sha256}"` })).status).toBe(304);
  });

  it('is also of bytes that are no text', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"id":"evt_bytes","object":"event","x":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]);
    const { body: delivered } = await deliverBytes(ledger.url, bytes);
    const { body: list } = await get<Page>(`/v1/events?quarantine=not_an_event&minPosition=${delivered.position}`);
    const [event] = list.data as (Entry & { eventId: string })[];
    const answer = await fetch(`${ledger.url}/v1/events/${event?.eventId}/body`, {
      headers: { authorization: `Bearer ${READ_TOKEN}` },
    });
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
  });
});

describe('GET /v1/events', () => {
  it.each([
    ['the newest first', 'endpoint=tests&quarantine=false', () => [conflicting, second, first]],
    ['of an object', `object=${sub}`, () => [second, first]],
    ['of a type', 'type=customer.subscription.*&quarantine=false', () => [conflicting, second, first]],
    ['in quarantine', 'quarantine=conflict', () => [conflicting]],
    ['of no type that came', 'type=customer.*.created', () => []],
    ['of another endpoint', 'endpoint=other', () => []],
    ['live ones', 'livemode=true', () => []],
    ['of an account', 'account=acct_1', () => []],
    ['before they came', 'until=2020-01-01T00:00:00Z', () => []],
    ['since they came', 'since=2100-01-01T00:00:00Z', () => []],
  ] as const)('%s', async (_name, query, expected) => {
    const { status, body: page } = await get<Page>(`/v1/events?${query}&minPosition=${last}`);
    expect([status, idsOf(page), page.nextCursor]).toEqual([200, expected(), null]);
  });

  it.each(['quarantine=false&endpoint=tests', `object=${sub}`])('leads through all pages: %s', async (query) => {
    const all = idsOf((await get<Page>(`/v1/events?${query}&minPosition=${last}`)).body);
    const found: string[] = [];
    for (let cursor = ''; ;) {
      const { body: page } = await get<Page>(`/v1/events?${query}&limit=1${cursor}`);
      expect(page.data.length).toBeLessThanOrEqual(1);
      found.push(...idsOf(page));
      if (page.nextCursor === null) break;
      cursor = `&cursor=${page.nextCursor}`;
    }
    expect(found).toEqual(all);
  });

  it('shows new events on top when it is loaded again', async () => {
    const page = async (): Promise<Page> => (await get<Page>('/v1/events?endpoint=tests')).body;
    let before = await page();
    // Fewer than the first lookup reads, and more.
    for (const count of [0, 1, 12]) {
      const come: string[] = [];
      for (let at = 0; at < count; at += 1) {
        const event = subscriptionEvent(randomId('sub'), { created: START + at });
        come.unshift(event.id);
        last = String((await deliver(ledger.url, JSON.stringify(event))).body.position);
      }
      const after = await page();
      expect(idsOf(after)).toEqual([...come, ...idsOf(before)].slice(0, 50));
      before = after;
    }
  });

  it.each(['cursor=MTIz', 'cursor=eHl6', 'since=yesterday', 'kind=x'])('refuses %s', async (query) => {
    expect((await get(`/v1/events?${query}`)).body).toMatchObject({ status: 400, code: 'bad_query' });
  });
});

describe('GET /v1/streams/:name', () => {
  it('has a stream in the order of its revisions, page by page', async () => {
    const path = `/v1/streams/subscription-${sub}`;
    const { body: page } = await get<{ data: Entry[]; nextAfter: string | null }>(`${path}?limit=1`);
    expect([idsOf(page as never), page.nextAfter]).toEqual([[first], '0']);
    const next = await get<{ data: Entry[]; nextAfter: string | null }>(`${path}?limit=1&after=${page.nextAfter}`);
    expect([idsOf(next.body as never), next.body.nextAfter]).toEqual([[second], null]);
  });

  it.each([
    ['subscription-sub_nobody', 404],
    ['$all', 400],
  ])('%s is %d', async (name, status) => {
    expect((await get(`/v1/streams/${encodeURIComponent(name)}`)).status).toBe(status);
  });
});

describe('GET /v1/events/live', () => {
  it('sends each new event once, and continues after the last one seen', async () => {
    const client = await connectLive(ledger.url, '/v1/events/live?quarantine=false');
    const ids = [randomId('evt'), randomId('evt'), randomId('evt')];
    const send = (eventId: string | undefined) =>
      deliver(ledger.url, JSON.stringify(subscriptionEvent(sub, { ...(eventId && { eventId }), created: START + 9 })));
    await send(ids[0]);
    const seen = await client.told('the first', ({ data }) => data['stripeEventId'] === ids[0]);
    expect(seen).toMatchObject({ event: 'event', id: seen.data['position'], data: { stream: `subscription-${sub}` } });
    expect(client.events).toHaveLength(1);
    client.close();
    await send(ids[1]);
    const resumed = await connectLive(ledger.url, '/v1/events/live', { 'last-event-id': seen.id });
    await send(ids[2]);
    await resumed.told('the third', ({ data }) => data['stripeEventId'] === ids[2]);
    expect(resumed.events.map(({ data }) => data['stripeEventId'])).toEqual(ids.slice(1));
    resumed.close();
  });

  it.each(['0x1', '9000000000000000000', '7'])('refuses Last-Event-ID %s, where no event is', async (id) => {
    const answer = await fetch(`${ledger.url}/v1/events/live`, {
      headers: { authorization: `Bearer ${READ_TOKEN}`, 'last-event-id': id },
    });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([400, 'bad_query']);
  });
});

describe('an event in several API versions', () => {
  it('finds the renderings of an event, each under its own id', async () => {
    const rendered = subscriptionEvent(randomId('sub'));
    const versions = ['2025-03-31.basil', '2020-08-27'];
    const places: Answer[] = [];
    for (const version of versions)
      places.push((await deliver(ledger.url, JSON.stringify({ ...rendered, api_version: version }))).body);
    type Rendered = { apiVersion: string; renderings: { eventId: string; apiVersion: string; position: string }[] };
    const { body: event } = await get<Rendered>(`/v1/events/${rendered.id}?minPosition=${places[1]?.position}`);
    expect(event.apiVersion).toBe('2025-03-31.basil');
    expect(event.renderings.map(({ apiVersion, position }) => [apiVersion, position])).toEqual(
      versions.map((version, at) => [version, places[at]?.position]),
    );
    expect((await get<Rendered>(`/v1/events/${event.renderings[1]?.eventId}`)).body).toMatchObject({
      apiVersion: '2020-08-27',
      renderings: event.renderings,
    });
  });
});
