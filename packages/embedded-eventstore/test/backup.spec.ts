/** Backups of a running server: while clients append, repeated, and into unsuitable files. */
import { copyFileSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent, type JSONEventData } from '@eventstore/db-client';
import { describe, expect, it } from '@jest/globals';
import { backUp, BackupError } from '../src/backup.js';
import { checkFile } from '../src/check.js';
import { testTls } from '../../../test/support/tls.js';
import { embeddedStores } from './stores.js';

const stores = embeddedStores();
const events = (count: number, bytes = 10): JSONEventData[] =>
  Array.from({ length: count }, (_, index) => jsonEvent({ type: 'written', data: { index, text: 'x'.repeat(bytes) } }));
const sourceOf = (port: number) => ({ target: `127.0.0.1:${port}`, rootCertificate: undefined, user: undefined });

/** Returns the damage that the check finds. */
function damagesOf(file: string): string[] {
  return [...checkFile(file)].flatMap((step) => (step.kind === 'damage' ? [step.damage] : []));
}

/** Returns everything in a log that a client can see, with positions and times. */
async function seenBy(client: EventStoreDBClient): Promise<unknown[]> {
  const seen = [];
  for await (const { event } of client.readAll()) seen.push(event);
  return seen;
}

/** Starts a server on a copy of the file. */
async function restored(file: string): Promise<EventStoreDBClient> {
  const directory = join(stores.directory(), 'restored');
  mkdirSync(directory);
  copyFileSync(file, join(directory, 'events.db'));
  return (await stores.start({ directory })).client;
}

describe('a backup', () => {
  it('has every record with its position and time, and hides the same events', async () => {
    const { server, client } = await stores.start();
    await client.appendToStream('long', events(1_500));
    for (const large of events(12, 900_000)) await client.appendToStream('large', large);
    await client.setStreamMetadata('kept', { truncateBefore: 1, maxCount: 2, maxAge: 100_000 });
    await client.appendToStream('kept', events(4));
    for (const stream of ['deleted', 'revived']) {
      await client.appendToStream(stream, events(3));
      await client.deleteStream(stream);
    }
    await client.appendToStream('revived', events(2));
    await client.appendToStream('buried', events(3));
    await client.tombstoneStream('buried');
    await client.tombstoneStream('never-there');
    const file = join(stores.directory(), 'backup.db');
    const before = await seenBy(client);
    const { added } = await backUp(sourceOf(server.port), file);
    expect(added).toBeGreaterThan(before.length - 1);
    expect(damagesOf(file)).toEqual([]);
    expect(statSync(file).mode & 0o077).toBe(0);
    const copy = await restored(file);
    expect(await seenBy(copy)).toEqual(before);
    const revisions = async (of: EventStoreDBClient, stream: string): Promise<unknown> => {
      try {
        const found = [];
        for await (const { event } of of.readStream(stream)) found.push(event?.revision);
        return found;
      } catch (error) {
        return (error as { type: string }).type;
      }
    };
    for (const stream of ['kept', 'deleted', 'revived', 'buried', 'never-there'])
      expect([stream, await revisions(copy, stream)]).toEqual([stream, await revisions(client, stream)]);
    // The copy continues like the log itself.
    const [next, same] = await Promise.all(
      [client, copy].map((one) => one.appendToStream('long', events(1), { expectedRevision: 1_499n })),
    );
    expect(same).toEqual(next);
  });

  it('is a prefix of the log while clients append, and a later run adds new events', async () => {
    const { server, client } = await stores.start();
    const file = join(stores.directory(), 'backup.db');
    let appended = 0;
    let stop = false;
    const appending = (async () => {
      while (!stop) {
        await client.appendToStream(`stream-${appended % 50}`, events(20));
        appended += 20;
      }
    })();
    const runs = [];
    for (let run = 0; run < 4; run += 1) {
      runs.push(await backUp(sourceOf(server.port), file));
      expect(damagesOf(file)).toEqual([]);
    }
    stop = true;
    await appending;
    const last = await backUp(sourceOf(server.port), file);
    expect(runs.map(({ added }) => added).reduce((sum, added) => sum + added, 0) + last.added).toBe(last.events);
    expect(await seenBy(await restored(file))).toEqual(await seenBy(client));
    expect(await backUp(sourceOf(server.port), file)).toEqual({ events: last.events, added: 0 });
  });

  it('refuses a file of another or an earlier log, and leaves it unchanged', async () => {
    const file = join(stores.directory(), 'backup.db');
    const { server, client } = await stores.start();
    await client.appendToStream('one', events(20));
    await backUp(sourceOf(server.port), file);
    const bytes = readFileSync(file);
    for (const [name, count] of [
      ['longer', 90],
      ['shorter', 1],
    ] as const) {
      const other = await stores.start({ directory: join(stores.directory(), name) });
      await other.client.appendToStream('other', events(count, 77));
      await expect(backUp(sourceOf(other.server.port), file)).rejects.toThrow(BackupError);
      expect(readFileSync(file).equals(bytes)).toBe(true);
    }
  });

  it('of a secured server requires a user who may read', async () => {
    const tls = testTls;
    const { server } = await stores.start({ tls, users: { ledger: 'secret' } });
    const file = join(stores.directory(), 'backup.db');
    const source = { target: `127.0.0.1:${server.port}`, rootCertificate: Buffer.from(tls.certificate) };
    await expect(backUp({ ...source, user: undefined }, file)).rejects.toThrow(/PERMISSION_DENIED|denied/i);
    const user = { username: 'ledger', password: 'secret' };
    expect((await backUp({ ...source, user }, file)).events).toBeGreaterThan(0);
  });

  it('refuses a file that is not a store', async () => {
    const { server } = await stores.start();
    const file = join(stores.directory(), 'notes.txt');
    copyFileSync(join(import.meta.dirname, 'stores.ts'), file);
    await expect(backUp(sourceOf(server.port), file)).rejects.toThrow(/cannot be used for a backup/);
    expect(readFileSync(file, 'utf8')).toMatch(/^\/\*\* Embedded servers/);
  });
});
