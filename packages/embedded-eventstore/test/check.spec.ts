/** Tests `embedded-eventstore --check`: the reports of the built command on deliberately damaged files. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent, type JSONEventData } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Database from 'libsql';
import { startEmbeddedEventStore } from '../src/index.js';
import { serverOptions } from '../src/server-options.js';
import { runCommand } from '../../../test/support/command.js';

const PAGE_BYTES = 4096;

let directory: string;
/** The positions of the events of `long`, by revision. */
let positions: bigint[];
let copies = 0;

const events = (count: number): JSONEventData[] =>
  Array.from({ length: count }, (_, index) => jsonEvent({ type: 'written', data: { index } }));

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'eventstore-check-'));
  const server = await startEmbeddedEventStore({ directory: join(directory, 'sound') });
  const client = EventStoreDBClient.connectionString(server.url);
  await client.appendToStream('long', events(40));
  await client.appendToStream('short', events(3));
  await client.setStreamMetadata('kept', { truncateBefore: 1, maxCount: 2, maxAge: 100_000 });
  await client.appendToStream('kept', events(3));
  for (const stream of ['deleted', 'revived']) {
    await client.appendToStream(stream, events(3));
    await client.deleteStream(stream);
  }
  await client.appendToStream('revived', events(2));
  await client.appendToStream('buried', events(3));
  await client.tombstoneStream('buried');
  await client.tombstoneStream('never-there');
  positions = [];
  for await (const { event } of client.readAll())
    if (event?.streamId === 'long') positions.push(event.position?.commit);
  await client.dispose();
  await server.stop();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Copies the sound store. */
function copied(): string {
  const folder = join(directory, String((copies += 1)));
  mkdirSync(folder);
  copyFileSync(join(directory, 'sound', 'events.db'), join(folder, 'events.db'));
  return folder;
}

function damagedBy(sql: string): string {
  const folder = copied();
  const database = new Database(join(folder, 'events.db'));
  database.exec(sql);
  database.close();
  return folder;
}

async function check(folder: string): Promise<{ code: number | null; lines: string[]; errors: string }> {
  const command = runCommand('packages/embedded-eventstore/src/cli.js', ['--check', '--data-dir', folder]);
  const lines: string[] = [];
  for (let line = await command.line(); line !== undefined; line = await command.line()) lines.push(line);
  return { ...(await command.ended), lines };
}

const LONG = `stream = (select id from streams where name = 'long')`;
const damaged = (revision: number, stream = 'long', at = revision): string =>
  `The event at revision ${revision} of stream "${stream}" (position ${positions[at]}) is damaged: it does not match its checksum.`;
const jump = (stream: string, revision: number, expected: number, at = revision): string =>
  `Stream ${stream} goes on at revision ${revision} (position ${positions[at]}), where revision ${expected} was expected.`;
const missing = (revision: number): string =>
  `What stood before the event at revision ${revision} of stream "long" (position ${positions[revision]}) is missing: the log has a gap.`;

