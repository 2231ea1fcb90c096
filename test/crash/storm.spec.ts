import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deliver, read } from '../support/delivery.js';
import { endpointsOf } from '../support/endpoints.js';
import { expectTruth, newLives, shuffled, type Life } from '../support/lives.js';
import { stripeIdsOf } from '../support/log.js';
import { rowsOf } from '../support/read-models.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { temporaryDirectory } from '../support/servers.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';

/** The number of kills of the service; `npm run crash` sets more. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 3);
const SUBSCRIPTIONS_PER_ROUND = 20;
const SENDERS = 16;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  directory = await temporaryDirectory();
});
afterAll(() => directory.remove());
const start = () =>
  startServiceProcess({ eventstoreUrl: 'embedded', databaseUrl: 'embedded' }, { DATA_DIR: directory.path });

/**
 * Sends from several concurrent senders until all are acknowledged or the service is gone; returns what was not
 * acknowledged.
 */
async function send(
  service: ServiceProcess,
  bodies: readonly string[],
  onAcknowledged: (count: number) => void,
): Promise<string[]> {
  const waiting = [...bodies];
  const unacknowledged: string[] = [];
  let acknowledged = 0;
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) {
        const answer = await deliver(service.url, body).catch(() => null);
        if (answer?.status === 200) onAcknowledged((acknowledged += 1));
        else unacknowledged.push(body);
      }
    }),
  );
  return unacknowledged;
}

describe('kill -9 in the middle of a storm', () => {
  it(
    `${ROUNDS} times: after a restart and redelivery of what was not acknowledged, log and rows are complete and single`,
    async () => {
      const lives: Life[] = [];
      let left: string[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const service = await start();
        const fresh = newLives(SUBSCRIPTIONS_PER_ROUND);
        lives.push(...fresh);
        const bodies = shuffled(fresh.flatMap(({ events }) => events.flatMap((event) => [event, event]))).map((event) =>
          JSON.stringify(event),
        );
        const killAfter = 1 + Math.floor(Math.random() * (bodies.length - SENDERS));
        let killed: Promise<void> | undefined;
        left.push(
          ...(await send(service, bodies, (count) => {
            if (count === killAfter) killed = service.kill();
          })),
        );
        await killed;
        expect(killed).toBeDefined();
      }
      const service = await start();
      left = await send(service, left, () => undefined);
      expect(left).toEqual([]);

      const { eventstoreUrl, databaseUrl } = await endpointsOf(directory.path);
      const last = await deliver(
        service.url,
        JSON.stringify(subscriptionEvent(randomId('cus'), { object: { id: randomId('cus'), object: 'customer' } })),
      );
      expect((await read(service.url, `/subscriptions?minPosition=${last.body.position}&waitMs=20000`)).status).toBe(
        200,
      );
      for (const { id, events } of lives) {
        expect((await stripeIdsOf(eventstoreUrl, `subscription-${id}`)).sort()).toEqual(
          events.map((event) => event.id).sort(),
        );
      }
      expect(await rowsOf(databaseUrl, 'ledger.subscriptions')).toHaveLength(lives.length);
      await expectTruth(databaseUrl, lives);
      expect(await service.stop()).toBe(0);
    },
    60_000 + ROUNDS * 30_000,
  );
});
