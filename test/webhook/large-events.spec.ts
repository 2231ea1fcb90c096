import { expect, it } from '@jest/globals';
import { deliver, read } from '../support/delivery.js';
import { startServiceProcess, type ServiceProcess } from '../support/service-process.js';
import { emptyDatabase, temporaryDirectory } from '../support/servers.js';
import { randomId, subscriptionEvent } from '../support/subscription-events.js';

it('with embedded stores APPEND_BYTES_MAX alone raises the append limit: a large event is taken, stored, projected and read back as a duplicate', async () => {
  const [database, directory] = await Promise.all([emptyDatabase(), temporaryDirectory()]);
  const processes: ServiceProcess[] = [];
  const start = async () => {
    const process = await startServiceProcess(
      { eventstoreUrl: 'embedded', databaseUrl: database.url },
      { DATA_DIR: directory.path, APPEND_BYTES_MAX: '8388608' },
    );
    processes.push(process);
    return process;
  };
  const id = randomId('sub');
  const body = JSON.stringify({ ...subscriptionEvent(id), padding: 'x'.repeat(5_000_000) });
  try {
    const first = await start();
    const { status, body: answer } = await deliver(first.url, body);
    expect({ status, answer }).toMatchObject({ status: 200, answer: { outcome: 'appended' } });
    expect(await read(first.url, `/subscriptions/${id}?minPosition=${answer.position}&waitMs=20000`)).toMatchObject({
      status: 200,
      body: { id },
    });
    await first.stop();
    const second = await start();
    expect(await deliver(second.url, body)).toMatchObject({ status: 200, body: { outcome: 'duplicate' } });
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
    await Promise.all([database.stop(), directory.remove()]);
  }
}, 60_000);
