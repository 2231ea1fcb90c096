import { jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { query } from '../support/read-models.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';

let ledger: TestLedger;
let store: EventStore;
beforeAll(async () => {
  ledger = await startLedger();
  store = connectEventStore(ledger.eventstoreUrl);
});
afterAll(async () => {
  await store.close();
  await ledger.stop();
});

type Given = Readonly<{ metadata?: unknown; stream?: string; type?: string }>;

/** Appends an event of a subscription as only a broken or hostile writer would. */
async function append(
  id: string,
  { metadata, stream = `subscription-${id}`, type = 'customer.subscription.updated' }: Given,
): Promise<void> {
  const at = '2026-01-01T00:00:00.000Z';
  const usual = {
    format: 1,
    stripeEventId: randomId('evt'),
    apiVersion: null,
    account: null,
    livemode: false,
    endpoint: 'tests',
    receivedAt: at,
    signedAt: at,
    bodySha256: '',
    contentHash: '',
  };
  const event = jsonEvent({
    id: randomUUID(),
    type,
    data: { ...subscriptionEvent(id) },
    metadata: typeof metadata === 'object' ? { ...usual, ...metadata } : usual,
  });
  await store.appends.appendToStream(stream, event, { expectedRevision: NO_STREAM });
}

/** Expects the read models to reach a later delivery. */
async function othersFlow(): Promise<void> {
  const id = randomId('sub');
  const { position } = (await deliver(ledger.url, JSON.stringify(subscriptionEvent(id)))).body;
  expect(await read(ledger.url, `/subscriptions/${id}?minPosition=${position}&waitMs=25000`)).toMatchObject({
    status: 200,
  });
}

/** The index's rows for streams whose names begin with the subscription's. */
const indexed = (id: string) =>
  query(ledger.databaseUrl, 'select stream, revision::int from ledger.event_index_v3 where starts_with(stream, $1)', [
    `subscription-${id}`,
  ]);
const whole = (id: string) => [{ stream: `subscription-${id}`, revision: 0 }];

describe('an event whose metadata', () => {
  it.each<[string, object]>([
    ['has no time where it was received', { receivedAt: '' }],
    ['has a time that only Postgres reads', { receivedAt: 'now' }],
    ['has the end of all times', { receivedAt: 'infinity' }],
    ['has a time beyond the year 9999', { receivedAt: '+275760-09-13T00:00:00.000Z' }],
    ['has a time before our era', { receivedAt: '-000001-01-01T00:00:00.000Z' }],
    ['has U+0000 where a time belongs', { receivedAt: '2026-01-01T00:00:00.000Z\u0000' }],
    ['has a number where a time belongs', { receivedAt: 7 }],
    ['has no time at all', { receivedAt: undefined }],
  ])('%s is projected, without that time', async (_, metadata) => {
    const id = randomId('sub');
    await append(id, { metadata });
    await othersFlow();
    expect(await indexed(id)).toEqual(whole(id));
    expect(await read(ledger.url, `/subscriptions/${id}/events`)).toMatchObject({
      status: 200,
      body: { data: [{ receivedAt: null }] },
    });
  });

  it.each<[string, object]>([
    ['has U+0000 in its texts', { stripeEventId: 'evt\u0000', account: '\u0000', apiVersion: '\u0000' }],
    ['has lone surrogates in its texts', { stripeEventId: '\ud800', account: '\udfff', apiVersion: 'a\ud800b' }],
    [
      'has huge texts',
      { stripeEventId: 'x'.repeat(100_000), account: 'y'.repeat(100_000), apiVersion: 'z'.repeat(100_000) },
    ],
    [
      'has fields of other types',
      {
        stripeEventId: 7,
        account: {},
        livemode: 'yes',
        apiVersion: [],
        endpoint: null,
        signedAt: 'never',
        bodySha256: 1,
        contentHash: false,
      },
    ],
    [
      'lacks all but its format',
      {
        stripeEventId: undefined,
        account: undefined,
        livemode: undefined,
        apiVersion: undefined,
        endpoint: undefined,
        signedAt: undefined,
        bodySha256: undefined,
        contentHash: undefined,
      },
    ],
  ])('%s is projected', async (_, metadata) => {
    const id = randomId('sub');
    await append(id, { metadata });
    await othersFlow();
    expect(await indexed(id)).toEqual(whole(id));
    expect(await read(ledger.url, `/subscriptions/${id}`)).toMatchObject({ status: 200 });
  });

  it.each<[string, object]>([
    ['has no format', { format: undefined }],
    ['has a format that is no number', { format: '2' }],
  ])('%s is none of the ledger, and holds up none', async (_, metadata) => {
    const id = randomId('sub');
    await append(id, { metadata });
    await othersFlow();
    expect(await indexed(id)).toEqual([]);
  });
});

/** Distinct characters of three bytes in UTF-8, which Postgres cannot compress to fit an index. */
const WIDE = 0x4e00;
const longestName = (id: string): string =>
  `subscription-${id}`.padEnd(
    650,
    Array.from({ length: 650 }, (_, at) => String.fromCodePoint(WIDE + ((at * 7_919) % 20_000))).join(''),
  );

describe('an event', () => {
  it.each<[string, (id: string) => string]>([
    ['longer than Postgres can index', (id) => `subscription-${id}${'x'.repeat(5_000)}`],
    ['one character longer than the ledger takes', (id) => longestName(id) + String.fromCodePoint(WIDE)],
    ['with U+0000', (id) => `subscription-${id}\u0000`],
    ['with a line feed', (id) => `subscription-${id}\n`],
  ])('in a stream with a name %s is none of the ledger, and holds up none', async (_, streamOf) => {
    const id = randomId('sub');
    await append(id, { stream: streamOf(id) });
    await othersFlow();
    expect(await indexed(id)).toEqual([]);
  });

  it('in a stream with the longest name that the ledger takes is indexed', async () => {
    const id = randomId('sub');
    await append(id, { stream: longestName(id) });
    await othersFlow();
    expect(await indexed(id)).toEqual([{ stream: longestName(id), revision: 0 }]);
  });

  it.each<[string, (id: string) => Given]>([
    ['of a type with U+0000', (id) => ({ stream: `subscription-${id}`, type: 'customer\u0000subscription' })],
    ['of a type as long as its body', (id) => ({ stream: `subscription-${id}`, type: 'x'.repeat(50_000) })],
  ])('%s holds up no other', async (_, given) => {
    const id = randomId('sub');
    await append(id, given(id));
    await othersFlow();
    expect(await indexed(id)).toEqual(whole(id));
  });

  it('that names a row longer than Postgres can index parks its own stream', async () => {
    const id = randomId('sub');
    const event = subscriptionEvent(id, {
      object: { id: `sub_${Array.from({ length: 2_000 }, () => randomId('')).join('')}` },
    });
    const at = '2026-01-01T00:00:00.000Z';
    const metadata = {
      format: 1,
      stripeEventId: event.id,
      apiVersion: null,
      account: null,
      livemode: false,
      endpoint: 'tests',
      receivedAt: at,
      signedAt: at,
      bodySha256: '',
      contentHash: '',
    };
    await store.appends.appendToStream(
      `subscription-${id}`,
      jsonEvent({ id: randomUUID(), type: event.type, data: { ...event }, metadata }),
      { expectedRevision: NO_STREAM },
    );
    await othersFlow();
    const parked = await query<{ cause: string }>(
      ledger.databaseUrl,
      `select cause from ledger.parked_streams where stream = $1 and generation like 'subscriptions%'`,
      [`subscription-${id}`],
    );
    expect(parked).toEqual([
      {
        cause: expect.stringMatching(
          /^BadValue: subscriptions\.id is a text of \d+ bytes, not a text of at most 600 bytes/,
        ),
      },
    ]);
  });
});
