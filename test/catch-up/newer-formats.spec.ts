import { jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventIdOf } from '../../src/events/event-id.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { ADMIN_TOKEN, deliver, read } from '../support/delivery.js';
import { findingsOf, runCommand } from '../support/ledger-command.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

let eventStore: TestServer;
let database: TestServer;
let ledger: TestLedger;
let store: EventStore;
beforeAll(async () => {
  [eventStore, database] = await Promise.all([testEventStore(), serviceDatabase()]);
  ledger = await startLedger({ eventStore, database });
  store = connectEventStore(ledger.eventstoreUrl);
});
afterAll(async () => {
  await store.close();
  await ledger.stop();
  await Promise.all([eventStore.stop(), database.stop()]);
});

const AT = '2026-01-01T00:00:00.000Z';
type StripeEvent = ReturnType<typeof subscriptionEvent>;

/** An event as appended by the build that wrote this metadata. */
const written = (event: StripeEvent, metadata: object) =>
  jsonEvent({
    id: eventIdOf(event.id, event.api_version),
    type: event.type,
    data: { ...event },
    metadata: {
      stripeEventId: event.id,
      apiVersion: event.api_version,
      account: null,
      livemode: false,
      endpoint: 'tests',
      receivedAt: AT,
      signedAt: AT,
      bodySha256: '',
      contentHash: 'of another build',
      ...metadata,
    },
  });

/** Appends to a subscription's stream, and waits until the read models have it. */
async function append(...events: readonly (readonly [StripeEvent, object])[]): Promise<void> {
  const stream = `subscription-${events[0]?.[0].data.object.id}`;
  await store.appends.appendToStream(
    stream,
    events.map(([event, metadata]) => written(event, metadata)),
    { expectedRevision: NO_STREAM },
  );
  const other = await deliver(ledger.url, JSON.stringify(subscriptionEvent(randomId('sub'))));
  expect(
    (await read(ledger.url, `/subscriptions?minPosition=${other.body.position}&waitMs=25000`, ADMIN_TOKEN)).status,
  ).toBe(200);
}

const parkedIn = async (stream: string) =>
  (
    await read<{ data: { cause: string; stripeEventId: string }[] }>(
      ledger.url,
      `/parked/subscriptions/${stream}`,
      ADMIN_TOKEN,
    )
  ).body.data;

it('a log that the build before has written is read on, and a repeat of its events is a duplicate', async () => {
  const id = randomId('sub');
  const event = subscriptionEvent(id);
  await append([event, { format: 1, contentHash: undefined }]);
  expect((await read(ledger.url, `/subscriptions/${id}`)).body).toMatchObject({ id, status: 'active' });
  expect(await deliver(ledger.url, JSON.stringify(event))).toMatchObject({
    body: { outcome: 'duplicate', revision: '0' },
  });
  const later = subscriptionEvent(id, { created: START + 5, object: { status: 'past_due' } });
  const { position } = (await deliver(ledger.url, JSON.stringify(later))).body;
  expect((await read(ledger.url, `/subscriptions/${id}?minPosition=${position}&waitMs=20000`)).body).toMatchObject({
    status: 'past_due',
  });
});

describe.each<[string, object]>([
  ['of a later format', { format: 3, source: 'webhook' }],
  ['of a source that this build does not know', { format: 2, source: 'telepathy' }],
  ['whose personal data are sealed', { format: 2, source: 'webhook', personal: { scheme: 1 } }],
  ['that was observed, nobody says when', { format: 2, source: 'observation' }],
  ['of a later format in quarantine', { format: 3, quarantine: 'no_object' }],
])('an event %s', (_, metadata) => {
  it('parks its stream, and is skipped nowhere', async () => {
    const id = randomId('sub');
    const stream = `subscription-${id}`;
    const newer = subscriptionEvent(id, { created: START + 5, object: { status: 'past_due' } });
    await append([subscriptionEvent(id), { format: 1 }], [newer, metadata]);
    const cause = /^UnreadableFormat: The event cannot be read: .*Start a build that is at least as new/;
    expect(await parkedIn(stream)).toMatchObject([{ cause: expect.stringMatching(cause), stripeEventId: newer.id }]);
    const row = await read(ledger.url, `/subscriptions/${id}`);
    expect(row.body).toMatchObject({ status: 'active', stale: { revision: '1' } });
    // A later readable event, of any order, does not repair it.
    const later = subscriptionEvent(id, { created: START + 9, object: { status: 'canceled' } });
    const { position } = (await deliver(ledger.url, JSON.stringify(later))).body;
    const after = await read(ledger.url, `/subscriptions/${id}?minPosition=${position}&waitMs=20000`);
    expect(after.body).toMatchObject({ status: 'active', stale: { revision: '1' } });

    // A redelivery is a duplicate, whatever the other build made of the event.
    expect(await deliver(ledger.url, JSON.stringify(newer))).toMatchObject({ body: { outcome: 'duplicate' } });
    // The past and the timeline.
    expect((await read(ledger.url, `/subscriptions/${id}?trueAt=2027-01-01T00:00:00Z`)).status).toBe(422);
    expect((await read(ledger.url, `/subscriptions/${id}/events`)).status).toBe(422);
    expect((await read(ledger.url, `/events/${newer.id}`)).status).toBe(200);
    // A replay.
    const replayed = await fetch(`${ledger.url}/v1/parked/subscriptions/${stream}/replay?waitMs=20000`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    expect(await replayed.json()).toMatchObject({ outcome: 'parked_again' });
  });
});

it('verify reports such streams, and a rebuild parks them as well', async () => {
  const id = randomId('sub');
  const stream = `subscription-${id}`;
  await append([subscriptionEvent(id), { format: 3 }]);
  const verified = await runCommand(['verify', '--json', '--stream', stream], ledger);
  expect(findingsOf(verified.output, 'parked').map((one) => one.stream)).toContain(stream);
  const rebuilt = await runCommand(['rebuild', 'subscriptions'], ledger);
  expect(rebuilt).toMatchObject({ code: expect.any(Number) });
  const { body } = await read<{ data: { generation: number; stream: string }[] }>(
    ledger.url,
    '/parked?projection=subscriptions&limit=200',
    ADMIN_TOKEN,
  );
  expect(body.data.filter((one) => one.stream === stream).map(({ generation }) => generation)).toContain(2);
});
