import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, read } from '../support/delivery.js';
import { eventsOf } from '../support/log.js';
import { rowsOf } from '../support/read-models.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { temporaryDirectory } from '../support/servers.js';
import { endpointsOf } from '../support/endpoints.js';
import { randomId, START, subscriptionEvent } from '../support/subscription-events.js';

const EMBEDDED = { eventstoreUrl: 'embedded', databaseUrl: 'embedded' };
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  directory = await temporaryDirectory();
});
afterAll(() => directory.remove());
const start = (): Promise<ServiceProcess> => startServiceProcess(EMBEDDED, { DATA_DIR: directory.path });

describe('a service on embedded stores', () => {
  it('recognises a duplicate after service and stores were stopped, and after they were killed; leaves no process behind; rows are there at once', async () => {
    const subscription = randomId('sub');
    const events = [0, 1, 2].map((second) =>
      JSON.stringify(subscriptionEvent(subscription, { created: START + second })),
    );
    const first = await start();
    const answers = [];
    for (const event of events) answers.push(await deliver(first.url, event));
    const position = answers.at(-1)?.body.position;
    expect(await read(first.url, `/subscriptions/${subscription}?minPosition=${position}`)).toMatchObject({
      status: 200,
      body: { status: 'active' },
    });
    const { databaseUrl, eventstoreUrl } = await endpointsOf(directory.path);
    const rows = await rowsOf(databaseUrl, 'ledger.subscriptions');
    expect(await first.stop()).toBe(0);
    await expect(rowsOf(databaseUrl, 'ledger.subscriptions')).rejects.toThrow(/ENOENT|ECONNREFUSED/);
    await expect(eventsOf(eventstoreUrl, `subscription-${subscription}`)).rejects.toThrow(
      /ENOENT|ECONNREFUSED|UNAVAILABLE/i,
    );

    const second = await start();
    for (const [at, event] of events.entries())
      expect(await deliver(second.url, event)).toMatchObject({
        status: 200,
        body: { ...answers[at]?.body, outcome: 'duplicate' },
      });
    await second.kill();

    const third = await start();
    for (const [at, event] of events.entries())
      expect(await deliver(third.url, event)).toMatchObject({
        status: 200,
        body: { ...answers[at]?.body, outcome: 'duplicate' },
      });
    expect(await read(third.url, `/subscriptions/${subscription}?minPosition=${position}`)).toMatchObject({
      status: 200,
    });
    expect(await rowsOf((await endpointsOf(directory.path)).databaseUrl, 'ledger.subscriptions')).toEqual(rows);
    expect(await third.stop()).toBe(0);
  }, 90_000);
});
