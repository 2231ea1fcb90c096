/** Tests specific to the embedded server: damaged files, and files that cannot grow. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { BACKWARDS, END, NO_STREAM } from '@eventstore/db-client';
import { describe, expect, it } from '@jest/globals';
import Database from 'libsql';
import { embeddedStores } from './stores.js';
import { append, collect, idsIn, newEvent, newEvents, newStream } from '../../../test/contract/event-store.js';

const { connect, directory, start } = embeddedStores();

/** Changes stored events while the server is stopped. */
const tamper = (sql: string): void => {
  const database = new Database(join(directory(), 'events.db'));
  database.exec(sql);
  database.close();
};

describe('Damage to the files', () => {
  it.each([
    ['the bytes of an event', 'update events set frame = zeroblob(length(frame)) where revision = 1'],
    ['its checksum', 'update events set checksum = checksum + 1 where revision = 1'],
    ['its place in the stream', 'update events set revision = 7 where revision = 1'],
  ])('in %s is an error with stream, revision and position, and does not affect other streams', async (_what, sql) => {
    const [damaged, sound] = [newStream(), newStream()];
    const first = await start();
    await append(first.client, sound, { events: newEvents(1) });
    const written = await append(first.client, damaged, { events: newEvents(2) });
    await first.server.stop();
    tamper(sql);

    const second = await start();
    const position = written.kind === 'written' ? written.position : undefined;
    await expect(idsIn(second.client, damaged)).rejects.toThrow(
      new RegExp(`revision \\d of stream "${damaged}" \\(position ${position}\\) is damaged`),
    );
    await expect(collect(second.client.readAll())).rejects.toThrow(/is damaged/);
    expect(await idsIn(second.client, sound)).toHaveLength(1);
  });
});

describe('An event moved to another stream', () => {
  it('is an error there, although it fits, and in the stream that lacks it', async () => {
    const [from, to] = [newStream(), newStream()];
    const first = await start();
    await append(first.client, from, { events: newEvents(5) });
    await append(first.client, to, { events: newEvents(2) });
    await first.server.stop();
    tamper(`update events set stream = (select id from streams where name = '${to}') where revision = 2`);

    const { client } = await start();
    await expect(idsIn(client, to)).rejects.toThrow(new RegExp(`revision 2 of stream "${to}" .* is damaged`));
    await expect(idsIn(client, from)).rejects.toThrow(
      new RegExp(`before the event at revision 3 of stream "${from}" .* is missing`),
    );
  });
});

describe('An append whose decision depends on damaged data', () => {
  it.each([
    ['an altered event', 'update events set frame = zeroblob(length(frame)) where revision = 1', 'is damaged'],
    ['a missing event', 'delete from events where revision = 1', 'is missing'],
  ])(
    '(%s) is refused with an error that says so, by either call, while others are written',
    async (_what, sql, said) => {
      const [damaged, sound] = [newStream(), newStream()];
      const events = newEvents(3);
      const first = await start();
      await append(first.client, damaged, { events });
      await first.server.stop();
      tamper(sql);

      const { client } = await start();
      const credentials = { username: 'unary', password: 'append' };
      const repeated = [
        append(client, damaged, { events, expectedRevision: NO_STREAM }),
        append(client, damaged, { events, expectedRevision: NO_STREAM, credentials }),
      ];
      const others = [
        append(client, sound, { events: newEvents(1) }),
        append(client, damaged, { events: newEvents(1), expectedRevision: 2n }),
      ];
      for (const refused of await Promise.allSettled(repeated))
        expect(String((refused as PromiseRejectedResult).reason)).toMatch(new RegExp(`stream "${damaged}" .*${said}`));
      expect(await Promise.all(others)).toMatchObject([
        { kind: 'written', revision: 0n },
        { kind: 'written', revision: 3n },
      ]);
    },
  );

  it('(the metadata of a deleted stream) is refused too', async () => {
    const stream = newStream();
    const first = await start();
    await append(first.client, stream, { events: newEvents(1) });
    await first.client.deleteStream(stream);
    await first.server.stop();
    tamper(`update events set frame = zeroblob(length(frame)) where type = '$metadata'`);

    const { client } = await start();
    await expect(append(client, stream, { events: newEvents(1) })).rejects.toThrow(
      new RegExp(`stream "\\$\\$${stream}" .* is damaged`),
    );
    expect(await append(client, newStream(), { events: newEvents(1) })).toMatchObject({ kind: 'written' });
  });
});

describe('A missing event', () => {
  it.each([1, 31, 32, 33])(
    'at revision %d is an error in reads of its stream and of $all, in both directions',
    async (revision) => {
      const stream = newStream();
      const first = await start();
      await append(first.client, stream, { events: newEvents(40) });
      await first.server.stop();
      tamper(`delete from events where revision = ${revision}`);

      const { client } = await start();
      const gap = new RegExp(`before the event at revision ${revision + 1} of stream "${stream}" .*the log has a gap`);
      await expect(idsIn(client, stream)).rejects.toThrow(gap);
      await expect(collect(client.readStream(stream, { direction: BACKWARDS, fromRevision: END }))).rejects.toThrow(
        gap,
      );
      await expect(collect(client.readAll())).rejects.toThrow(gap);
      await expect(collect(client.readAll({ direction: BACKWARDS, fromPosition: END }))).rejects.toThrow(gap);
    },
  );
});

describe('A full disk', () => {
  it('stops the server with a message; acknowledged events are there after a restart with more space', async () => {
    const module = JSON.stringify(resolve('dist/packages/embedded-eventstore/src/index.js'));
    const script = `import { startEmbeddedEventStore } from ${module};
      const store = await startEmbeddedEventStore({ directory: ${JSON.stringify(directory())} });
      console.log(store.url);
      console.log((await store.failed).message);`;
    const limitedTo = (kib: number) => [
      '-c',
      `ulimit -f ${kib * 2} && exec "$0" --input-type=module -e "$1"`,
      process.execPath,
      script,
    ];
    const child = spawn('sh', limitedTo(4096), { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const client = connect((await lines.next()).value as string);
    const stream = newStream();
    const acknowledged: string[] = [];
    const failure = await (async () => {
      for (;;) {
        const event = newEvent('large', { text: 'x'.repeat(50_000) });
        await append(client, stream, { events: [event] });
        acknowledged.push(event.id);
      }
    })().catch((error: Error) => error.message);
    expect(failure).toMatch(/event store stops because an append failed .*Check the free space/);
    expect((await lines.next()).value).toMatch(/event store stops because an append failed/);
    await exited;

    const again = await start();
    expect((await idsIn(again.client, stream)).slice(0, acknowledged.length)).toEqual(acknowledged);
    expect(acknowledged.length).toBeGreaterThan(10);
    expect(await append(again.client, stream, { events: newEvents(1) })).toMatchObject({ kind: 'written' });
  });
});
