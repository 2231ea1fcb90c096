/**
 * Attacks from another account of the machine that knows only the addresses of the servers. Runs the built code.
 * Arguments: the task, and its input as JSON. Prints lines of JSON.
 */
import { ANY, EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedEventStore } from '../../dist/packages/embedded-eventstore/src/index.js';

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const outcomeOf = (attempt) =>
  attempt.then(
    () => 'done',
    (error) => `refused: ${error.code ?? error.type ?? error.message}`,
  );
const WITHIN_MS = 5_000;
const within = (promise) =>
  Promise.race([
    promise,
    pause(WITHIN_MS, undefined, { ref: false }).then(() => {
      throw new Error('no answer');
    }),
  ]);

/** Clients without a password or with a wrong one, which accept any certificate. */
function clientsOf({ socket, port }) {
  if (socket !== undefined) return [new EventStoreDBClient({ endpoint: `unix:${socket}` }, { insecure: true })];
  const insecure = new EventStoreDBClient({ endpoint: `127.0.0.1:${port}` }, { insecure: true });
  const verifyOptions = { rejectUnauthorized: false, checkServerIdentity: () => undefined };
  const anonymous = new EventStoreDBClient({ endpoint: `127.0.0.1:${port}` }, { verifyOptions });
  const guessing = new EventStoreDBClient(
    { endpoint: `127.0.0.1:${port}` },
    { verifyOptions },
    { username: 'ledger', password: 'ledger' },
  );
  return [insecure, anonymous, guessing];
}

async function count(events) {
  let seen = 0;
  for await (const _ of events) seen += 1;
  return seen;
}

async function useEventStore(address, stream) {
  const outcomes = {};
  for (const [at, client] of clientsOf(address).entries()) {
    outcomes[`read ${at}`] = await outcomeOf(within(count(client.readStream(stream))));
    outcomes[`read all ${at}`] = await outcomeOf(within(count(client.readAll())));
    outcomes[`append ${at}`] = await outcomeOf(
      within(client.appendToStream(stream, jsonEvent({ type: 'forged', data: {} }), { expectedRevision: ANY })),
    );
    outcomes[`delete ${at}`] = await outcomeOf(within(client.deleteStream(stream)));
    outcomes[`tombstone ${at}`] = await outcomeOf(within(client.tombstoneStream(stream)));
  }
  return outcomes;
}

async function usePostgres({ socket, port }) {
  const host = socket === undefined ? { host: '127.0.0.1', port } : { host: socket.replace(/\/\.s\.PGSQL\.\d+$/, '') };
  const outcomes = {};
  for (const password of ['', 'ledger']) {
    for (const ssl of socket === undefined ? [false, { rejectUnauthorized: false }] : [false]) {
      const client = new pg.Client({
        ...host,
        ssl,
        user: 'ledger',
        database: 'ledger',
        password,
        connectionTimeoutMillis: WITHIN_MS,
      });
      client.on('error', () => undefined);
      outcomes[`connect "${password}" ${ssl !== false}`] = await outcomeOf(client.connect());
      await client.end().catch(() => undefined);
    }
  }
  return outcomes;
}

const tasks = {
  async use({ eventstore, database, stream, files }) {
    const outcomes = { ...(await useEventStore(eventstore, stream)), ...(await usePostgres(database)) };
    for (const file of files) outcomes[file] = await outcomeOf(readFile(file));
    print(outcomes);
    process.exit();
  },

  /** Tries to listen at the event store's address in its place, until it succeeds. */
  async standIn({ address, tls }) {
    print('trying');
    for (;;) {
      try {
        await startEmbeddedEventStore({ directory: 'memory', tls, ...address });
        print('standing in');
        return;
      } catch (error) {
        if (address.socket !== undefined && error.code !== 'ADDRESS_IN_USE') print(`refused: ${error.code}`);
        await pause(5);
      }
    }
  },
};

await tasks[process.argv[2]](JSON.parse(process.argv[3]));
