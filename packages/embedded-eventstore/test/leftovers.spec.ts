import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';

it('leaves nothing that keeps a process alive after a stop with connected clients', async () => {
  const url = (file: string): string => JSON.stringify(pathToFileURL(resolve(file)).href);
  const script = `
    import { EventStoreDBClient } from '@eventstore/db-client';
    import { startEmbeddedEventStore } from ${url('dist/packages/embedded-eventstore/src/index.js')};
    const store = await startEmbeddedEventStore({ directory: 'memory' });
    const client = EventStoreDBClient.connectionString(store.url);
    for await (const _ of client.readAll()) continue;
    await client.dispose();
    await store.stop();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
  try {
    expect(await once(child, 'exit')).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});
