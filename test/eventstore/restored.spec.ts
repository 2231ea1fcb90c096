/** A store that comes back empty or from a backup, under a process that remembers events it no longer has. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbeddedEventStore, type EmbeddedEventStore } from '../../packages/embedded-eventstore/src/index.js';
import { Appender, noIndex, type AppenderLimits } from '../../src/eventstore/appender.js';
import { connectEventStore, type EventStore } from '../../src/eventstore/event-store.js';
import { readStream } from '../../src/eventstore/read.js';
import { scratchFolder } from '../support/scratch.js';
import { APPENDER_LIMITS } from '../support/appender-limits.js';
import { newEvent } from '../support/new-event.js';
import { randomId } from '../support/subscription-events.js';

const LIMITS: AppenderLimits = { ...APPENDER_LIMITS, cachedIdsMax: 1_000 };

let scratch: Awaited<ReturnType<typeof scratchFolder>>;
let server: EmbeddedEventStore;
let store: EventStore;
beforeEach(async () => {
  scratch = await scratchFolder();
  server = await startEmbeddedEventStore({ directory: join(scratch.path, 'events') });
  store = connectEventStore(server.url);
});
afterEach(async () => {
  await store.close();
  await server.stop();
  await scratch.remove();
});

/** Stops the server, lets `change` edit its files, and starts it on the same port. */
async function restart(change: (files: string) => Promise<void>): Promise<void> {
  await server.stop();
  await change(join(scratch.path, 'events'));
  server = await startEmbeddedEventStore({ directory: join(scratch.path, 'events'), port: server.port });
}

it.each(['its backup', 'nothing'])(
  'an event that the store has lost is appended again when it came back with %s',
  async (content) => {
    const appender = new Appender(store, noIndex, LIMITS);
    const stream = randomId('sub');
    const events = Array.from({ length: 4 }, () => newEvent(stream));
    const append = async (event = events[0]!) => (await appender.append(event)).kind;
    const backup = join(scratch.path, 'backup');
    for (const event of events.slice(0, 2)) expect(await append(event)).toBe('appended');
    await restart((files) => cp(files, backup, { recursive: true }));
    for (const event of events.slice(2)) expect(await append(event)).toBe('appended');

    await restart(async (files) => {
      await rm(files, { recursive: true });
      if (content === 'its backup') await cp(backup, files, { recursive: true });
    });
    for (const event of [...events].reverse()) expect(['appended', 'duplicate']).toContain(await append(event));
    expect(await idsIn(stream)).toEqual(events.map(({ eventId }) => eventId).sort());
  },
);

it('an event that a process has only read, and that is gone with its stream, is appended', async () => {
  const stream = randomId('sub');
  const event = newEvent(stream);
  const reading = connectEventStore(server.url);
  const [writer, reader] = [store, reading].map((each) => new Appender(each, noIndex, LIMITS)) as [Appender, Appender];
  expect((await writer.append(event)).kind).toBe('appended');
  expect((await reader.append(event)).kind).toBe('duplicate');
  await restart((files) => rm(files, { recursive: true }));
  expect((await reader.append(event)).kind).toBe('appended');
  expect(await idsIn(stream)).toEqual([event.eventId]);
  await reading.close();
});

async function idsIn(stream: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { eventId } of readStream(store, stream)) ids.push(eventId);
  return ids.sort();
}
