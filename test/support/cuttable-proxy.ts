import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A proxy in front of a server that a test can cut, or silence in one direction. */
export type CuttableProxy = Readonly<{
  port: number;
  /** Bytes answered by the server. */
  answeredBytes(): number;
  /** Drops the server's answers from now on, as a half-open link does; what clients send still arrives. */
  swallowAnswers(): void;
  /** As `swallowAnswers`, once a client has sent this text. */
  swallowAnswersAfter(text: string): void;
  /** Closes all connections and accepts new ones again. */
  cut(): void;
  /** Closes all connections and refuses new ones. */
  refuse(): void;
  close(): Promise<void>;
}>;

/** Forwards connections to a local port or socket path. */
export async function startProxy(target: number | string): Promise<CuttableProxy> {
  const sockets = new Set<Socket>();
  let swallowing = false;
  let answeredBytes = 0;
  let refusing = false;
  let trigger: string | undefined;
  const server = createServer({ noDelay: true }, (client) => {
    if (refusing) {
      client.destroy();
      return;
    }
    const upstream =
      typeof target === 'string' ? connect(target) : connect({ port: target, host: '127.0.0.1', noDelay: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        (socket === client ? upstream : client).destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      if (trigger !== undefined && chunk.includes(trigger)) swallowing = true;
    });
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      answeredBytes += chunk.length;
      if (!swallowing && !client.write(chunk)) {
        upstream.pause();
        client.once('drain', () => upstream.resume());
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    answeredBytes: () => answeredBytes,
    swallowAnswers: () => {
      swallowing = true;
    },
    swallowAnswersAfter: (text) => {
      trigger = text;
    },
    cut: () => {
      swallowing = false;
      refusing = false;
      trigger = undefined;
      endAll();
    },
    refuse: () => {
      refusing = true;
      endAll();
    },
    close: async () => {
      server.close();
      endAll();
      if (server.listening) await once(server, 'close');
    },
  };
}
