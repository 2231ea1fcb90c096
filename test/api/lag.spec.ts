import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { subscriptions } from '../../projections/subscriptions.js';
import { deliver, read } from '../support/delivery.js';
import { startLedger, type TestLedger } from '../support/ledger.js';
import { metricsOf } from '../support/metrics.js';
import { serviceDatabase, testEventStore, type TestServer } from '../support/servers.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';
import { until } from '../support/until.js';

/** A service for intake and reads, at first without one that projects. */
let servers: readonly [TestServer, TestServer];
let intake: TestLedger;
beforeAll(async () => {
  const [eventStore, database] = (servers = [await testEventStore(), await serviceDatabase()]);
  const projector = await startLedger({ eventStore, database });
  // The first event of a log is its name; this event follows it.
  const { body } = await deliver(projector.url, JSON.stringify(subscriptionEvent(randomId('sub'))));
  const path = `/v1/subscriptions?minPosition=${String(body.position)}&waitMs=5000`;
  await until('the read models are caught up', async () => (await read(projector.url, path)).status === 200);
  await projector.stop();
  intake = await startLedger({ eventStore, database, environment: { ROLES: 'ingest,api' } });
});
afterAll(async () => {
  await intake.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

type Reported = { data: { name: string; shown: boolean; lagSeconds: number | null }[] };
const LABELS = `{projection="${subscriptions.name}",version="${subscriptions.version}",generation="1"}`;

async function lagsOf({ url }: TestLedger) {
  const { body: projections } = await read<Reported>(url, '/v1/projections');
  const { body: health } = await read<{ reads: { lagSeconds: number | null } }>(url, '/health/ready');
  return {
    health: health.reads.lagSeconds,
    projection: projections.data?.find(({ name, shown }) => name === subscriptions.name && shown)?.lagSeconds,
    metric: (await metricsOf(url)).get(`ledger_projection_lag_seconds${LABELS}`),
  };
}

it('the lag in seconds grows while no process projects, and disappears when one does', async () => {
  expect(await lagsOf(intake)).toEqual({ health: 0, projection: 0, metric: 0 });
  await deliver(intake.url, JSON.stringify(subscriptionEvent(randomId('sub'))));
  const before = await until('all three tell of a lag', async () => {
    const lags = await lagsOf(intake);
    return Object.values(lags).every((lag) => typeof lag === 'number' && lag > 0) && lags;
  });
  await until('it has grown', async () => {
    const now = await lagsOf(intake);
    return Number(now.health) > Number(before.health) && Number(now.metric) > Number(before.metric);
  });
  const [eventStore, database] = servers;
  const projector = await startLedger({ eventStore, database, environment: { ROLES: 'project' } });
  try {
    await until('it is gone', async () => Object.values(await lagsOf(intake)).every((lag) => lag === 0));
  } finally {
    await projector.stop();
  }
}, 60_000);