describe('--check', () => {
  it('finds no damage in a store with deleted, revived and tombstoned streams and with metadata', async () => {
    expect(await check(join(directory, 'sound'))).toEqual({
      code: 0,
      lines: ['No damage: 64 events in 11 streams.'],
      errors: '',
    });
  });

  it.each<[string, string, () => string[]]>([
    [
      'altered bytes of an event',
      `update events set frame = zeroblob(length(frame)) where ${LONG} and revision = 5`,
      () => [damaged(5)],
    ],
    [
      'an altered id',
      `update events set id = replace(id, '-', '+') where ${LONG} and revision = 5`,
      () => [damaged(5)],
    ],
    [
      'an altered time',
      `update events set created_ms = created_ms + 1 where ${LONG} and revision = 5`,
      () => [damaged(5)],
    ],
    ['a removed event', `delete from events where ${LONG} and revision = 5`, () => [missing(6), jump('"long"', 6, 5)]],
    [
      'a removed first event',
      `delete from events where ${LONG} and revision = 0`,
      () => [missing(1), jump('"long"', 1, 0)],
    ],
    [
      'an event moved to another stream',
      `update events set stream = (select id from streams where name = 'short'), revision = 9 where ${LONG} and revision = 5`,
      () => [damaged(9, 'short', 5), jump('"long"', 6, 5), jump('"short"', 9, 3, 5)],
    ],
    [
      'an event moved to another stream where it fits',
      `update events set stream = (select id from streams where name = 'short') where ${LONG} and revision = 3`,
      () => [damaged(3, 'short'), jump('"long"', 4, 3)],
    ],
    [
      'an event moved to no stream',
      `update events set stream = 99 where ${LONG} and revision = 5`,
      () => [damaged(5, ''), jump('"long"', 6, 5), jump('that is not listed', 5, 0)],
    ],
    [
      'an altered position',
      `update events set position = position + 1 where ${LONG} and revision = 39`,
      () => [
        `The event at revision 39 of stream "long" (position ${(positions[39] as bigint) + 1n}) is damaged: it does not match its checksum.`,
      ],
    ],
    [
      'a renamed stream',
      `update streams set name = 'other' where name = 'long'`,
      () => positions.map((_, revision) => damaged(revision, 'other')),
    ],
    [
      'events hidden without metadata',
      `update streams set truncate_before = 30 where name = 'long'`,
      () => ['Stream "long" is read by $tb 30, $maxCount none, $maxAge none, where its metadata says nothing.'],
    ],
    [
      'deleted events that reappear because metadata is lost',
      `update streams set truncate_before = null where name = 'deleted'`,
      () => [
        'Stream "deleted" is read by nothing, where its metadata says $tb 9223372036854775807, $maxCount none, $maxAge none.',
      ],
    ],
    [
      'a listed stream that does not exist',
      `insert into streams (name) values ('$$lost')`,
      () => [
        'Stream "$$lost" has neither events nor metadata: what it had is missing.',
        'Stream "lost" has metadata and is not listed.',
      ],
    ],
    [
      'an ignored tombstone',
      `update streams set tombstoned = 0 where name = 'buried'`,
      () => ['Stream "buried" has a tombstone, and is not kept as deleted.'],
    ],
    [
      'a tombstone flag without a tombstone',
      `update streams set tombstoned = 1 where name = 'long'`,
      () => ['Stream "long" is kept as deleted, without a tombstone.'],
    ],
    [
      'an event missing in the index',
      `drop index events_by_revision; create unique index events_by_revision on events (stream, revision) where revision <> 5;
      pragma writable_schema = on; update sqlite_master set sql = replace(sql, ' where revision <> 5', '') where name = 'events_by_revision'`,
      () => [
        expect.stringMatching(/^SQLite says: row \d+ missing from index events_by_revision/) as unknown as string,
        'SQLite says: wrong # of entries in index events_by_revision',
        jump('"long"', 6, 5),
      ],
    ],
    [
      'a missing index',
      'drop index events_by_revision',
      () => [
        expect.stringMatching(
          /^The order of events in streams cannot be read to its end \(no such index/,
        ) as unknown as string,
      ],
    ],
  ])('reports %s, and exits with code 1', async (_what, sql, damages) => {
    const found = damages();
    expect(await check(damagedBy(sql))).toEqual({
      code: 1,
      lines: [
        ...found,
        expect.stringMatching(new RegExp(`^Faults: ${found.length}, in .* Restore the data directory from a backup`)),
      ],
      errors: '',
    });
  });

  it('finds each lost page of the file, or reports that the file cannot be opened', async () => {
    const content = readFileSync(join(directory, 'sound', 'events.db'));
    for (let page = 0; page < content.length / PAGE_BYTES; page += 1) {
      const folder = copied();
      writeFileSync(
        join(folder, 'events.db'),
        Buffer.from(content).fill(0, page * PAGE_BYTES, (page + 1) * PAGE_BYTES),
      );
      const { code, lines, errors } = await check(folder);
      expect({ page, code, said: [...lines, errors].join('\n') }).toEqual({
        page,
        code: 1,
        said: expect.stringMatching(/Faults: \d+|cannot be opened/),
      });
    }
  });

  it('refuses a directory in use, and one without files, and creates none', async () => {
    const server = await startEmbeddedEventStore({ directory: join(directory, 'served') });
    expect(await check(join(directory, 'served'))).toEqual({
      code: 1,
      lines: [],
      errors: expect.stringMatching(/in use by another process/),
    });
    await server.stop();
    expect(await check(join(directory, 'nowhere'))).toEqual({
      code: 1,
      lines: [],
      errors: expect.stringMatching(/There is no event store in .*nowhere/),
    });
    expect(existsSync(join(directory, 'nowhere'))).toBe(false);
    expect(() => serverOptions(['--check', '--memory'], {})).toThrow(/--check cannot be combined with --memory/);
  });
});
