/** Flips bits in the files of a stopped server: a read returns what was written, or an error. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cursorOfAll } from '../src/cursors.js';
import { EventLog } from '../src/event-log.js';
import { startEmbeddedEventStore } from '../src/index.js';

const EVENTS = 12;

let directory: string;
/** The undamaged database file. */
let file: Buffer;
let events: string[];
let copies = 0;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'eventstore-damage-'));
  const server = await startEmbeddedEventStore({ directory });
  const client = EventStoreDBClient.connectionString(server.url);
  for (let index = 0; index < EVENTS; index += 1) {
    await client.appendToStream(
      `damaged-${index % 3}`,
      jsonEvent({ type: 'written', data: { text: 'x'.repeat(40 * index) } }),
    );
  }
  await client.dispose();
  await server.stop();
  file = readFileSync(join(directory, 'events.db'));
  events = readAll(file);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/**
 * Reads `$all` from a file with this content. Each file has its own name, because the driver releases a file only when
 * garbage is collected.
 */
function readAll(content: Buffer): string[] {
  const folder = join(directory, String((copies += 1)));
  mkdirSync(folder);
  writeFileSync(join(folder, 'events.db'), content);
  const log = new EventLog(folder, () => undefined);
  try {
    const cursor = cursorOfAll(log, 'forwards', { kind: 'start' });
    const read: string[] = [];
    for (let page = cursor.next(Infinity); page.length > 0; page = cursor.next(Infinity))
      read.push(
        ...page.map(
          ({ stream, revision, position, frame }) => `${stream}@${revision} ${position} ${frame.toString('hex')}`,
        ),
      );
    return read;
  } finally {
    log.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function flipped(places: readonly number[], bit: number): Buffer {
  const content = Buffer.from(file);
  for (const at of places) content[at] = content.readUInt8(at) ^ (1 << bit);
  return content;
}

/** Returns the places of these bytes in the file. When SQLite splits a page, the old one keeps its content. */
function placesOf(bytes: Buffer): number[] {
  const places: number[] = [];
  for (let at = file.indexOf(bytes); at >= 0; at = file.indexOf(bytes, at + 1)) places.push(at);
  return places;
}

it('finds each flipped bit of an event, and names its stream, revision and position', () => {
  const [, position = '', frame = ''] = (events.find((event) => event.startsWith('damaged-1@2')) ?? '').split(' ');
  const bytes = Buffer.from(frame, 'hex');
  const places = placesOf(bytes);
  expect(places.length).toBeGreaterThan(0);
  for (let offset = 0; offset < bytes.length; offset += 3) {
    const content = flipped(
      places.map((place) => place + offset),
      offset % 8,
    );
    expect(() => readAll(content)).toThrow(
      `The event at revision 2 of stream "damaged-1" (position ${position}) is damaged`,
    );
  }
});

function expectReadOrRefused(content: Buffer): void {
  try {
    expect(readAll(content)).toEqual(events);
  } catch (error) {
    expect(String(error)).toMatch(/is damaged|has a gap|cannot be opened|a read failed|has format/);
  }
}

it('reads what was written or reports an error, whichever bit of the file is flipped, and never ends the process', () => {
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.nat(7), (at, bit) => expectReadOrRefused(flipped([at], bit))),
    { numRuns: 200 },
  );
});

it('does so when the schema points to a wrong page', () => {
  // An entry of SQLite's schema table: the name, the table's name, and one byte for the first page.
  for (const names of [
    'streamsstreams',
    'sqlite_autoindex_streams_1streams',
    'eventsevents',
    'events_by_revisionevents',
  ]) {
    const places = placesOf(Buffer.from(names));
    expect(places.length).toBeGreaterThan(0);
    for (let bit = 0; bit < 8; bit += 1)
      expect(() =>
        readAll(
          flipped(
            places.map((at) => at + names.length),
            bit,
          ),
        ),
      ).toThrow(/is damaged|cannot be opened/);
  }
});

it('does so when the definition of a table is not valid text', () => {
  for (const at of placesOf(Buffer.from(' integer ')))
    for (let offset = 0; offset < ' integer '.length; offset += 1) expectReadOrRefused(flipped([at + offset], 7));
});
