import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import pg from 'pg';
import { throughPort } from './postgres-address.js';

/** A transaction pooler in front of Postgres, like pgbouncer. */
export type PoolingProxy = Readonly<{
  url: string;
  /** How many transactions ran on another server connection than the client's previous one. */
  moves(): number;
  close(): Promise<void>;
}>;

const SERVER_CONNECTIONS = 6;
const AUTHENTICATION_OK = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
const TERMINATE = 0x58;
const READY_FOR_QUERY = 0x5a;
const IDLE = 0x49;

type Client = {
  readonly socket: Socket;
  server: Socket | undefined;
  last: Socket | undefined;
  readonly waiting: Buffer[];
};

/**
 * Assigns each transaction to the server connection that has been idle longest, so that a client rarely gets the same
 * one twice in a row. Session state that should outlive a transaction is then lost or belongs to another client. It
 * implements only the part of the protocol that this needs.
 */
export async function startPoolingProxy(databaseUrl: string): Promise<PoolingProxy> {
  const idle = await Promise.all(Array.from({ length: SERVER_CONNECTIONS }, () => connectRaw(databaseUrl)));
  const all = [...idle];
  const queue: Client[] = [];
  const clients = new Set<Socket>();
  let moves = 0;

  const serve = (): void => {
    while (idle.length > 0 && queue.length > 0) {
      const [client, server] = [queue.shift() as Client, idle.shift() as Socket];
      if (client.last !== undefined && client.last !== server) moves += 1;
      client.server = client.last = server;
      onMessages(server, (type, message) => {
        client.socket.write(message);
        if (type !== READY_FOR_QUERY || message[5] !== IDLE) return;
        client.server = undefined;
        server.removeAllListeners('data');
        idle.push(server);
        serve();
      });
      for (const message of client.waiting.splice(0)) server.write(message);
    }
  };

  const listener = createServer((socket) => {
    const client: Client = { socket, server: undefined, last: undefined, waiting: [] };
    clients.add(socket);
    socket.on('error', () => socket.destroy());
    // A client that disconnects within a transaction also closes its server connection, which rolls back.
    socket.on('close', () => {
      clients.delete(socket);
      client.server?.destroy();
    });
    socket.once('data', () => {
      socket.write(Buffer.concat([AUTHENTICATION_OK, READY]));
      onMessages(socket, (type, message) => {
        if (type === TERMINATE) socket.end();
        else if (client.server !== undefined) client.server.write(message);
        else if (client.waiting.push(message) === 1) {
          queue.push(client);
          serve();
        }
      });
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    url: throughPort(databaseUrl, (listener.address() as AddressInfo).port),
    moves: () => moves,
    close: async () => {
      for (const socket of [...clients, ...all]) socket.destroy();
      listener.close();
      if (listener.listening) await once(listener, 'close');
    },
  };
}

/** A logged-in connection as a bare socket. */
async function connectRaw(databaseUrl: string): Promise<Socket> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.removeAllListeners('data');
  return stream;
}

/** Splits the received bytes into messages: a type, a length that includes itself, a body. */
function onMessages(socket: Socket, hear: (type: number, message: Buffer) => void): void {
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 5 && received.length >= 1 + received.readUInt32BE(1)) {
      const message = received.subarray(0, 1 + received.readUInt32BE(1));
      received = received.subarray(message.length);
      hear(message[0] as number, message);
    }
  });
}
