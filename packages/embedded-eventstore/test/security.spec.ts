/** TLS and basic authentication of the embedded server. */
import { generateKeyPairSync } from 'node:crypto';
import { NO_STREAM, EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startEmbeddedEventStore, type EmbeddedEventStore, type EmbeddedEventStoreOptions } from '../src/index.js';
import { securedUrl, testTls } from '../../../test/support/tls.js';
import {
  append,
  appendedStream,
  collect,
  errorTypeOf,
  idsIn,
  idsOf,
  newEvents,
  newStream,
} from '../../../test/contract/event-store.js';
import { follow } from '../../../test/contract/follow.js';

const USERS = { ledger: 'correct horse', admin: 'with:colon' };

let server: EmbeddedEventStore;
let clients: EventStoreDBClient[] = [];

beforeAll(async () => {
  server = await startEmbeddedEventStore({ directory: 'memory', tls: testTls, users: USERS });
});
afterAll(() => server.stop());
afterEach(async () => {
  await Promise.all(clients.map((client) => client.dispose()));
  clients = [];
});

const connect = (url: string): EventStoreDBClient => {
  const client = EventStoreDBClient.connectionString(url);
  clients.push(client);
  return client;
};
const connectAs = (credentials?: string): EventStoreDBClient => connect(securedUrl(server.url, credentials));

describe('A secured server', () => {
  it.each(['ledger:correct%20horse', 'admin:with%3Acolon'])('lets a user do everything (%s)', async (credentials) => {
    const client = connectAs(credentials);
    const { stream, events } = await appendedStream(client, 3);
    expect(await idsIn(client, stream)).toEqual(idsOf(events));
    expect((await collect(client.readAll())).map(({ id }) => id)).toEqual(expect.arrayContaining(idsOf(events)));
    const following = follow(client.subscribeToStream(stream));
    expect(idsOf(await following.events(3))).toEqual(idsOf(events));
    await following.stop();
    await client.deleteStream(stream);
    await client.tombstoneStream(stream);
    expect(await errorTypeOf(idsIn(client, stream))).toBe('stream-deleted');
  });

  it('accepts credentials for a single call', async () => {
    const client = connectAs();
    const credentials = { username: 'ledger', password: USERS.ledger };
    const stream = newStream();
    const events = newEvents(1);
    expect(await append(client, stream, { events, credentials })).toMatchObject({ kind: 'written' });
    expect((await collect(client.readStream(stream, { credentials }))).map(({ id }) => id)).toEqual(idsOf(events));
  });

  it('is found by discovery', async () => {
    const client = connect(securedUrl(server.url, 'ledger:correct%20horse').replace('esdb:', 'esdb+discover:'));
    const { stream } = await appendedStream(client, 1);
    expect(await idsIn(client, stream)).toHaveLength(1);
  });

  it.each([
    ['without credentials', undefined],
    ['with a wrong password', 'ledger:wrong'],
    ['with an unknown user', 'nobody:correct%20horse'],
  ])('denies every access %s, and writes nothing', async (_how, credentials) => {
    const client = connectAs(credentials);
    const { stream, events } = await appendedStream(connectAs('ledger:correct%20horse'), 1);
    const calls = [
      append(client, stream, { events: newEvents(1) }),
      idsIn(client, stream),
      collect(client.readAll()),
      client.deleteStream(stream),
      client.tombstoneStream(stream),
      client.getStreamMetadata(stream),
      follow(client.subscribeToStream(stream)).reached('confirmation'),
      follow(client.subscribeToAll()).reached('confirmation'),
    ];
    expect(await Promise.all(calls.map(errorTypeOf))).toEqual(calls.map(() => 'access-denied'));
    const credentialsOfCall = { username: 'ledger', password: 'wrong' };
    expect(await errorTypeOf(append(client, stream, { events: newEvents(1), credentials: credentialsOfCall }))).toBe(
      'access-denied',
    );
    expect(await idsIn(connectAs('ledger:correct%20horse'), stream)).toEqual(idsOf(events));
  });

  it('denies appends individually, so that those of another client succeed', async () => {
    const [stranger, user] = [connectAs(), connectAs('ledger:correct%20horse')];
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        append(index % 2 === 0 ? stranger : user, newStream(), { events: newEvents(1), expectedRevision: NO_STREAM }),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(
      Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'rejected' : 'fulfilled')),
    );
  });

  it('rejects clients without TLS, and clients that do not trust its certificate', async () => {
    for (const url of [server.url.replace('tls=true', 'tls=false'), server.url]) {
      await expect(append(connect(url), newStream(), { events: newEvents(1) })).rejects.toMatchObject({ code: 14 });
    }
  });
});

describe('A server without TLS', () => {
  it('accepts a client with credentials, which it does not require', async () => {
    const open = await startEmbeddedEventStore({ directory: 'memory' });
    const client = connect(open.url.replace('://', '://somebody:something@'));
    expect(await append(client, newStream(), { events: newEvents(1) })).toMatchObject({ kind: 'written' });
    await client.dispose();
    await open.stop();
  });
});

describe('A server does not start', () => {
  const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  it.each<[string, Partial<EmbeddedEventStoreOptions>, RegExp]>([
    [
      'with an invalid certificate',
      { tls: { ...testTls, certificate: 'none' } },
      /cannot use its certificate \(.*both in PEM/,
    ],
    [
      'with the key of another certificate',
      { tls: { ...testTls, key: otherKey } },
      /cannot use its certificate \(.*private key that belongs to it/,
    ],
    ['with users and no TLS', { users: USERS }, /cannot have users without TLS/],
    ['with a user whose name has a colon', { tls: testTls, users: { 'a:b': 'c' } }, /cannot have a user named "a:b"/],
  ])('%s, and says why', async (_with, options, message) => {
    await expect(startEmbeddedEventStore({ directory: 'memory', ...options })).rejects.toThrow(message);
  });
});
