/** Embedded servers for tests that do not apply to a real server. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { afterEach, beforeEach } from '@jest/globals';
import { startEmbeddedEventStore, type EmbeddedEventStore, type EmbeddedEventStoreOptions } from '../src/index.js';

/** Creates a directory for each test of a file. Afterwards disposes of clients and servers, and deletes it. */
export function embeddedStores() {
  let directory: string;
  let running: EmbeddedEventStore[];
  let clients: EventStoreDBClient[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'embedded-eventstore-'));
    running = [];
    clients = [];
  });

  afterEach(async () => {
    await Promise.all(clients.map((client) => client.dispose()));
    await Promise.all(running.map((server) => server.stop()));
    rmSync(directory, { recursive: true, force: true });
  });

  const connect = (url: string): EventStoreDBClient => {
    const client = EventStoreDBClient.connectionString(url);
    clients.push(client);
    return client;
  };

  /** Starts a server, by default on the test's directory. */
  const start = async (options: Partial<EmbeddedEventStoreOptions> = {}) => {
    const server = await startEmbeddedEventStore({ directory, ...options });
    running.push(server);
    return { server, client: connect(server.url) };
  };

  return { directory: () => directory, connect, start };
}
