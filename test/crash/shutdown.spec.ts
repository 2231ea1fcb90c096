/**
 * A service in a separate process that is told to stop: what it still answers, the order of the shutdown, and how to
 * force it.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { deliver, READ_TOKEN, signatureOf, type Answer } from '../support/delivery.js';
import { eventsOf } from '../support/log.js';
import { testDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';

let stores: readonly [TestServer, TestServer];
let service: ServiceProcess;
beforeAll(async () => {
  stores = await Promise.all([testEventStore(), testDatabase()]);
});
afterAll(() => Promise.all(stores.map((store) => store.stop())));
beforeEach(async () => {
  const [eventStore, database] = stores;
  service = await startServiceProcess({ eventstoreUrl: eventStore.url, databaseUrl: database.url });
});

/** A delivery whose first half the service has received; `finish` sends the rest and returns the answer. */
async function halfDelivered(body: string) {
  const outgoing = request(`${service.url}/webhooks/stripe`, {
    method: 'POST',
    // The service answers 100 when it has received the headers.
    headers: { 'stripe-signature': signatureOf(body), 'content-length': body.length, expect: '100-continue' },
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) =>
    outgoing.on('response', resolve).on('error', reject),
  );
  answer.catch(() => undefined);
  await new Promise((resolve) => outgoing.once('continue', resolve).flushHeaders());
  outgoing.write(body.slice(0, body.length / 2));
  const finish = async (): Promise<{ status: number | undefined; body: Answer }> => {
    outgoing.end(body.slice(body.length / 2));
    const incoming = await answer;
    return { status: incoming.statusCode, body: JSON.parse(await text(incoming)) as Answer };
  };
  return { outgoing: outgoing as ClientRequest, finish };
}

/** Follows the live events; `ended` resolves when the service ends the stream. */
async function follow(): Promise<Readonly<{ ended: Promise<string> }>> {
  const response = await fetch(`${service.url}/v1/events/live`, { headers: { authorization: `Bearer ${READ_TOKEN}` } });
  return { ended: response.text() };
}

describe('at SIGTERM', () => {
  it('it ends the live streams, answers the deliveries in flight, and exits with 0', async () => {
    const events = [1, 2, 3].map(() => JSON.stringify(subscriptionEvent(randomId('sub'))));
    const deliveries = await Promise.all(events.map(halfDelivered));
    const { ended } = await follow();
    const exit = service.stop();
    await ended;
    const answers = await Promise.all(deliveries.map(({ finish }) => finish()));
    expect(answers.map(({ status, body: { outcome } }) => ({ status, outcome }))).toEqual(
      events.map(() => ({ status: 200, outcome: 'appended' })),
    );
    for (const { body } of answers) expect(await eventsOf(stores[0].url, body.stream)).toHaveLength(1);
    expect(await exit).toBe(0);
    await expect(deliver(service.url, events[0] ?? '')).rejects.toThrow();
  });

  it('a second signal ends it at once, whatever is in flight', async () => {
    const { outgoing } = await halfDelivered(JSON.stringify(subscriptionEvent(randomId('sub'))));
    const { ended } = await follow();
    const exit = service.stop();
    await ended;
    process.kill(service.pid, 'SIGTERM');
    expect(await exit).toBe(128 + 15);
    outgoing.destroy();
  });
});
