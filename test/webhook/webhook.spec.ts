import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { deliver, deliverBytes, signatureOf } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { eventsOf, stripeIdsOf } from '../support/log.js';
import { metricsOf } from '../support/metrics.js';
import { rawEventsOf } from '../support/raw-read.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';

let ledger: TestLedger;
beforeAll(async () => {
  ledger = await startLedger();
});
afterAll(() => ledger.stop());
const post = (body: unknown) => deliver(ledger.url, JSON.stringify(body));

describe('POST /webhooks/stripe', () => {
  it('appends an event to the stream of its subscription and answers with its place', async () => {
    const subscription = randomId('sub');
    const first = await post(subscriptionEvent(subscription, { type: 'customer.subscription.created' }));
    expect(first).toMatchObject({
      status: 200,
      body: { outcome: 'appended', stream: `subscription-${subscription}`, revision: '0' },
    });
    const second = await post(subscriptionEvent(subscription));
    expect(second).toMatchObject({ status: 200, body: { outcome: 'appended', revision: '1' } });
    expect(BigInt(second.body.position)).toBeGreaterThan(BigInt(first.body.position));
  });

  it('answers a delivery that comes again with where the event is, and writes nothing', async () => {
    const subscription = randomId('sub');
    const event = subscriptionEvent(subscription);
    const first = await post(event);
    const again = await post({ ...event, pending_webhooks: 3, request: { id: 'req_other' } });
    expect(again).toMatchObject({ status: 200, body: { ...first.body, outcome: 'duplicate' } });
    expect(await stripeIdsOf(ledger.eventstoreUrl, `subscription-${subscription}`)).toEqual([event.id]);
  });

  it('keeps the same event rendered in another API version, as a second endpoint sends it, once beside the first', async () => {
    const subscription = randomId('sub');
    const event = subscriptionEvent(subscription);
    const other = {
      ...event,
      api_version: '2022-11-15',
      data: { object: { ...event.data.object, current_period_end: 1 } },
    };
    const [before, first] = [await metricsOf(ledger.url), await post(event)];
    expect(first.body).not.toHaveProperty('rendering');
    expect(await post(other)).toMatchObject({
      status: 200,
      body: { outcome: 'appended', stream: first.body.stream, revision: '1', rendering: true },
    });
    for (const [again, revision] of [
      [other, '1'],
      [event, '0'],
    ] as const)
      expect(await post(again)).toMatchObject({ status: 200, body: { outcome: 'duplicate', revision } });
    expect(await stripeIdsOf(ledger.eventstoreUrl, first.body.stream)).toEqual([event.id, event.id]);
    const renderings = (metrics: ReadonlyMap<string, number>) => metrics.get('ledger_renderings_total') ?? NaN;
    expect(renderings(await metricsOf(ledger.url)) - renderings(before)).toBe(1);
  });

  it.each([
    ['names the account first', { account: 'acct_1' }, {}],
    ['does not name the account first', {}, { account: 'acct_1' }],
  ])('takes for a duplicate what one of two endpoints %s', async (_, one, another) => {
    const event = subscriptionEvent(randomId('sub'));
    const first = await post({ ...event, ...one });
    expect(await post({ ...event, ...another })).toMatchObject({
      status: 200,
      body: { ...first.body, outcome: 'duplicate' },
    });
    expect(await post({ ...event, ...another, livemode: true })).toMatchObject({ body: { outcome: 'quarantined' } });
  });

  it('quarantines another body under a known id, once, and keeps the first', async () => {
    const subscription = randomId('sub');
    const event = subscriptionEvent(subscription);
    const conflicting = subscriptionEvent(subscription, { eventId: event.id, object: { status: 'past_due' } });
    await post(event);
    const quarantined = await post(conflicting);
    expect(quarantined).toMatchObject({ status: 200, body: { outcome: 'quarantined', revision: '0' } });
    expect(quarantined.body.stream).toMatch(/^quarantine-/);
    expect(await post(conflicting)).toMatchObject({
      status: 200,
      body: { outcome: 'duplicate', stream: quarantined.body.stream },
    });
    expect(await stripeIdsOf(ledger.eventstoreUrl, `subscription-${subscription}`)).toEqual([event.id]);
    expect((await eventsOf(ledger.eventstoreUrl, quarantined.body.stream))[0]?.metadata).toMatchObject({
      quarantine: 'conflict',
      stripeEventId: event.id,
    });
  });

  it.each([
    [
      'a thin v2 event',
      {
        id: randomId('evt'),
        object: 'v2.core.event',
        type: 'v1.customer.subscription.updated',
        created: '2026-01-01T00:00:00.000Z',
        livemode: false,
        related_object: { id: 'sub_1', type: 'subscription', url: '/v1/subscriptions/sub_1' },
      },
    ],
    [
      'a test event of the dashboard with zero ids',
      subscriptionEvent('sub_00000000000000', {
        eventId: 'evt_00000000000000',
        object: { metadata: { note: randomId('note') } },
      }),
    ],
    ['something that is no event', { hello: randomId('world') }],
    ['a list', [1, 2, randomId('three')]],
    ['a bare value', randomId('ping')],
  ])('stores %s in quarantine with 200', async (_name, body) => {
    const answer = await post(body);
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'quarantined' } });
    expect((await eventsOf(ledger.eventstoreUrl, answer.body.stream))[0]?.data).toEqual(body);
  });

  it('stores an unknown type, of either mode and any account', async () => {
    const id = randomId('wdg');
    const answer = await post({
      id: randomId('evt'),
      object: 'event',
      api_version: '2031-01-01.future',
      account: 'acct_other',
      created: 1,
      livemode: true,
      type: 'widget.polished',
      data: { object: { id, object: 'widget' } },
    });
    expect(answer).toMatchObject({ status: 200, body: { outcome: 'appended', stream: `widget-${id}` } });
  });

  it.each([
    ['a number that is none in JavaScript', 'null', '1e400'],
    ['whole numbers that JavaScript rounds', '9007199254740992', '9007199254740993'],
    ['fractions that JavaScript rounds', '1', '1.00000000000000000001'],
  ])('takes no two bodies for one: %s', async (_name, ...numbers) => {
    const label = randomId('wdg');
    for (const number of numbers) {
      const answer = await deliver(ledger.url, `{"label":"${label}","number":${number}}`);
      expect(answer).toMatchObject({ status: 200, body: { outcome: 'quarantined' } });
    }
  });

  it('does not confuse two bodies whose bytes are not UTF-8 and decode to the same text', async () => {
    const label = randomId('wdg');
    const outcomes = [0xfe, 0xff, 0xff].map(async (byte) => {
      const body = Buffer.concat([Buffer.from(`{"label":"${label}`), Buffer.from([byte]), Buffer.from('"}')]);
      return (await deliverBytes(ledger.url, body)).body.outcome;
    });
    expect((await Promise.all(outcomes)).sort()).toEqual(['duplicate', 'quarantined', 'quarantined']);
  });

  it('keeps every byte that JSON means: numbers as written, repeated keys, escapes, white space', async () => {
    const subscription = randomId('sub');
    const body = `{ "id":"${randomId('evt')}", "object":"event","type":"customer.subscription.updated","created":1767225600,"livemode":false,"api_version":"2025-03-31.basil",\n "big":12345678901234567890, "one":1.0, "tiny":1e-7, "twice":1, "twice":2, "text":"\\u0000 \\ud800 \\u00e9 é 😀 \\/",\t"10":1,"9":2, "data":{"object":{"id":"${subscription}","object":"subscription","status":"active"}}}\n`;
    expect(await deliver(ledger.url, body)).toMatchObject({ status: 200, body: { outcome: 'appended' } });
    const [stored] = await rawEventsOf(ledger.eventstoreUrl, `subscription-${subscription}`);
    expect(stored?.data.toString('utf8')).toBe(body);
    expect(stored?.contentType).toBe('application/json');
  });

  it('records beside the body where the event came from and when', async () => {
    const subscription = randomId('sub');
    const body = JSON.stringify(subscriptionEvent(subscription, { event: { account: 'acct_1' } }));
    const before = Date.now();
    await deliver(ledger.url, body, signatureOf(body, { timestamp: Math.floor(before / 1000) - 10 }));
    const metadata = (await eventsOf(ledger.eventstoreUrl, `subscription-${subscription}`))[0]?.metadata;
    expect(metadata).toMatchObject({
      format: 2,
      source: 'webhook',
      apiVersion: '2025-03-31.basil',
      account: 'acct_1',
      livemode: false,
      endpoint: 'tests',
      bodySha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(metadata?.signedAt).toBe(new Date((Math.floor(before / 1000) - 10) * 1000).toISOString());
    expect(Date.parse(metadata?.receivedAt ?? '')).toBeGreaterThanOrEqual(before);
  });

  it.each([
    ['signature_no_match', () => signatureOf('another body')],
    ['signature_no_signature', () => ''],
    ['signature_clock', (body: string) => signatureOf(body, { timestamp: Math.floor(Date.now() / 1000) - 400 })],
  ])(
    'refuses a bad signature with 400 %s, explains what to check, reveals nothing and stores nothing',
    async (code, sign) => {
      const subscription = randomId('sub');
      const body = JSON.stringify(subscriptionEvent(subscription));
      const response = await request(ledger.url)
        .post('/webhooks/stripe')
        .set('stripe-signature', sign(body))
        .set('content-type', 'application/json')
        .send(body);
      expect(response.status).toBe(400);
      expect(response.type).toBe('application/problem+json');
      expect(response.body).toMatchObject({
        code,
        status: 400,
        title: 'Bad signature',
        detail: expect.stringMatching(/secret|header|clock/i),
      });
      expect(response.text).not.toMatch(/whsec_|[0-9a-f]{64}/);
      expect(await eventsOf(ledger.eventstoreUrl, `subscription-${subscription}`)).toEqual([]);
    },
  );

  it('refuses a signed body that is no JSON with 400', async () => {
    expect(await deliver(ledger.url, '{"id": "evt_1", ')).toMatchObject({
      status: 400,
      body: { code: 'unreadable_body' },
    });
  });

  it('refuses a body that no append can hold with 413, and takes one just below', async () => {
    const padded = (bytes: number) =>
      JSON.stringify({ ...subscriptionEvent(randomId('sub')), padding: 'x'.repeat(bytes) });
    expect(await deliver(ledger.url, padded(1_048_576))).toMatchObject({
      status: 413,
      body: { code: 'body_too_large' },
    });
    const roomForMetadata = 1_048_576 - Buffer.byteLength(padded(0)) - 100;
    expect(await deliver(ledger.url, padded(roomForMetadata))).toMatchObject({
      status: 413,
      body: { code: 'body_too_large' },
    });
    expect(await deliver(ledger.url, padded(1_040_000))).toMatchObject({ status: 200 });
  });

  it('answers a GET with a problem, not with HTML', async () => {
    const response = await request(ledger.url).get('/webhooks/stripe');
    expect(response.status).toBe(404);
    expect(response.body).toMatchObject({ code: 'not_found', status: 404 });
  });
});
